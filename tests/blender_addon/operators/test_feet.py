"""The user's way to other contacts: see them, edit them, solve the feet again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from numpy.typing import NDArray

import blender_addon

Make = Callable[..., bpy.types.Object]


@pytest.fixture
def settings(scene: bpy.types.Scene) -> Iterator[Any]:
    """The panel's settings, for a rig."""
    blender_addon.register()
    chosen: Any = scene.lift_pose
    chosen.target = "RIG"
    yield chosen
    blender_addon.unregister()


@pytest.fixture
def film(tmp_path: Path, arrays: Callable[..., dict[str, Any]]) -> Path:
    """A Motion of 40 frames whose left foot is on the floor in frames 10 to 20."""
    data = arrays(frames=40, fps=24.0)
    data["contacts"][10:21, 0] = 1
    path = tmp_path / "walk.npz"
    np.savez_compressed(path, **data)
    return path


def _markers(action: bpy.types.Action) -> list[tuple[str, int]]:
    return sorted((marker.name, marker.frame) for marker in action.pose_markers)


def _ankles(rig: bpy.types.Object, first: int, last: int) -> float:
    """Metres that the left ankle moves along the floor from one frame to another."""
    places = []
    for frame in range(first, last + 1):
        bpy.context.scene.frame_set(frame)
        places.append(np.array(rig.pose.bones["LeftFoot"].head)[:2])
    return float(np.ptp(places, axis=0).max())


def _spots(rig: bpy.types.Object, frame: int) -> NDArray[np.float64]:
    """(2, 2) where root bone and hips are on the floor."""
    bpy.context.scene.frame_set(frame)
    return np.array([rig.matrix_world @ rig.pose.bones[name].head for name in ("root", "pelvis")])[:, :2]


def test_contacts_are_edited_and_solved_again(settings: Any, make_rig: Make, film: Path) -> None:
    rig = settings.rig = make_rig()
    assert not bpy.ops.lift_pose.solve_feet.poll()
    bpy.ops.lift_pose.build(filepath=str(film))
    first = rig.animation_data.action
    assert _markers(first) == [("Left foot down", 11), ("Left foot up", 21)]
    moving = _ankles(rig, 30, 38)

    bpy.context.scene.frame_set(30)
    bpy.ops.lift_pose.mark_foot(side="left", direction="down")
    bpy.context.scene.frame_set(38)
    bpy.ops.lift_pose.mark_foot(side="left", direction="up")
    for marker in [m for m in first.pose_markers if m.frame == 11]:
        marker.frame = 14
    assert bpy.ops.lift_pose.solve_feet() == {"FINISHED"}

    second = rig.animation_data.action
    assert second != first
    assert first.use_fake_user
    assert _markers(second) == [
        ("Left foot down", 14), ("Left foot down", 30), ("Left foot up", 21), ("Left foot up", 38),
    ]  # fmt: skip
    assert _markers(first) == _markers(second)
    assert moving > 0.02
    assert _ankles(rig, 30, 38) < moving / 5
    assert bpy.ops.lift_pose.solve_feet() == {"FINISHED"}  # as often as one likes


def test_the_way_it_was_put_on_the_rig_is_kept(settings: Any, make_rig: Make, film: Path) -> None:
    rig = settings.rig = make_rig(family="Unreal Engine 5")
    settings.root, settings.in_place, settings.start_frame = "BONE", True, 101
    bpy.ops.lift_pose.build(filepath=str(film))
    before = json.loads(rig.animation_data.action["lift_pose"])
    settings.root, settings.in_place, settings.start_frame = "HIPS", False, 1
    for pair in settings.map.pairs:
        pair.bone = "pelvis"
    bpy.ops.lift_pose.solve_feet()
    assert json.loads(rig.animation_data.action["lift_pose"]) == before
    assert rig.animation_data.action.frame_range[0] == 101


@pytest.mark.parametrize("root", ["OBJECT", "BONE"])
def test_the_rig_starts_where_it_stood_whatever_the_frame(
    settings: Any, make_rig: Make, film: Path, root: str
) -> None:
    rig = settings.rig = make_rig(family="Unreal Engine 5")
    rig.location = (1, 2, 0)
    settings.root = root
    bpy.ops.lift_pose.build(filepath=str(film))
    wanted = _spots(rig, 40)
    bpy.ops.lift_pose.solve_feet()
    assert np.allclose(_spots(rig, 40), wanted, atol=1e-5)
    bpy.ops.lift_pose.build(filepath=str(film))
    assert np.allclose(_spots(rig, 40), wanted, atol=1e-5)


