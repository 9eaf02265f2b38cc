"""Where a motion goes, among what the user has animated already."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from blender_addon.animation.destination import Destination
from blender_addon.building.armature import is_ours
from blender_addon.building.build import Placement, build
from blender_addon.compatibility import Animation
from blender_addon.errors import InvalidInput
from blender_addon.motion_file import Motion, read_motion
from blender_addon.retargeting.memory import is_remembered
from blender_addon.retargeting.retarget import Target, retarget
from blender_addon.rigs.armature import recognise_armature

Make = Callable[..., bpy.types.Object]
_APPEND, _ONWARD, _STRIP = Destination("APPEND"), Destination("APPEND", True), Destination("STRIP")
_SLOTS = bpy.app.version >= (4, 4, 0)


@pytest.fixture
def motion(motion_file: Callable[..., Path]) -> Motion:
    """Thirty frames from the clip's twentieth on."""
    return read_motion(motion_file(frames=30, first=20))


def _target(rig: bpy.types.Object, destination: Destination, **options: Any) -> Target:
    found = recognise_armature(rig)
    assert found is not None
    bpy.context.scene.render.fps = 30
    return Target(bpy.context.scene, rig, found.bone_map, destination=destination, **options)


def _animate(rig: bpy.types.Object, name: str = "Mine") -> bpy.types.Action:
    """What a user may have: eases on some bones and the object, from frame 1 to 40."""
    for frame in (1, 17, 40):
        bone = rig.pose.bones["LeftArm"]
        bone.rotation_quaternion = (math.cos(frame), math.sin(frame), 0, 0)
        bone.keyframe_insert("rotation_quaternion", frame=frame)
        rig.pose.bones["LeftHand"].location.x = frame
        rig.pose.bones["LeftHand"].keyframe_insert("location", frame=frame)
    action: Any = rig.animation_data.action
    action.name = name
    return action


def _curves(action: Any, slot: Any = None) -> list[Any]:
    if not _SLOTS:
        return list(action.fcurves)
    slot = slot or action.slots[0]
    return list(action.layers[0].strips[0].channelbag(slot).fcurves)


def _dump(action: Any) -> list[tuple[object, ...]]:
    """Every key, to the last bit."""
    return [
        (curve.data_path, curve.array_index, *key.co, *key.handle_left, *key.handle_right, key.interpolation)
        for curve in _curves(action)
        for key in curve.keyframe_points
    ]


