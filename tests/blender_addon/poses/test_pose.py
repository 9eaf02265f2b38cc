"""One pose on a rig, judged by what Blender evaluates and by joints that were computed without the add-on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Quaternion, Vector

from blender_addon.errors import InvalidInput
from blender_addon.motion_file import Motion, read_motion
from blender_addon.poses.pose import PoseTarget, take_pose
from blender_addon.retargeting.feet import Feet
from blender_addon.retargeting.retarget import Target, retarget
from blender_addon.rigs.armature import recognise_armature

Make = Callable[..., bpy.types.Object]
_LIMBS = (
    ("shoulder", "elbow", "upper_arm", "forearm"),
    ("elbow", "wrist", "forearm", "hand"),
    ("hip", "knee", "thigh", "shin"),
    ("knee", "ankle", "shin", "foot"),
)


@pytest.fixture
def photo(motion_file: Callable[..., Path]) -> Motion:
    """A pose in which no bone is at rest."""
    return read_motion(motion_file(frames=8)).nearest(5)


@pytest.fixture
def take(photo: Motion) -> Callable[..., str]:
    """Puts the photo on a rig; the arguments are those of `PoseTarget`."""

    def run(rig: bpy.types.Object, **target: Any) -> str:
        found = recognise_armature(rig)
        assert found is not None
        return take_pose(photo, PoseTarget(bpy.context.scene, rig, found.bone_map, **target)).summary

    return run


@pytest.fixture
def rigify(scene: bpy.types.Scene) -> Iterator[bpy.types.Object]:
    """The rig that Rigify generates from its basic metarig."""
    import addon_utils  # is only found once bpy is there

    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_basic_human_metarig_add()
    bpy.ops.pose.rigify_generate()
    yield bpy.context.object
    addon_utils.disable("rigify")


def _poses(rig: bpy.types.Object) -> dict[str, Matrix]:
    """The pose in armature space, as Blender evaluates it."""
    evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return {bone.name: bone.matrix.copy() for bone in evaluated.pose.bones}


def _largest_angle(rig: bpy.types.Object, arrays: dict[str, Any], turn: float = 0) -> float:
    """Degrees between limbs of the rig and of frame 5 of the clip, turned to the left by `turn` radians."""
    evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    names, joints, angles = list(arrays["joint_names"]), arrays["joints_world"][5], []
    found = recognise_armature(rig)
    assert found is not None
    for side in ("left", "right"):
        for start, end, upper, lower in _LIMBS:
            wanted = joints[names.index(f"{side}_{end}")] - joints[names.index(f"{side}_{start}")]
            moved = [found.bone_map.bones[f"{side}_{part}"][0] for part in (upper, lower)]
            bones = [evaluated.pose.bones.get(f"ORG-{name.replace('_fk', '')}") for name in moved]
            a, b = (bone or evaluated.pose.bones[name] for bone, name in zip(bones, moved, strict=True))
            seen = evaluated.matrix_world.to_3x3() @ (b.head - a.head)
            aim = Matrix.Rotation(turn, 3, "Z") @ Vector([float(x) for x in wanted])
            angles.append(math.degrees(seen.angle(aim)))
    return max(angles)


def _keys(rig: bpy.types.Object) -> dict[tuple[str, int], list[tuple[float, ...]]]:
    """Every key of the rig's Action, to the last bit."""
    action: Any = rig.animation_data.action
    slots = hasattr(action, "slots")
    bag = action.layers[0].strips[0].channelbag(rig.animation_data.action_slot) if slots else action
    return {
        (curve.data_path, curve.array_index): [
            (*key.co, *key.handle_left, *key.handle_right) for key in curve.keyframe_points
        ]
        for curve in bag.fcurves
    }


def _twist(matrix: Matrix) -> float:
    """Radians about the vertical."""
    return float(matrix.to_quaternion().to_swing_twist("Z")[1])


def test_pose_is_that_of_the_keyed_retarget(make_rig: Make, photo: Motion, take: Callable[..., str]) -> None:
    rig = make_rig(family="Unreal Engine 5", arms=40, roll=1.0)
    found = recognise_armature(rig)
    assert found is not None
    retarget(photo, Target(bpy.context.scene, rig, found.bone_map))
    bpy.context.scene.frame_set(1)
    keyed = _poses(rig)
    rig.animation_data_clear()
    for bone in rig.pose.bones:
        bone.matrix_basis = Matrix()
    assert take(rig) == "Rig takes the pose."
    posed = _poses(rig)
    for name in posed.keys() - {"root"}:
        own, other = (poses["pelvis"].inverted() @ poses[name] for poses in (posed, keyed))
        assert np.allclose(own, other, atol=1e-4), name
    assert posed["thigh_l"].translation.z == pytest.approx(keyed["thigh_l"].translation.z, abs=1e-4)
    assert rig.animation_data is None or rig.animation_data.action is None
    assert len(bpy.data.actions) == 1


