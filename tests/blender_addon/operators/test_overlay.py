from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest

import blender_addon
from blender_addon.operators.overlay import LiftPosePickPerson
from blender_addon.viewing.overlay import overlay


@pytest.fixture
def film(tmp_path: Path, arrays: Callable[..., dict[str, Any]], scene: bpy.types.Scene) -> Iterator[Path]:
    """A Motion file on an armature that Lift Pose has just made, which is active."""
    blender_addon.register()
    path = tmp_path / "walk.npz"
    np.savez_compressed(path, **arrays(frames=20, absent=range(4, 12)))
    chosen: Any = scene.lift_pose
    chosen.start_frame = 31
    bpy.ops.lift_pose.build(filepath=str(path))
    yield path
    blender_addon.unregister()


@pytest.mark.usefixtures("film")
def test_overlay_of_an_armature_that_lift_pose_made() -> None:
    assert bpy.ops.lift_pose.overlay() == {"FINISHED"}
    assert overlay.visible
    assert overlay.shown is not None
    assert overlay.shown.start == 31
    assert bpy.ops.lift_pose.overlay() == {"FINISHED"}
    assert not overlay.visible


def test_motion_that_is_gone_is_told(film: Path) -> None:
    film.unlink()
    with pytest.raises(RuntimeError, match="cannot be shown"):
        bpy.ops.lift_pose.overlay()
    assert not overlay.visible


@pytest.mark.usefixtures("film")
def test_weak_ranges_get_markers_once(scene: bpy.types.Scene) -> None:
    for _ in range(2):
        assert bpy.ops.lift_pose.mark_weak() == {"FINISHED"}
        markers = sorted((marker.frame, marker.name) for marker in scene.timeline_markers)
        assert markers == [(35, "Lift Pose: lost"), (42, "Lift Pose: lost until here")]


@pytest.mark.usefixtures("film")
def test_keys_stay_where_they_are_at_another_frame_rate(scene: bpy.types.Scene) -> None:
    scene.render.fps = 60
    bpy.ops.lift_pose.mark_weak()
    assert sorted(marker.frame for marker in scene.timeline_markers) == [35, 42]
    bpy.ops.lift_pose.overlay()
    assert overlay.shown is not None
    assert overlay.shown.time(35) == pytest.approx(4 / 30)


@pytest.mark.usefixtures("film")
def test_no_person_is_picked_in_a_clip_that_is_gone(scene: bpy.types.Scene) -> None:
    chosen: Any = scene.lift_pose
    chosen.input = "/nowhere/walk.mp4"
    reports: list[str] = []
    operator: Any = SimpleNamespace(report=lambda kind, text: reports.append(text))
    event: Any = None
    assert LiftPosePickPerson.invoke(operator, bpy.context, event) == {"CANCELLED"}
    assert "walk.mp4 does not exist" in reports[0]


@pytest.mark.usefixtures("film")
def test_other_objects_have_none(scene: bpy.types.Scene) -> None:
    bpy.context.view_layer.objects.active = bpy.data.objects["walk Camera"]
    assert not bpy.ops.lift_pose.overlay.poll()
    assert not bpy.ops.lift_pose.mark_weak.poll()