def _seen(rig: bpy.types.Object, frame: float) -> bpy.types.Object:
    bpy.context.scene.frame_set(int(frame // 1), subframe=frame % 1)
    return rig.evaluated_get(bpy.context.evaluated_depsgraph_get())


def _pose(rig: bpy.types.Object, frame: float) -> NDArray[np.float64]:
    return np.array([rig.matrix_world @ bone.matrix for bone in _seen(rig, frame).pose.bones])


def _curve(action: Any, bone: str, path: str, index: int) -> Any:
    wanted = (f'pose.bones["{bone}"].{path}', index)
    return next(curve for curve in _curves(action) if (curve.data_path, curve.array_index) == wanted)


def test_strip_lies_above_the_others_and_where_the_clip_is(make_rig: Make, motion: Motion) -> None:
    rig = make_rig()
    for track_name in ("One", "Two"):
        mine = _animate(rig, track_name)
        track = rig.animation_data.nla_tracks.new()
        track.name = track_name
        track.strips.new(track_name, 5, mine).influence = 0.5
        rig.animation_data.action = None
    kept = [_dump(bpy.data.actions[name]) for name in ("One", "Two")]
    before = [_pose(rig, frame) for frame in (10, 20, 60)]
    retarget(motion, _target(rig, _STRIP))
    data = rig.animation_data
    assert [track.name for track in data.nla_tracks] == ["One", "Two", "walk"]
    assert data.action is None
    (strip,) = data.nla_tracks["walk"].strips
    assert (strip.frame_start, strip.frame_end) == (21, 50)
    assert (strip.action_frame_start, strip.action_frame_end, strip.scale) == (21, 50, 1)
    assert [_dump(bpy.data.actions[name]) for name in ("One", "Two")] == kept
    for frame, old in zip((10, 20, 60), before, strict=True):
        np.testing.assert_array_equal(_pose(rig, frame), old)
    dense = Target(bpy.context.scene, rig, _target(rig, _STRIP).bone_map)
    played = [_pose(rig, frame) for frame in (21, 33.5, 50)]
    retarget(motion, dense)
    for frame, old in zip((21, 33.5, 50), played, strict=True):
        np.testing.assert_allclose(_pose(rig, frame), old, atol=1e-5)


def test_first_strip_is_held_on_both_sides(make_rig: Make, motion: Motion) -> None:
    rig = make_rig()
    retarget(motion, _target(rig, _STRIP))
    assert rig.animation_data.nla_tracks[0].strips[0].extrapolation == "HOLD"
    np.testing.assert_allclose(_pose(rig, 90), _pose(rig, 50), atol=1e-6)


def test_users_action_stays_active_above_a_strip(make_rig: Make, motion: Motion) -> None:
    rig = make_rig()
    mine = _animate(rig)
    kept = _dump(mine)
    assert "The Action Mine is seen above its strip." in retarget(motion, _target(rig, _STRIP)).summary
    assert rig.animation_data.action == mine
    assert not mine.use_fake_user
    assert _dump(mine) == kept


def test_appending_keeps_what_was_before(make_rig: Make, motion: Motion) -> None:
    rig = make_rig()
    mine = _animate(rig)
    kept, before = _dump(mine), [_pose(rig, frame) for frame in (1, 9, 17, 30, 40)]
    hand = _dump_curve(_curve(mine, "LeftHand", "location", 0))
    bpy.context.scene.frame_set(46)
    retarget(motion, _target(rig, _APPEND))
    action = rig.animation_data.action
    assert action.name == "Mine.001"
    assert not is_remembered(action)
    assert mine.use_fake_user
    assert _dump(mine) == kept
    for frame, old in zip((1, 9, 17, 30, 40), before, strict=True):
        np.testing.assert_allclose(_pose(rig, frame), old, atol=2e-6)
    assert _dump_curve(_curve(action, "LeftHand", "location", 0)) == hand
    for path, bone, size in (("rotation_quaternion", "LeftArm", 4), ("rotation_quaternion", "RightArm", 4)):
        for index in range(size):
            frames = [key.co[0] for key in _curve(action, bone, path, index).keyframe_points]
            assert frames == [*([1, 17, 40] if bone == "LeftArm" else [40]), *range(46, 76)]
    retarget(motion, _target(rig, Destination(), start=26))
    played = [_pose(rig, frame) for frame in (46, 60, 75)]
    rig.animation_data.action = action
    if _SLOTS:
        rig.animation_data.action_slot = action.slots[0]
    for frame, other in zip((46, 60, 75), played, strict=True):
        arm = [bone.name for bone in rig.pose.bones].index("LeftForeArm")
        np.testing.assert_allclose(_pose(rig, frame)[arm], other[arm], atol=2e-6)


def _dump_curve(curve: Any) -> list[tuple[float, ...]]:
    return [(*key.co, *key.handle_left, *key.handle_right) for key in curve.keyframe_points]


def test_what_has_been_appended_to_is_not_solved_again(make_rig: Make, motion: Motion) -> None:
    """Its contacts belong to several motions."""
    rig = make_rig()
    retarget(motion, _target(rig, Destination()))
    assert is_remembered(rig.animation_data.action)
    bpy.context.scene.frame_set(90)
    retarget(motion, _target(rig, _APPEND))
    assert not is_remembered(rig.animation_data.action)
    assert is_remembered(bpy.data.actions["walk"])


def test_appending_in_the_middle_replaces_only_its_own_frames(make_rig: Make, motion: Motion) -> None:
    rig = make_rig()
    mine = _animate(rig)
    for frame in (60, 90):
        rig.pose.bones["LeftArm"].keyframe_insert("rotation_quaternion", frame=frame)
    _curve(mine, "LeftArm", "rotation_quaternion", 0).keyframe_points[-1].interpolation = "ELASTIC"
    bpy.context.scene.frame_set(35)
    retarget(motion, _target(rig, _APPEND, bound=0.005))
    keys = _curve(rig.animation_data.action, "LeftArm", "rotation_quaternion", 0).keyframe_points
    frames = [key.co[0] for key in keys]
    assert frames[:3] == [1, 17, 35]
    assert frames[-2:] == [64, 90]
    assert keys[-1].interpolation == "ELASTIC"
    assert keys[2].handle_right_type == "ALIGNED"


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "AXIS_ANGLE"])
def test_rotations_go_on_the_short_way(make_rig: Make, motion: Motion, mode: str) -> None:
    """Whatever whole turns and signs the user's numbers have."""
    rig = make_rig()
    arm = rig.pose.bones["LeftArm"]
    arm.rotation_mode = mode
    retarget(motion, _target(rig, Destination()))
    path = {"QUATERNION": "rotation_quaternion", "XYZ": "rotation_euler"}.get(mode, "rotation_axis_angle")
    first = np.array(getattr(_seen(rig, 21).pose.bones["LeftArm"], path))
    rig.animation_data_clear()
    turned = -first if mode == "QUATERNION" else first.copy()
    if mode != "QUATERNION":
        turned[: 3 if mode == "XYZ" else 1] += 6 * np.pi
    setattr(arm, path, turned)
    arm.keyframe_insert(path, frame=1)
    bpy.context.scene.frame_set(10)
    retarget(motion, _target(rig, _APPEND))
    values = [
        [key.co[1] for key in _curve(rig.animation_data.action, "LeftArm", path, index).keyframe_points][:2]
        for index in range(len(first))
    ]
    np.testing.assert_allclose(np.diff(values, axis=1), 0, atol=1e-5)


