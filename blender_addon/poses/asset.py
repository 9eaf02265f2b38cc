"""Pose assets: Actions of one key that the Asset Browser shows and Blender's pose library applies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy

from ..animation.fcurves import Curves, write
from ..compatibility import new_animation
from ..kinematics.rotations import Quaternions
from .picture import SIZE, draw_character

_TAG = "Lift Pose"


def make_asset(
    name: str, pose: Sequence[Curves], scene: bpy.types.Scene, armature: bpy.types.Object, view: Quaternions
) -> bpy.types.Action:
    """Keep a pose as an asset of the open file, with a picture of the rig as it is posed now.

    `view` is (4,) the orientation in armature space of a camera (x right, y down, z forward).
    """
    animation = new_animation(armature, name)
    write(animation, pose)
    action = animation.action
    action.use_fake_user = False  # the mark itself keeps the Action in the file
    action.asset_mark()
    action.asset_data.tags.new(_TAG, skip_if_exists=True)
    action.asset_data.description = f"A pose of {armature.name}, lifted from {name}"
    preview: Any = action.preview_ensure()
    preview.image_size = (SIZE, SIZE)
    preview.image_pixels_float.foreach_set(draw_character(scene, armature, view).ravel())
    return action
