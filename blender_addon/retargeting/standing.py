"""Where a rig stands and which way it faces, and a motion moved there."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import bpy
import numpy as np

from ..errors import InvalidInput
from ..kinematics.rotations import (
    UP,
    Quaternions,
    Vectors,
    about,
    from_matrix,
    inverse,
    multiply,
    rotate,
    twist_angle,
)
from ..motion_file import Motion
from ..rigs.bone_map import BoneMap
from .body import Body
from .posing import hips_path, rig_scale, turned, turns_from_rest

Heading = Literal["RIG", "CAMERA"]


@dataclass(frozen=True, eq=False)
class Standing:
    """In armature space, as Blender last evaluated the rig."""

    hips: Vectors
    """(3,) the point between the hip joints."""
    floor: float
    """How far the root bone has been lifted above its rest."""
    heading: float
    """Radians that the hips are turned to the left, seen from above, away from rest."""


def standing(armature: bpy.types.Object, bone_map: BoneMap, body: Body) -> Standing:
    """The rig as it is posed now. `armature` is the evaluated object."""
    pelvis = armature.pose.bones[bone_map.bones["pelvis"][0]]
    change = pelvis.matrix @ pelvis.bone.matrix_local.inverted()
    turn = multiply(multiply(inverse(body.axes), from_matrix(change)), body.axes)
    floor = 0.0
    for name in bone_map.bones.get("root", ())[:1]:
        root = armature.pose.bones[name]
        floor = float(np.array(root.head - root.bone.head_local) @ rotate(body.axes, UP))
    hips = np.array(change)[:3] @ np.append(body.hips, 1)
    return Standing(hips, floor, float(twist_angle(turn[None], UP)[0]))


def moved_to(motion: Motion, body: Body, place: Standing, turn: float) -> Motion:
    """The motion, turned by `turn` radians about the vertical, with its hips above the same spot at first."""
    there = turned(motion, turn)
    way = rotate(inverse(body.axes), place.hips - hips_path(there, body)[0])
    way[2] = place.floor
    return replace(there, root_translation=there.root_translation + way / rig_scale(motion, body))


def turn_to_rig(motion: Motion, place: Standing) -> float:
    """Radians by which a pose must be turned to face as the rig does now."""
    return place.heading - float(twist_angle(turns_from_rest(motion)[0], UP)[0])


def turn_to_camera(
    motion: Motion, body: Body, armature: bpy.types.Object, camera: bpy.types.Object | None
) -> float:
    """Radians by which a pose must be turned to face the scene's camera as it faces its own.

    Both objects are evaluated ones. Raises InvalidInput when the scene has no camera.
    """
    if camera is None:
        raise InvalidInput("The scene has no camera to face.", "Add one, or keep the rig's heading.")
    axes = np.array((armature.matrix_world.inverted_safe() @ camera.matrix_world).to_3x3().normalized())
    return _heading(rotate(inverse(body.axes), axes[:, 0])) - _heading(motion.camera_from_world[0, :3])


def view(motion: Motion, body: Body, turn: float) -> Quaternions:
    """(4,) how the clip's camera, turned with the pose, is oriented in armature space."""
    camera = from_matrix(motion.camera_from_world[:3, :3].T)
    return multiply(multiply(body.axes, about(UP, np.array([turn]))[0]), camera)


def _heading(across: Vectors) -> float:
    """Of a camera, by its axis to the right: that is level however far the camera looks up or down."""
    return math.atan2(across[1], across[0])