@pytest.mark.parametrize("root", ["HIPS", "BONE", "OBJECT"])
@pytest.mark.parametrize("bound", [0.0, 0.005])
def test_a_motion_keeps_going_where_the_rig_stands_and_faces(
    make_rig: Make, motion: Motion, root: str, bound: float
) -> None:
    placed = Matrix.Translation((3, 1, 0)) @ Matrix.Rotation(1.1, 4, "Z")
    rig = make_rig(family="Unreal Engine 4", placed=placed)
    retarget(motion, _target(rig, Destination(), root=root))
    for _ in range(2):
        last = bpy.context.scene.frame_current = _last_frame(rig)
        hips, heading = _standing(rig, last)
        bpy.context.scene.frame_set(last + 1)
        retarget(motion, _target(rig, _ONWARD, root=root, bound=bound))
        new_hips, new_heading = _standing(rig, last + 1)
        assert (new_hips - hips).xy.length < 1e-4
        assert math.remainder(new_heading - heading, 2 * math.pi) == pytest.approx(0, abs=1e-4)
        assert (_standing(rig, _last_frame(rig))[0] - hips).xy.length > 0.2


def _last_frame(rig: bpy.types.Object) -> int:
    return round(rig.animation_data.action.frame_range[1])


def _standing(rig: bpy.types.Object, frame: int) -> tuple[Vector, float]:
    """Between the hip joints, and radians that the pelvis is turned about the vertical."""
    seen = _seen(rig, frame)
    thighs = [seen.matrix_world @ seen.pose.bones[f"thigh_{side}"].head for side in "lr"]
    rest = rig.data.bones["pelvis"].matrix_local.to_3x3()
    turn = (seen.pose.bones["pelvis"].matrix.to_3x3() @ rest.inverted()).to_quaternion()
    return (thighs[0] + thighs[1]) / 2, 2 * math.atan2(turn.z, turn.w)


def test_made_armature_keeps_going_with_its_camera(scene: bpy.types.Scene, motion: Motion) -> None:
    scene.render.fps = 30
    made = build(motion, None, Placement(scene)).armature
    bpy.context.view_layer.update()
    scene.frame_set(50)
    seen = _seen(made, 50)
    end, turned = seen.pose.bones["pelvis"].head.copy(), seen.pose.bones["pelvis"].matrix.copy()
    scene.frame_set(51)
    result = build(motion, None, Placement(scene, made, destination=_ONWARD, bound=0.005))
    seen = _seen(made, 51)
    start = seen.pose.bones["pelvis"]
    assert (start.head - end).xy.length < 1e-4
    rest = made.data.bones["pelvis"].matrix_local.to_3x3()
    turns = [(pose.to_3x3() @ rest.inverted()).to_quaternion() for pose in (turned, start.matrix)]
    headings = [2 * math.atan2(turn.z, turn.w) for turn in turns]
    assert math.remainder(headings[1] - headings[0], 2 * math.pi) == pytest.approx(0, abs=1e-4)
    view = result.camera.matrix_world.inverted() @ start.head
    clip = motion.camera_from_world @ np.append(motion.root_translation[0], 1)
    np.testing.assert_allclose(view, clip[:3] * [1, -1, -1], atol=2e-3)