def test_rig_stays_where_it_stands_and_faces(
    make_rig: Make, take: Callable[..., str], arrays: Callable[..., dict[str, Any]]
) -> None:
    rig = make_rig(placed=Matrix.Translation((5, 5, 0)))
    rest = rig.data.bones["Hips"].matrix_local
    turned = Matrix.Translation((1, 2, 0.3)) @ Matrix.Rotation(0.7, 4, "Z")
    rig.pose.bones["Hips"].matrix_basis = rest.inverted() @ turned @ rest
    middle = _hips(rig)
    take(rig)
    assert (_hips(rig) - middle).xy.length < 1e-4
    assert _twist(_poses(rig)["Hips"] @ rest.inverted()) == pytest.approx(0.7, abs=1e-4)
    clip = arrays(frames=8)
    own = _twist_of_clip(clip)
    assert _largest_angle(rig, clip, 0.7 - own) < 0.05


def _hips(rig: bpy.types.Object) -> Vector:
    poses = _poses(rig)
    return (poses["LeftUpLeg"].translation + poses["RightUpLeg"].translation) / 2


def _twist_of_clip(clip: dict[str, Any]) -> float:
    rest = Quaternion([float(x) for x in clip["rest_rotations"][0]])
    turn = rest @ Quaternion([float(x) for x in clip["rotations"][5, 0]]) @ rest.inverted()
    return float(turn.to_swing_twist("Z")[1])


def test_lifted_root_bone_lifts_the_floor(make_rig: Make, take: Callable[..., str]) -> None:
    rig = make_rig(family="Unreal Engine 5")
    take(rig)
    low = _poses(rig)["pelvis"].translation.z
    rig.pose.bones["root"].matrix_basis = (
        rig.data.bones["root"].matrix_local.inverted()
        @ Matrix.Translation((0, 0, 0.5))
        @ rig.data.bones["root"].matrix_local
    )
    take(rig)
    assert _poses(rig)["pelvis"].translation.z == pytest.approx(low + 0.5, abs=1e-4)


@pytest.mark.parametrize("turn", [0, 0.8])
def test_heading_of_the_photo_is_kept_for_the_camera(
    make_rig: Make, take: Callable[..., str], arrays: Callable[..., dict[str, Any]], turn: float
) -> None:
    rig = make_rig(placed=Matrix.Rotation(0.4, 4, "Z"))
    scene, clip = bpy.context.scene, arrays(frames=8)
    with pytest.raises(InvalidInput, match="no camera"):
        take(rig, heading="CAMERA")
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    axes = np.linalg.inv(clip["camera_from_world"]) @ np.diag([1, -1, -1, 1])
    camera.matrix_world = Matrix.Rotation(turn, 4, "Z") @ Matrix(axes.tolist())
    scene.camera = camera
    take(rig, heading="CAMERA")
    assert _largest_angle(rig, clip, turn) < 0.05


@pytest.mark.parametrize("mode", ["QUATERNION", "XZY", "AXIS_ANGLE"])
def test_keys_go_beside_those_there_are(make_rig: Make, take: Callable[..., str], mode: str) -> None:
    rig = make_rig(fingers=True)
    for bone in rig.pose.bones:
        bone.rotation_mode = mode
    path = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(
        mode, "rotation_euler"
    )
    for name in ("Head", "left finger 0.1"):
        for frame in (1, 10, 20):
            rig.pose.bones[name].keyframe_insert(path, frame=frame)
    before, action = _keys(rig), rig.animation_data.action
    bpy.context.scene.frame_set(14)
    assert take(rig, keyed=True) == "Rig takes the pose, keyed at frame 14."
    posed = _poses(rig)
    assert rig.animation_data.action == action
    after = _keys(rig)
    for channel, keys in before.items():
        kept = [key for key in after[channel] if key[0] != 14]
        assert [key[:2] for key in kept] == [key[:2] for key in keys]
        assert len(after[channel]) == len(keys) + ("Head" in channel[0])
    assert all([key[0] for key in keys] == [14] for channel, keys in after.items() if channel not in before)
    assert not any("finger" in path for path, _ in after.keys() - before.keys())
    bpy.context.scene.frame_set(1)
    bpy.context.scene.frame_set(14)
    again = _poses(rig)
    assert all(np.allclose(posed[name], again[name], atol=1e-5) for name in posed)


def test_auto_keying_keys(make_rig: Make, take: Callable[..., str]) -> None:
    rig = make_rig()
    bpy.context.scene.tool_settings.use_keyframe_insert_auto = True
    assert take(rig) == "Rig takes the pose, keyed at frame 1."
    assert all([key[0] for key in keys] == [1] for keys in _keys(rig).values())


