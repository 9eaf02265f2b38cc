"""Pose assets: what they hold, that they outlive saving and appending, and that Blender applies them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from blender_addon.motion_file import read_motion
from blender_addon.poses.pose import PoseTarget, take_pose
from blender_addon.rigs.armature import recognise_armature

Make = Callable[..., bpy.types.Object]


@pytest.fixture
def asset(make_rig: Make, motion_file: Callable[..., Path]) -> bpy.types.Action:
    """The asset of a pose that its rig has taken."""
    rig = make_rig(fingers=True)
    found = recognise_armature(rig)
    assert found is not None
    motion = read_motion(motion_file(source="jump.jpg", frames=1))
    made = take_pose(motion, PoseTarget(bpy.context.scene, rig, found.bone_map, asset=True))
    assert made.summary == "Rig takes the pose. It is kept as the pose asset jump."
    assert made.asset is not None
    return made.asset


def _curves(action: Any) -> list[Any]:
    return list(
        action.layers[0].strips[0].channelbags[0].fcurves if hasattr(action, "slots") else action.fcurves
    )


def _bases(rig: bpy.types.Object) -> dict[str, Any]:
    return {bone.name: np.array(bone.matrix_basis) for bone in rig.pose.bones}


def test_asset_holds_the_pose_alone(asset: bpy.types.Action) -> None:
    assert asset.asset_data is not None
    assert [tag.name for tag in asset.asset_data.tags] == ["Lift Pose"]
    curves = _curves(asset)
    assert curves
    assert all(len(curve.keyframe_points) == 1 for curve in curves)
    assert not any("finger" in curve.data_path for curve in curves)
    rig = bpy.data.objects["Rig"]
    assert rig.animation_data is None or rig.animation_data.action is None


def test_picture_shows_something(asset: bpy.types.Action) -> None:
    preview: Any = asset.preview
    pixels = np.array(preview.image_pixels_float).reshape(*preview.image_size, 4)
    covered = pixels[..., 3] > 0.5
    rows, columns = np.nonzero(covered)
    assert 0.005 < covered.mean() < 0.5
    assert max(np.ptp(rows), np.ptp(columns)) > 0.8 * preview.image_size[0]


def test_asset_of_another_file_is_applied_by_blender(
    asset: bpy.types.Action, make_rig: Make, tmp_path: Path
) -> None:
    """By what the pose library calls; its operator itself needs a window with the Asset Browser."""
    posed = _bases(bpy.data.objects["Rig"])
    library = str(tmp_path / "poses.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(library, assets_only=True) as (there, here):
        here.actions = there.actions
    (appended,) = bpy.data.actions
    assert appended.asset_data is not None
    assert tuple(appended.preview.image_size) == (256, 256)
    rig = make_rig(fingers=True)
    assert not np.allclose(_bases(rig)["Hips"], posed["Hips"], atol=1e-3)
    rig.pose.apply_pose_from_action(appended)
    for name, basis in _bases(rig).items():
        assert np.allclose(basis, posed[name], atol=1e-6), name