def test_appending_to_nothing_or_below_strips(make_rig: Make, motion: Motion) -> None:
    rig = make_rig()
    mine = _animate(rig)
    rig.animation_data.nla_tracks.new().strips.new("Mine", 1, mine)
    rig.animation_data.action = None
    before = [_pose(rig, frame) for frame in (9, 40)]
    bpy.context.scene.frame_set(60)
    retarget(motion, _target(rig, _APPEND))
    assert rig.animation_data.action.frame_range[0] == 60
    for frame, old in zip((9, 40), before, strict=True):
        np.testing.assert_allclose(_pose(rig, frame), old, atol=1e-6)


@pytest.mark.parametrize("destination", [Destination(), _STRIP, _APPEND], ids=lambda found: found.kind)
def test_action_that_others_share_is_left_to_them(
    make_rig: Make, motion: Motion, destination: Destination
) -> None:
    if not _SLOTS:
        pytest.skip("Actions are not shared through slots before Blender 4.4")
    rig = make_rig()
    mine: Any = _animate(rig)
    mine.use_fake_user = True
    other = bpy.data.objects.new("Other", None)
    bpy.context.scene.collection.objects.link(other)
    data: Any = other.animation_data_create()
    data.action = mine
    data.action_slot = mine.slots.new(id_type="OBJECT", name="Other")
    other.keyframe_insert("location", frame=5)
    kept = [_dump(mine), len(_curves(mine, data.action_slot)), list(mine.slots.keys())]
    bpy.context.scene.frame_set(50)
    retarget(motion, _target(rig, destination))
    assert data.action == mine
    assert data.action_slot.identifier == "OBOther"
    assert [_dump(mine), len(_curves(mine, data.action_slot)), list(mine.slots.keys())] == kept
    assert mine.use_fake_user
    used: Any = rig.animation_data.action
    if destination.kind != "STRIP":
        assert used != mine
        assert len(used.slots) == 1
        assert rig.animation_data.action_slot == used.slots[0]


@pytest.mark.parametrize("destination", [Destination(), _STRIP, _APPEND], ids=lambda found: found.kind)
@pytest.mark.parametrize("animated", [False, True])
def test_override_of_a_linked_rig(
    make_rig: Make, motion: Motion, tmp_path: Path, destination: Destination, animated: bool
) -> None:
    """The linked rig itself is refused; its override is animated, also after saving and loading."""
    rig = make_rig()
    if animated:
        _animate(rig)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.objects = ["Rig"]
    linked: Any = bpy.data.objects["Rig"]
    bpy.context.scene.collection.objects.link(linked)
    with pytest.raises(InvalidInput, match="is linked from another file"):
        retarget(motion, _target(linked, destination))
    made = linked.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    bpy.context.scene.frame_set(50)
    retarget(motion, _target(made, destination))
    first = 21 if destination.kind != "APPEND" else 50
    poses = [_pose(made, first + frame) for frame in (0, 15)]
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    loaded = next(found for found in bpy.data.objects if found.type == "ARMATURE" and found.override_library)
    for frame, old in zip((0, 15), poses, strict=True):
        np.testing.assert_allclose(_pose(loaded, first + frame), old, atol=1e-6)
    assert not np.allclose(*poses)


