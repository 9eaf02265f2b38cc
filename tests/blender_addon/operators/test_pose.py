"""The panel's way from a photo to a pose of a rig."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix

import blender_addon
from blender_addon.session import session

Make = Callable[..., bpy.types.Object]


@pytest.fixture
def settings(scene: bpy.types.Scene, make_rig: Make) -> Iterator[Any]:
    """The panel's settings, for a rig."""
    blender_addon.register()
    chosen: Any = scene.lift_pose
    chosen.target, chosen.rig = "RIG", make_rig()
    yield chosen
    blender_addon.unregister()


def _bases(rig: bpy.types.Object) -> list[Matrix]:
    return [bone.matrix_basis.copy() for bone in rig.pose.bones]


def test_lifted_photo_is_a_pose_of_the_rig(
    settings: Any, motion_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = tmp_path / "jump.jpg"
    photo.touch()
    motion = motion_file(frames=1, source=photo.name)
    engine = [sys.executable, str(Path(__file__).parents[1] / "fake_engine.py"), "succeed", str(motion)]
    (tmp_path / "python").write_text(f"#!/bin/sh\nexec {shlex.join(engine)}\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setenv("LIFT_POSE_PYTHON", str(tmp_path / "python"))
    settings.input = str(photo)
    rest = _bases(settings.rig)
    assert bpy.ops.lift_pose.lift() == {"FINISHED"}
    assert session.outcome is not None
    assert session.outcome.text.startswith("Rig takes the pose.")
    assert _bases(settings.rig) != rest
    assert len(bpy.data.actions) == 0


def test_frame_of_a_motion_file_is_keyed_and_kept_as_an_asset(
    settings: Any, motion_file: Callable[..., Path]
) -> None:
    settings.photo_keyed = settings.photo_asset = True
    bpy.context.scene.frame_set(5)
    assert bpy.ops.lift_pose.pose(filepath=str(motion_file(frames=9)), frame=6) == {"FINISHED"}
    assert settings.rig.animation_data.action.frame_range[:] == (5, 5)
    assert bpy.data.actions["walk 6"].asset_data is not None
    assert settings.rig.animation_data.action != bpy.data.actions["walk 6"]


def test_undo_gives_the_pose_back(settings: Any, motion_file: Callable[..., Path]) -> None:
    bpy.context.preferences.edit.use_global_undo = True
    settings.photo_keyed = settings.photo_asset = True
    bpy.ops.ed.undo_push(message="before")
    rest = [np.array(matrix) for matrix in _bases(settings.rig)]
    bpy.ops.lift_pose.pose("EXEC_DEFAULT", True, filepath=str(motion_file(frames=1)))
    bpy.ops.ed.undo()
    assert np.array_equal(rest, [np.array(matrix) for matrix in _bases(bpy.data.objects["Rig"])])
    assert len(bpy.data.actions) == 0


def test_nothing_is_offered_without_a_rig(settings: Any) -> None:
    assert bpy.ops.lift_pose.pose.poll()
    settings.rig = None
    assert not bpy.ops.lift_pose.pose.poll()


def test_bad_file_is_refused(settings: Any, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="does not exist"):
        bpy.ops.lift_pose.pose(filepath=str(tmp_path / "none.npz"))