@pytest.mark.parametrize("ik", [False, True], ids=["FK", "IK"])
@pytest.mark.parametrize("keyed", [False, True], ids=["set", "keyed"])
def test_rigify_with_animation_of_its_own(
    rigify: bpy.types.Object,
    take: Callable[..., str],
    arrays: Callable[..., dict[str, Any]],
    ik: bool,
    keyed: bool,
) -> None:
    for bone in ("upper_arm_fk.L", "torso", "hand_ik.R"):
        rigify.pose.bones[bone].keyframe_insert("location", frame=1)
        rigify.pose.bones[bone].keyframe_insert("rotation_quaternion", frame=1)
        rigify.pose.bones[bone].keyframe_insert("rotation_euler", frame=1)
    bpy.context.scene.frame_set(9)
    take(rigify, ik=ik, keyed=keyed)
    clip = arrays(frames=8)
    assert _largest_angle(rigify, clip, -_twist_of_clip(clip)) < (2 if ik else 0.05)
    arm = rigify.pose.bones["upper_arm_parent.R"]
    assert arm["IK_FK"] == (0 if ik else 1)
    if keyed and not ik:
        switch = _keys(rigify)['pose.bones["upper_arm_parent.R"]["IK_FK"]', 0]
        assert [key[:2] for key in switch] == [(8, 0), (9, 1)]
    if not keyed:
        assert {key[0] for keys in _keys(rigify).values() for key in keys} == {1}


def test_ik_controls_take_the_pose_too(rigify: bpy.types.Object, take: Callable[..., str]) -> None:
    take(rigify)
    hands = [_poses(rigify)[name].translation.copy() for name in ("ORG-hand.L", "ORG-foot.R")]
    for name in ("upper_arm_parent.L", "thigh_parent.R"):
        rigify.pose.bones[name]["IK_FK"] = 0.0
    rigify.update_tag()
    for name, place in zip(("ORG-hand.L", "ORG-foot.R"), hands, strict=True):
        assert (_poses(rigify)[name].translation - place).length < 0.01


def test_feet_do_not_sink_in(rigify: bpy.types.Object, photo: Motion) -> None:
    found = recognise_armature(rigify)
    assert found is not None
    names = [f"DEF-{bone}.{side}" for bone in ("foot", "toe") for side in "LR"]
    rest = min(_poses(rigify)[name].translation.z for name in names)
    low = replace(photo, root_translation=photo.root_translation - [0, 0, 0.3])
    lowest: dict[str, float] = {}
    choices: tuple[Feet, ...] = ("OFF", "FLOOR")
    for feet in choices:
        target = PoseTarget(bpy.context.scene, rigify, found.bone_map, feet=feet)
        take_pose(low, target)
        lowest[feet] = min(_poses(rigify)[name].translation.z for name in names)
    assert lowest["OFF"] < rest - 0.05
    assert lowest["FLOOR"] > rest - 0.005


def test_linked_action_is_not_keyed(make_rig: Make, take: Callable[..., str], tmp_path: Path) -> None:
    rig = make_rig()
    rig.pose.bones["Head"].keyframe_insert("location", frame=3)
    library = str(tmp_path / "library.blend")
    bpy.data.libraries.write(library, {rig.animation_data.action})
    rig.animation_data_clear()
    with bpy.data.libraries.load(library, link=True) as (there, here):
        here.actions = there.actions
    rig.animation_data_create().action = here.actions[0]
    with pytest.raises(InvalidInput, match="linked from another file"):
        take(rig, keyed=True)
    assert all(bone.matrix_basis == Matrix() for bone in rig.pose.bones)
    assert take(rig) == "Rig takes the pose."


def test_nothing_changes_where_it_cannot_be(make_rig: Make, motion_file: Callable[..., Path]) -> None:
    rig = make_rig()
    found = recognise_armature(rig)
    assert found is not None
    target = PoseTarget(bpy.context.scene, rig, found.bone_map, keyed=True, asset=True)
    with pytest.raises(InvalidInput, match="Nobody was found"):
        read_motion(motion_file(frames=1, absent=(0,))).nearest(0)
    with pytest.raises(InvalidInput, match="Nobody was found"):
        take_pose(read_motion(motion_file(frames=1, absent=(0,))), target)
    with pytest.raises(InvalidInput, match="no IK controls"):
        take_pose(
            read_motion(motion_file(frames=1)), PoseTarget(bpy.context.scene, rig, found.bone_map, ik=True)
        )
    assert rig.animation_data is None
    assert len(bpy.data.actions) == 0
    assert all(bone.matrix_basis == Matrix() for bone in rig.pose.bones)


def test_nearest_frame_with_a_person(motion_file: Callable[..., Path]) -> None:
    motion = read_motion(motion_file(frames=10, first=20, absent=(6, 7)))
    assert motion.nearest(0).time == pytest.approx([20 / 30])
    assert motion.nearest(26).time == pytest.approx([25 / 30])
    assert motion.nearest(27).rotations.tolist() == motion.rotations[8:9].tolist()