def test_without_markers_feet_only_keep_above_the_floor(settings: Any, make_rig: Make, film: Path) -> None:
    rig = settings.rig = make_rig()
    bpy.ops.lift_pose.build(filepath=str(film))
    action = rig.animation_data.action
    for marker in list(action.pose_markers):
        action.pose_markers.remove(marker)
    bpy.ops.lift_pose.solve_feet()
    assert _markers(rig.animation_data.action) == []


@pytest.mark.parametrize("memory", ["", "[]", "{", '{"map": 3}', '{"map": 1, "settings": {}}'])
def test_action_that_does_not_remember(settings: Any, make_rig: Make, film: Path, memory: str) -> None:
    rig = settings.rig = make_rig()
    bpy.ops.lift_pose.build(filepath=str(film))
    action = rig.animation_data.action
    action["lift_pose"] = memory
    with pytest.raises(RuntimeError, match="does not tell how it was made"):
        bpy.ops.lift_pose.solve_feet()
    del action["lift_pose"]
    assert not bpy.ops.lift_pose.solve_feet.poll()
    assert rig.animation_data.action == action


def test_motion_file_that_is_gone(settings: Any, make_rig: Make, film: Path) -> None:
    rig = settings.rig = make_rig()
    bpy.ops.lift_pose.build(filepath=str(film))
    film.unlink()
    before = set(bpy.data.actions)
    with pytest.raises(RuntimeError, match=r"motion file .*walk.npz of the Action walk is gone"):
        bpy.ops.lift_pose.solve_feet()
    assert set(bpy.data.actions) == before
    assert rig.animation_data.action in before


def test_other_frame_rate_is_told(settings: Any, make_rig: Make, film: Path) -> None:
    settings.rig = make_rig()
    bpy.ops.lift_pose.build(filepath=str(film))
    bpy.context.scene.render.fps = 60
    with pytest.raises(RuntimeError, match="made at 24 frames/s, the scene now has 60"):
        bpy.ops.lift_pose.solve_feet()


def test_active_armature_is_solved_without_a_chosen_rig(settings: Any, make_rig: Make, film: Path) -> None:
    rig = settings.rig = make_rig()
    bpy.ops.lift_pose.build(filepath=str(film))
    settings.target = "NEW"
    bpy.context.view_layer.objects.active = rig
    assert bpy.ops.lift_pose.solve_feet() == {"FINISHED"}
    bpy.context.view_layer.objects.active = None
    assert not bpy.ops.lift_pose.solve_feet.poll()


def test_feet_of_the_panel_are_obeyed(settings: Any, make_rig: Make, film: Path) -> None:
    rig = settings.rig = make_rig()
    for feet, markers in (("OFF", 0), ("FLOOR", 0), ("ALWAYS", 4), ("AUTOMATIC", 2)):
        settings.feet = feet
        bpy.ops.lift_pose.build(filepath=str(film))
        assert len(rig.animation_data.action.pose_markers) == markers


def test_rig_in_an_excluded_collection_is_told(settings: Any, make_rig: Make, film: Path) -> None:
    rig = settings.rig = make_rig()
    bpy.ops.lift_pose.build(filepath=str(film))
    area: Any = bpy.context.window_manager.windows[0].screen.areas[0]
    area.type, area.spaces.active.mode = "DOPESHEET_EDITOR", "DOPESHEET"
    home = bpy.data.collections.new("Home")
    bpy.context.scene.collection.children.link(home)
    home.objects.link(rig)
    bpy.context.scene.collection.objects.unlink(rig)
    bpy.context.view_layer.layer_collection.children["Home"].exclude = True
    assert bpy.ops.lift_pose.show_contacts() == {"CANCELLED"}
    bpy.context.view_layer.layer_collection.children["Home"].exclude = False
    assert bpy.ops.lift_pose.show_contacts() == {"FINISHED"}
    assert bpy.context.view_layer.objects.active == rig
    assert area.spaces.active.mode == "ACTION"


def test_undo_brings_the_edited_action_back(settings: Any, make_rig: Make, film: Path) -> None:
    settings.rig = make_rig()
    bpy.ops.lift_pose.build(filepath=str(film))
    name = settings.rig.animation_data.action.name
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.lift_pose.solve_feet("EXEC_DEFAULT", True) == {"FINISHED"}
    bpy.ops.ed.undo()
    assert bpy.data.objects["Rig"].animation_data.action.name == name
    assert bpy.data.actions.keys() == [name]