def test_baked_curves_go_on_with_keys(make_rig: Make, motion: Motion) -> None:
    """Samples, which cannot have keys beside them, become keys in the copy, not in the Action itself."""
    rig = make_rig()
    mine = _animate(rig)
    for curve in _curves(mine):
        curve.convert_to_samples(1, 41)
    wanted = [_pose(rig, frame) for frame in (1, 8, 40)]
    bpy.context.scene.frame_set(50)
    retarget(motion, _target(rig, _APPEND))
    for frame, old in zip((1, 8, 40), wanted, strict=True):
        np.testing.assert_allclose(_pose(rig, frame), old, atol=1e-5)
    assert all(len(curve.sampled_points) == 40 for curve in _curves(mine))


@pytest.mark.parametrize("muted", ["curve", "group", ""])
def test_muted_curves_are_told(make_rig: Make, motion: Motion, muted: str) -> None:
    rig = make_rig()
    mine: Any = _animate(rig)
    curve = _curve(mine, "LeftArm", "rotation_quaternion", 1)
    curve.group = curve.group or mine.groups.new("LeftArm")
    curve.mute, curve.group.mute = muted == "curve", muted == "group"
    bpy.context.scene.frame_set(50)
    told = "F-Curves of LeftArm are muted." in retarget(motion, _target(rig, _APPEND)).summary
    assert told == bool(muted)


def _put(motion: Motion, armature: bpy.types.Object, destination: Destination, bound: float = 0) -> None:
    """On an armature that the add-on made, or on a rig."""
    if is_ours(armature):
        build(motion, None, Placement(bpy.context.scene, armature, bound=bound, destination=destination))
    else:
        retarget(motion, _target(armature, destination, bound=bound))


@pytest.mark.parametrize("ours", [False, True])
def test_hidden_armature_goes_on_from_where_it_stands(
    scene: bpy.types.Scene, make_rig: Make, motion: Motion, ours: bool
) -> None:
    armature = build(motion, None, Placement(scene)).armature if ours else make_rig()
    _put(motion, armature, Destination())
    mine = armature.animation_data.action
    wanted = []
    for hide in (False, True):
        Animation(mine, mine.slots[0] if _SLOTS else None, None, None).assign(armature)
        scene.frame_set(21)
        armature.hide_viewport = hide
        scene.frame_set(40)
        _put(motion, armature, _ONWARD)
        assert armature.hide_viewport == hide
        armature.hide_viewport = False
        wanted.append(_pose(armature, 40))
    assert np.allclose(*wanted, atol=1e-5)
    assert bpy.data.scenes.keys() == [scene.name]


@pytest.mark.parametrize("ours", [False, True])
def test_armature_that_shows_no_pose_is_refused(
    scene: bpy.types.Scene, make_rig: Make, motion: Motion, ours: bool
) -> None:
    armature = build(motion, None, Placement(scene)).armature if ours else make_rig()
    bpy.context.view_layer.objects.active = armature
    before = len(bpy.data.actions)
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(InvalidInput, match="is in Edit Mode"):
        _put(motion, armature, Destination(), 0.01)
    bpy.ops.object.mode_set(mode="OBJECT")
    armature.data.pose_position = "REST"
    with pytest.raises(InvalidInput, match="is in Rest Position"):
        _put(motion, armature, Destination(), 0.01)
    assert len(bpy.data.actions) == before
    armature.data.pose_position = "POSE"
    _put(motion, armature, Destination(), 0.01)
    assert len(bpy.data.actions) == before + 1


@pytest.mark.parametrize("destination", [Destination(), _STRIP, _APPEND], ids=lambda found: found.kind)
def test_tweak_mode_is_refused_and_nothing_changes(
    make_rig: Make, motion: Motion, destination: Destination
) -> None:
    rig = make_rig()
    mine = _animate(rig)
    data: Any = rig.animation_data
    track = data.nla_tracks.new()
    strip: Any = track.strips.new("Mine", 1, mine)
    if _SLOTS:
        strip.action_slot = mine.slots[0]
    data.action = None
    track.select = strip.select = True
    data.nla_tracks.active = track
    data.use_tweak_mode = True
    if not data.use_tweak_mode:
        pytest.fail("the NLA did not go into tweak mode")
    kept = _dump(mine)
    with pytest.raises(InvalidInput, match="is being tweaked in the NLA"):
        retarget(motion, _target(rig, destination))
    assert bpy.data.actions.keys() == ["Mine"]
    assert _dump(mine) == kept
    assert len(data.nla_tracks) == 1
