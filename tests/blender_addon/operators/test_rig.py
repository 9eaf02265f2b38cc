"""The panel's way to a rig: choose, correct the map, save and load it, build, undo."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

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


def test_chosen_rig_is_recognised_and_gets_the_motion(
    settings: Any, make_rig: Make, motion_file: Callable[..., Path]
) -> None:
    settings.rig = make_rig(family="Unreal Engine 5")
    assert settings.map.label == "Unreal Engine 5 mannequin"
    assert settings.map.score == 1
    assert [pair.bone for pair in settings.map.pairs if pair.part == "spine"] == [
        f"spine_0{index}" for index in range(1, 6)
    ]
    assert "twist:left_thigh" in [pair.part for pair in settings.map.pairs]
    assert bpy.ops.lift_pose.build(filepath=str(motion_file())) == {"FINISHED"}
    assert settings.rig.animation_data.action.name == "walk"
    assert bpy.context.scene.objects.keys() == [settings.rig.name]
    settings.rig = None
    assert len(settings.map.pairs) == 0


def test_rig_that_was_deleted_is_told(
    settings: Any, make_rig: Make, motion_file: Callable[..., Path]
) -> None:
    rig = settings.rig = make_rig()
    rig.select_set(True)
    bpy.ops.object.delete()
    with pytest.raises(RuntimeError, match="Rig is in no scene"):
        bpy.ops.lift_pose.build(filepath=str(motion_file()))
    assert len(bpy.data.actions) == 0


def test_without_a_rig_nothing_is_offered(settings: Any) -> None:
    assert not bpy.ops.lift_pose.build.poll()
    assert not bpy.ops.lift_pose.lift.poll()
    assert not bpy.ops.lift_pose.recognise.poll()
    assert not bpy.ops.lift_pose.remove_pair.poll()


def test_map_is_corrected_saved_and_loaded(settings: Any, make_rig: Make, tmp_path: Path) -> None:
    settings.rig = make_rig()
    pairs = settings.map.pairs
    settings.map.active = next(index for index, pair in enumerate(pairs) if pair.bone == "Spine1")
    bpy.ops.lift_pose.remove_pair()
    settings.map.active -= 1
    bpy.ops.lift_pose.add_pair()
    assert pairs[settings.map.active].part == "spine"
    pairs[settings.map.active].bone = "LeftHand"
    for index in range(len(pairs) - 1, -1, -1):
        if pairs[index].part == "left_hand":
            pairs.remove(index)
    kept = [(pair.part, pair.bone) for pair in pairs]
    bpy.ops.lift_pose.save_map(filepath=str(tmp_path / "mine.json"))
    assert json.loads((tmp_path / "mine.json").read_text())["bones"]["spine"] == [
        "Spine",
        "LeftHand",
        "Spine2",
    ]
    bpy.ops.lift_pose.recognise()
    assert [(pair.part, pair.bone) for pair in pairs] != kept
    bpy.ops.lift_pose.load_map(filepath=str(tmp_path / "mine.json"))
    assert sorted((pair.part, pair.bone) for pair in pairs) == sorted(kept)


def test_map_with_a_dot_in_its_name_replaces_no_other(settings: Any, make_rig: Make, tmp_path: Path) -> None:
    settings.rig = make_rig()
    (tmp_path / "hero.json").write_text("mine")
    bpy.ops.lift_pose.save_map(filepath=str(tmp_path / "hero.v2"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hero.json", "hero.v2.json"]
    assert (tmp_path / "hero.json").read_text() == "mine"


def test_wrong_map_is_refused(settings: Any, make_rig: Make, motion_file: Callable[..., Path]) -> None:
    rig = settings.rig = make_rig()
    settings.map.pairs.add().bone = "Hips"
    with pytest.raises(RuntimeError, match="Hips is in the bone map twice"):
        bpy.ops.lift_pose.build(filepath=str(motion_file()))
    settings.map.pairs.remove(len(settings.map.pairs) - 1)
    settings.use_ik = True
    with pytest.raises(RuntimeError, match="names no IK controls of this rig"):
        bpy.ops.lift_pose.build(filepath=str(motion_file()))
    settings.map.pairs.clear()
    with pytest.raises(RuntimeError, match="names no pelvis"):
        bpy.ops.lift_pose.build(filepath=str(motion_file()))
    with pytest.raises(RuntimeError, match="does not exist"):
        bpy.ops.lift_pose.load_map(filepath="none.json")
    assert rig.animation_data is None


@pytest.mark.parametrize("destination", ["ACTION", "STRIP", "APPEND"])
@pytest.mark.parametrize("reduced", [False, True])
def test_undo_gives_the_rig_back(
    settings: Any, make_rig: Make, motion_file: Callable[..., Path], destination: str, reduced: bool
) -> None:
    rig = make_rig()
    for frame in (1, 7):
        rig.pose.bones["Head"].rotation_quaternion.x = 0.01 * frame
        rig.pose.bones["Head"].keyframe_insert("rotation_quaternion", frame=frame)
    settings.rig, settings.destination, settings.use_reduction = rig, destination, reduced
    curves = _dump(rig)
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="before")
    before = rig.animation_data.action.name
    assert bpy.ops.lift_pose.build("EXEC_DEFAULT", True, filepath=str(motion_file(frames=30))) == {"FINISHED"}
    assert len(bpy.data.actions) == 2
    bpy.ops.ed.undo()
    assert bpy.data.objects["Rig"].animation_data.action.name == before
    assert bpy.data.actions.keys() == [before]
    assert not bpy.data.actions[before].use_fake_user
    assert len(bpy.data.objects["Rig"].animation_data.nla_tracks) == 0
    assert _dump(bpy.data.objects["Rig"]) == curves


def test_panel_says_how_many_keys_and_where(
    settings: Any, make_rig: Make, motion_file: Callable[..., Path]
) -> None:
    settings.rig, settings.feet = make_rig(), "OFF"
    settings.use_reduction, settings.joint_error = True, 0.02
    settings.destination = "STRIP"
    bpy.ops.lift_pose.build(filepath=str(motion_file(frames=30)))
    (strip,) = settings.rig.animation_data.nla_tracks["walk"].strips
    few = sum(len(curve.keyframe_points) for curve in _curves(strip.action))
    settings.use_reduction, settings.destination, settings.keep_going = False, "APPEND", True
    bpy.context.scene.frame_set(100)
    bpy.ops.lift_pose.build(filepath=str(motion_file(frames=30)))
    appended = settings.rig.animation_data.action
    assert appended.frame_range[0] == 100
    assert few < sum(len(curve.keyframe_points) for curve in _curves(appended)) / 2


@pytest.mark.parametrize("destination", ["ACTION", "STRIP", "APPEND"])
def test_failure_late_in_the_work_leaves_no_trace(
    settings: Any,
    make_rig: Make,
    motion_file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    destination: str,
) -> None:
    rig = settings.rig = make_rig()
    rig.keyframe_insert("location", frame=1)
    before, curves = rig.animation_data.action, _dump(rig)
    settings.destination = destination

    def fail(*_: Any) -> None:
        raise MemoryError

    for name in ("_fill", "join"):
        monkeypatch.setattr(f"blender_addon.animation.fcurves.{name}", fail)
    monkeypatch.setattr("blender_addon.animation.destination.join", fail)
    with pytest.raises(RuntimeError, match="MemoryError"):
        bpy.ops.lift_pose.build(filepath=str(motion_file()))
    assert rig.animation_data.action == before
    assert not before.use_fake_user
    assert bpy.data.actions.keys() == [before.name]
    assert len(rig.animation_data.nla_tracks) == 0
    assert _dump(rig) == curves


def _dump(rig: bpy.types.Object) -> list[tuple[object, ...]]:
    """Every key of the rig's Action, to the last bit."""
    return [
        (curve.data_path, curve.array_index, *key.co, *key.handle_left, *key.handle_right, key.interpolation)
        for curve in _curves(rig.animation_data.action)
        for key in curve.keyframe_points
    ]


def _curves(action: Any) -> list[Any]:
    if not hasattr(action, "slots"):
        return list(action.fcurves)
    return list(action.layers[0].strips[0].channelbag(action.slots[0]).fcurves)
