"""Retargeting, judged by what Blender evaluates and by joints that were computed without the add-on."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Quaternion
from numpy.typing import NDArray

from blender_addon.errors import InvalidInput
from blender_addon.motion_file import read_motion
from blender_addon.retargeting import retarget as retarget_module
from blender_addon.retargeting.retarget import Target, retarget
from blender_addon.rigs.bone_map import BoneMap, known_maps
from blender_addon.rigs.recognition import recognise

Arrays = dict[str, Any]
Make = Callable[..., bpy.types.Object]
_LIMBS = {
    "upper_arm": ("shoulder", "elbow", "forearm"),
    "forearm": ("elbow", "wrist", "hand"),
    "thigh": ("hip", "knee", "shin"),
    "shin": ("knee", "ankle", "foot"),
}
_FAMILIES = [bone_map.name for bone_map in known_maps() if bone_map.settings == ()]
_FBX = Matrix.Rotation(math.radians(-90), 4, "X") @ Matrix.Scale(100, 4)


@pytest.fixture
def play(arrays: Callable[..., Arrays], motion_file: Callable[..., Path]) -> Callable[..., Arrays]:
    """Puts a synthetic clip on a rig, found by its names, and returns the clip."""

    def run(rig: bpy.types.Object, target: dict[str, Any] | None = None, **clip: Any) -> Arrays:
        place = Target(bpy.context.scene, rig, _map(rig), **(target or {}))
        bpy.context.scene.render.fps = 30
        retarget(read_motion(motion_file(**clip)), place)
        return arrays(**clip)

    return run


def _map(rig: bpy.types.Object) -> BoneMap:
    found = recognise(rig.data.bones.keys(), known_maps())
    assert found is not None
    return found.bone_map


def _evaluated(rig: bpy.types.Object, frame: float) -> bpy.types.Object:
    bpy.context.scene.frame_set(int(frame // 1), subframe=frame % 1)
    return rig.evaluated_get(bpy.context.evaluated_depsgraph_get())


def _worst_angle(rig: bpy.types.Object, clip: Arrays, placed: Matrix | None = None) -> float:
    """Degrees between limbs of the rig and of the clip, over all frames, limbs with bones at both ends."""
    names, chains, worst = list(clip["joint_names"]), _map(rig).bones, 0.0
    for index, joints in enumerate(clip["joints_world"]):
        bones = _evaluated(rig, 1 + index).pose.bones
        for side in ("left", "right"):
            for part, (start, end, onward) in _LIMBS.items():
                wanted = joints[names.index(f"{side}_{end}")] - joints[names.index(f"{side}_{start}")]
                limb = chains[f"{side}_{part}"]
                if f"{side}_{onward}" in chains:
                    tip = bones[chains[f"{side}_{onward}"][0]].head
                else:
                    tip = bones[limb[-1]].tail
                seen = rig.matrix_world.to_3x3() @ (tip - bones[limb[0]].head)
                aim = (placed or Matrix()).to_3x3() @ Matrix.Identity(3) @ _vector(wanted)
                worst = max(worst, math.degrees(seen.angle(aim)))
    return worst


def _vector(values: NDArray[Any]) -> Any:
    return Matrix.Translation([float(value) for value in values]).translation


def _curves(rig: bpy.types.Object) -> dict[tuple[str, int], NDArray[np.float32]]:
    """(keys, 2) frames and values of the curves that animate the rig."""
    data = rig.animation_data
    action: Any = data.action
    bag = action.layers[0].strips[0].channelbag(data.action_slot) if hasattr(action, "slots") else action
    curves = {}
    for curve in bag.fcurves:
        points = np.empty((len(curve.keyframe_points), 2), np.float32)
        curve.keyframe_points.foreach_get("co", points.ravel())
        curves[curve.data_path, curve.array_index] = points
    return curves


@pytest.mark.parametrize("family", _FAMILIES)
@pytest.mark.parametrize("arms", [0, 75])
def test_limbs_point_as_the_persons_do_on_every_family(
    make_rig: Make, play: Callable[..., Arrays], family: str, arms: float
) -> None:
    rig = make_rig(family=family, arms=arms, roll=3.0)
    assert _worst_angle(rig, play(rig, frames=4)) < 0.05


def test_small_rig_lying_inside_its_turned_object(make_rig: Make, play: Callable[..., Arrays]) -> None:
    placed = Matrix.Translation((1, 2, 0)) @ Matrix.Rotation(0.8, 4, "Z")
    rig = make_rig(arms=45, inside=_FBX, placed=placed)
    before = rig.matrix_world.copy()
    clip = play(rig, frames=5)
    assert _worst_angle(rig, clip, placed) < 0.05
    assert rig.matrix_world == before
    hips = [before @ _evaluated(rig, frame).pose.bones["Hips"].head for frame in (1, 5)]
    assert (hips[1] - hips[0]).length == pytest.approx(
        float(np.linalg.norm(clip["root_translation"][4] - clip["root_translation"][0])), rel=0.1
    )


@pytest.mark.parametrize(
    "without",
    [("spine",), ("neck", "head"), ("left_clavicle", "right_clavicle"), ("left_hand", "right_foot")],
    ids=lambda parts: parts[0],
)
def test_missing_bones_do_not_matter(
    make_rig: Make, play: Callable[..., Arrays], without: tuple[str, ...]
) -> None:
    rig = make_rig(arms=30, without=without)
    assert _worst_angle(rig, play(rig)) < 0.05


def test_bones_that_inherit_no_rotation_or_scale(make_rig: Make, play: Callable[..., Arrays]) -> None:
    rig = make_rig(arms=60, roll=2)
    for name in ("LeftArm", "RightForeArm", "LeftLeg", "Spine1", "Neck"):
        rig.data.bones[name].use_inherit_rotation = False
    for name, mode in (("RightArm", "NONE"), ("LeftUpLeg", "ALIGNED"), ("Spine", "AVERAGE")):
        rig.data.bones[name].inherit_scale = mode
    rig.data.bones["Hips"].use_local_location = False
    assert _worst_angle(rig, play(rig)) < 0.05


def test_posed_bones_between_are_reckoned_with(make_rig: Make, play: Callable[..., Arrays]) -> None:
    """A bone of nobody's map between the spine and the clavicle, posed by the user, stays as it is."""
    rig = make_rig()
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    extra = bones.new("yoke")
    extra.head, extra.tail, extra.parent = (0, 0, 1.3), (0, 0.1, 1.35), bones["Spine2"]
    bones["LeftShoulder"].parent = bones["RightShoulder"].parent = extra
    bpy.ops.object.mode_set(mode="OBJECT")
    yoke = rig.pose.bones["yoke"]
    yoke.rotation_quaternion = Quaternion((0.9, 0.3, -0.2, 0.25)).normalized()
    kept = tuple(yoke.rotation_quaternion)
    assert _worst_angle(rig, play(rig)) < 0.05
    assert tuple(yoke.rotation_quaternion) == kept


@pytest.mark.parametrize("mode", ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "QUATERNION", "AXIS_ANGLE"])
def test_every_rotation_mode_is_kept_and_continuous(
    make_rig: Make, play: Callable[..., Arrays], mode: str
) -> None:
    rig = make_rig(family="Unreal Engine 5", arms=45, roll=3)
    for bone in rig.pose.bones:
        bone.rotation_mode = mode
    clip = play(rig, frames=60, fps=30.0)
    assert {bone.rotation_mode for bone in rig.pose.bones} == {mode}
    assert _worst_angle(rig, {**clip, "joints_world": clip["joints_world"][:6]}) < 0.05
    rotations = {path: points for path, points in _curves(rig).items() if "rotation" in path[0]}
    assert rotations
    # The axis of a rotation turns fast where that is nearly none; a flip would be a step of 2.
    assert max(abs(np.diff(points[:, 1])).max() for points in rotations.values()) < 1.5


def _persons_turn(
    clip: Arrays, start: str, ends: tuple[str, str], joints: NDArray[Any]
) -> NDArray[np.float64]:
    """(3, 3) how a part of the body turns away from rest, by two directions that are fixed in it."""
    frames = []
    for place in (clip["rest_joints"], joints):
        at = dict(zip(clip["joint_names"], place.astype(np.float64), strict=True))
        along, aside = (at[end] - at[start] for end in ends)
        z = np.cross(along, aside)
        axes = np.column_stack([along / np.linalg.norm(along), z / np.linalg.norm(z)])
        frames.append(np.column_stack([axes, np.cross(axes[:, 0], axes[:, 1])]))
    turn: NDArray[np.float64] = frames[1] @ frames[0].T
    return turn


def _turned(rig: bpy.types.Object, bone: str, frame: int) -> NDArray[np.float64]:
    """(3, 3) how a bone of the rig turns away from its rest."""
    posed = np.array(_evaluated(rig, frame).pose.bones[bone].matrix.to_3x3())
    turned: NDArray[np.float64] = posed @ np.array(rig.data.bones[bone].matrix_local.to_3x3()).T
    return turned


def _degrees(a: NDArray[Any], b: NDArray[Any]) -> float:
    return math.degrees(2 * math.asin(min(1.0, float(np.linalg.norm(a - b)) / math.sqrt(8))))


_ENDS = {
    "head": ("skull", ("neck", "left_ear")),
    "left_hand": ("left_wrist", ("left_hand", "left_index")),
    "right_hand": ("right_wrist", ("right_hand", "right_index")),
    "left_foot": ("left_ankle", ("left_toe", "left_heel")),
    "right_foot": ("right_ankle", ("right_toe", "right_heel")),
}


@pytest.mark.parametrize("family", _FAMILIES)
def test_heads_hands_and_feet_turn_as_the_persons_do_on_every_family(
    make_rig: Make, play: Callable[..., Arrays], family: str
) -> None:
    """Heads and feet away from rest, hands from frame to frame: at rest they go with arms that hang."""
    rig = make_rig(family=family, arms=60, roll=3.0)
    clip = play(rig, frames=4)
    chains = _map(rig).bones
    for part, (start, ends) in _ENDS.items():
        bone = chains[part][-1]
        wanted = [_persons_turn(clip, start, ends, joints) for joints in clip["joints_world"]]
        seen = [_turned(rig, bone, 1 + index) for index in range(4)]
        if part.endswith("hand"):
            wanted, seen = [turn @ wanted[0].T for turn in wanted], [turn @ seen[0].T for turn in seen]
        assert max(map(_degrees, wanted, seen)) < 0.05, part


@pytest.mark.parametrize("arms", [0, 45, 75])
def test_a_hand_rests_on_its_forearm_as_on_the_rig(
    make_rig: Make, motion_file: Callable[..., Path], arms: float
) -> None:
    """At the motion's rest, a T-pose, arms that hang on the rig are raised, and their hands with them."""
    path = _still(motion_file())
    rig = make_rig(arms=arms)
    retarget(read_motion(path), Target(bpy.context.scene, rig, _map(rig)))
    for side, sign in (("Left", -1), ("Right", 1)):
        raised = np.array(Matrix.Rotation(math.radians(sign * arms), 3, "Y"))
        assert _degrees(_turned(rig, f"{side}Hand", 1), raised) < 10, "the rig's forearms are not quite level"
        assert _degrees(_turned(rig, f"{side}Foot", 1), np.eye(3)) < 0.05


def _still(path: Path, **turns: tuple[float, ...]) -> Path:
    """A clip of somebody in the rest pose but for the bones in `turns` (quaternions)."""
    arrays = dict(np.load(path))
    names = arrays["bone_names"].tolist()
    arrays["rotations"][:] = [1, 0, 0, 0]
    for bone, turn in turns.items():
        arrays["rotations"][:, names.index(bone)] = turn
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("family", "bones", "shares"),
    [
        ("Unreal Engine 5", ["lowerarm_l", "lowerarm_twist_02_l", "lowerarm_twist_01_l"], [0, 1 / 3, 2 / 3]),
        ("MakeHuman and MPFB default", ["lowerarm01.L", "lowerarm02.L"], [0, 1 / 2]),
    ],
)
def test_forearms_share_the_twist_of_their_hand(
    make_rig: Make,
    motion_file: Callable[..., Path],
    family: str,
    bones: list[str],
    shares: list[float],
) -> None:
    angle = math.radians(60)
    rig = make_rig(family=family)
    flat = _still(motion_file(source="flat.mp4"))
    turned = _still(motion_file(), left_hand=(math.cos(angle / 2), 0, math.sin(angle / 2), 0))
    angles = []
    for path in (flat, turned):
        retarget(read_motion(path), Target(bpy.context.scene, rig, _map(rig)))
        angles.append([_turned(rig, bone, 1) for bone in (*bones, _map(rig).bones["left_hand"][0])])
    twists = [_degrees(*pair) for pair in zip(*angles, strict=True)]
    assert twists == pytest.approx([60 * share for share in (*shares, 1)], abs=0.5)


def test_hands_that_were_never_seen_get_no_keys(make_rig: Make, play: Callable[..., Arrays]) -> None:
    rig = make_rig()
    clip = play(rig, unseen=("left_hand", "right_hand"))
    paths = " ".join(path for path, _ in _curves(rig))
    assert "Head" in paths
    assert not any(f'{side}Hand"' in paths for side in ("Left", "Right"))
    assert _worst_angle(rig, clip) < 0.05


def test_feet_that_were_never_seen_forget_an_earlier_motion(
    make_rig: Make, motion_file: Callable[..., Path]
) -> None:
    """Nobody poses feet by hand: what an unseen foot stands like now is left over from another Action."""
    path = _still(motion_file())
    clip = dict(np.load(path))
    clip["joint_confidence"][:, clip["joint_names"].tolist().index("left_toe")] = 0
    np.savez(path, **clip)
    rig = make_rig()
    rig.pose.bones["LeftFoot"].rotation_mode = "QUATERNION"
    rig.pose.bones["LeftFoot"].rotation_quaternion = (0.8, 0.6, 0, 0)
    retarget(read_motion(path), Target(bpy.context.scene, rig, _map(rig)))
    assert _degrees(_turned(rig, "LeftFoot", 1), np.eye(3)) < 0.05


def test_a_motion_of_an_older_version_lands_on_rigs(make_rig: Make, motion_file: Callable[..., Path]) -> None:
    """Without skull, hands and feet: 17 joints and 14 bones, the neck's ending at the nose."""
    path = motion_file(frames=4)
    clip = dict(np.load(path))
    joints = clip["joint_names"].tolist()
    bones = [i for i, name in enumerate(clip["bone_names"]) if not name.endswith(("_hand", "_foot"))]
    nose = joints.index("neck")
    for ends in ("bone_heads", "bone_tails"):
        clip[ends] = np.where(clip[ends] == joints.index("skull"), nose, clip[ends])[bones]
    clip["bone_parents"] = np.array(
        [-1, *(bones.index(p) for p in clip["bone_parents"][bones][1:])], np.int32
    )
    for key in ("bone_names", "rest_rotations"):
        clip[key] = clip[key][bones]
    clip["rotations"] = clip["rotations"][:, bones]
    for key in ("joint_names", "joint_parents", "rest_joints"):
        clip[key] = clip[key][:17]
    for key in ("joints_camera", "joints_world", "joint_confidence"):
        clip[key] = clip[key][:, :17]
    np.savez(path, **clip)
    rig = make_rig(arms=45)
    bpy.context.scene.render.fps = 30
    retarget(read_motion(path), Target(bpy.context.scene, rig, _map(rig)))
    assert _worst_angle(rig, clip) < 0.05
    assert not any('Hand"' in path for path, _ in _curves(rig))


def test_users_action_and_other_bones_are_left_alone(make_rig: Make, play: Callable[..., Arrays]) -> None:
    rig = make_rig()
    rig.pose.bones["LeftHand"].rotation_quaternion = (0.8, 0.6, 0, 0)
    rig.keyframe_insert("location", frame=1)
    mine = rig.animation_data.action
    play(rig, unseen=("left_hand", "left_index"))
    assert rig.animation_data.action != mine
    assert mine.use_fake_user
    assert mine.users == 1
    assert not any("LeftHand" in path for path, _ in _curves(rig))
    assert rig.pose.bones["LeftHand"].rotation_quaternion[1] == pytest.approx(0.6)
    assert not any(bone.constraints for bone in rig.pose.bones)
    assert len(bpy.data.objects) == len(bpy.data.scenes) == 1


def _length(*steps: tuple[float, ...]) -> float:
    return sum(math.hypot(*step) for step in steps)


@pytest.mark.parametrize("root", ["HIPS", "BONE", "OBJECT"])
@pytest.mark.parametrize("inside", [Matrix(), _FBX], ids=["plain", "fbx"])
def test_hips_go_where_the_persons_go_whatever_moves_them(
    make_rig: Make, play: Callable[..., Arrays], root: str, inside: Matrix
) -> None:
    """The way is that of the person's hips, scaled by the length of the legs."""
    rig = make_rig(family="Unreal Engine 4", inside=inside)
    clip = play(rig, {"root": root}, frames=30)
    thighs = [_map(rig).bones[f"{side}_thigh"][0] for side in ("left", "right")]
    hips = []
    for frame in (1, 15, 30):
        posed = _evaluated(rig, frame)
        heads = [posed.matrix_world @ posed.pose.bones[name].head for name in thighs]
        hips.append(np.array((heads[0] + heads[1]) / 2))
    names = list(clip["joint_names"])
    person = clip["joints_world"][[0, 14, 29]][:, [names.index("left_hip"), names.index("right_hip")]]
    scale = _length((0.02, 0.03, 0.41), (0.01, 0.05, 0.39)) / _length((0.01, 0.01, 0.42), (0.01, 0.03, 0.43))
    np.testing.assert_allclose(np.diff(hips, axis=0), scale * np.diff(person.mean(axis=1), axis=0), atol=1e-4)
    paths = {path for path, _ in _curves(rig)}
    assert ("location" in paths) == (root == "OBJECT")
    assert ('pose.bones["root"].location' in paths) == (root == "BONE")


def test_in_place_keeps_only_the_height(make_rig: Make, play: Callable[..., Arrays]) -> None:
    rig = make_rig(arms=45)
    play(rig, {"in_place": True}, frames=30)
    thighs = ("LeftUpLeg", "RightUpLeg")
    ways = [
        np.mean([np.array(_evaluated(rig, frame).pose.bones[name].head) for name in thighs], axis=0)
        for frame in range(1, 31)
    ]
    assert np.ptp(ways, axis=0)[:2].max() < 1e-4
    assert np.ptp(ways, axis=0)[2] > 0.005


def test_standing_person_stands_on_the_floor(make_rig: Make, motion_file: Callable[..., Path]) -> None:
    """At the motion's rest, whatever the rig's: ankles as high as the rig's own, half the size or not."""
    rig = make_rig(arms=60, inside=Matrix.Scale(0.5, 4))
    rest = read_motion(motion_file(frames=1))
    still = np.zeros_like(rest.rotations)
    still[..., 0] = 1
    rest.rotations[:] = still
    rest.root_translation[:] = rest.rest_joints[0]
    retarget(rest, Target(bpy.context.scene, rig, _map(rig)))
    for side in ("Left", "Right"):
        foot = _evaluated(rig, 1).pose.bones[f"{side}Foot"].head
        assert foot.z == pytest.approx(0.04, abs=0.002)


def test_locks_are_respected(make_rig: Make, play: Callable[..., Arrays]) -> None:
    rig = make_rig()
    hips, arm, leg = (rig.pose.bones[name] for name in ("Hips", "LeftArm", "LeftUpLeg"))
    hips.lock_location = (False, True, False)
    arm.rotation_mode, arm.lock_rotation, arm.rotation_euler = "ZXY", (True, False, False), (0.3, 0, 0)
    leg.lock_rotation = (True, True, True)
    play(rig)
    curves = set(_curves(rig))
    assert {index for path, index in curves if path == hips.path_from_id("location")} == {0, 2}
    assert {index for path, index in curves if path == arm.path_from_id("rotation_euler")} == {1, 2}
    assert not any(path == leg.path_from_id("rotation_quaternion") for path, _ in curves)
    assert arm.rotation_euler.x == pytest.approx(0.3)


def test_bones_below_a_locked_one_still_point_right(make_rig: Make, play: Callable[..., Arrays]) -> None:
    rig = make_rig(arms=45, roll=1)
    rig.pose.bones["Spine1"].lock_rotation = (True, False, True)
    rig.pose.bones["RightShoulder"].lock_rotation = (True, True, True)
    rig.pose.bones["RightShoulder"].rotation_quaternion = (0.96, 0.28, 0, 0)
    assert _worst_angle(rig, play(rig)) < 0.05


def test_trunk_turns_as_the_persons_does(make_rig: Make, play: Callable[..., Arrays]) -> None:
    """By the rule of docs/architecture.md, Pose, in Blender's arithmetic."""
    placed = Matrix.Rotation(0.8, 4, "Z")
    rig = make_rig(roll=3, inside=_FBX, placed=placed)
    clip = play(rig, frames=4)
    names, turns = list(clip["bone_names"]), []
    for name, parent in zip(names, clip["bone_parents"], strict=True):
        rest = Quaternion(clip["rest_rotations"][names.index(name)])
        own = rest @ Quaternion(clip["rotations"][3, names.index(name)]) @ rest.inverted()
        turns.append(own if parent < 0 else turns[parent] @ own)
    posed, space = _evaluated(rig, 4).pose.bones, rig.matrix_world.to_quaternion()
    parts = {
        "pelvis": "Hips",
        "spine": "Spine2",
        "neck": "Neck",
        "head": "Head",
        "left_clavicle": "LeftShoulder",
    }
    for part, name in parts.items():
        turn = space @ _turn(posed[name], rig.data.bones[name]) @ space.inverted()
        wanted = placed.to_quaternion() @ turns[names.index(part)] @ placed.to_quaternion().inverted()
        assert math.degrees(turn.rotation_difference(wanted).angle) % 360 == pytest.approx(0, abs=0.1), part


def test_spine_bends_evenly(make_rig: Make, play: Callable[..., Arrays]) -> None:
    rig = make_rig(family="MakeHuman and MPFB default")
    play(rig, frames=3)
    chain = ("spine05", "spine04", "spine03", "spine02", "spine01")
    posed = _evaluated(rig, 2).pose.bones
    bends = [math.degrees(posed[name].matrix_basis.to_quaternion().angle) for name in chain]
    assert min(bends) > 1
    assert max(bends) - min(bends) < 0.01


def test_twist_is_shared_along_a_limb(make_rig: Make, play: Callable[..., Arrays]) -> None:
    """Seen from the elbow the upper arm has its whole twist, near the shoulder a part of it."""
    rig = make_rig(family="Unreal Engine 5")
    play(rig, frames=3)
    posed, rest = _evaluated(rig, 2).pose.bones, rig.data.bones
    names = ("upperarm_twist_01_l", "upperarm_twist_02_l", "upperarm_l")
    clavicle = _turn(posed["clavicle_l"], rest["clavicle_l"])
    along = (rest["lowerarm_l"].head_local - rest["upperarm_l"].head_local).normalized()
    twists = []
    for name in names:
        turn = clavicle.inverted() @ _turn(posed[name], rest[name])
        twists.append(2 * math.atan2(turn.x * along.x + turn.y * along.y + turn.z * along.z, turn.w))
    assert abs(twists[2]) > 0.05
    np.testing.assert_allclose(np.array(twists[:2]) / twists[2], [1 / 3, 2 / 3], atol=0.01)


def _turn(posed: bpy.types.PoseBone, rest: bpy.types.Bone) -> Quaternion:
    return posed.matrix.to_quaternion() @ rest.matrix_local.to_quaternion().inverted()


def test_constraints_are_found_out_by_trying(make_rig: Make, play: Callable[..., Arrays]) -> None:
    """A control whose parent follows another control through a constraint, as in Rigify."""
    rig = make_rig(arms=45, roll=2)
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    carrier = bones.new("MCH-arm")
    carrier.head, carrier.tail = bones["LeftArm"].head, bones["LeftArm"].tail
    bones["LeftArm"].parent = carrier
    bpy.ops.object.mode_set(mode="OBJECT")
    follow = rig.pose.bones["MCH-arm"].constraints.new("CHILD_OF")
    follow.target, follow.subtarget = rig, "LeftShoulder"
    rest = rig.pose.bones["LeftShoulder"].bone.matrix_local
    follow.inverse_matrix = (rig.matrix_world @ rest).inverted()
    rig.pose.bones["LeftArm"].rotation_mode = "YZX"
    rig.pose.bones["LeftArm"].rotation_euler = (0.1, 0.2, 0.3)
    rig.keyframe_insert("location", frame=1)
    mine, scenes = rig.animation_data.action, len(bpy.data.scenes)
    clip = play(rig)
    assert _worst_angle(rig, clip) < 0.05
    assert mine in list(bpy.data.actions)
    assert len(bpy.data.scenes) == scenes


def test_hidden_rig_is_measured_like_a_shown_one(make_rig: Make, play: Callable[..., Arrays]) -> None:
    rig = make_rig()
    follow: Any = rig.pose.bones["Spine"].constraints.new("COPY_ROTATION")
    follow.target, follow.subtarget, follow.mix_mode = rig, "Hips", "ADD"
    follow.owner_space = follow.target_space = "LOCAL"
    found = []
    for hidden in (False, True):
        rig.animation_data_clear()
        for bone in rig.pose.bones:
            bone.matrix_basis = Matrix()
        rig.hide_viewport = hidden
        play(rig, {"bound": 0.005})
        assert rig.hide_viewport == hidden
        found.append(_curves(rig))
    assert found[0].keys() == found[1].keys()
    assert all(np.array_equal(points, found[1][channel]) for channel, points in found[0].items())


def test_bones_that_constraints_hold_are_told(make_rig: Make, motion_file: Callable[..., Path]) -> None:
    rig = make_rig()
    rig.pose.bones["LeftForeArm"].constraints.new("LIMIT_ROTATION")
    rig.pose.bones["Head"].constraints.new("LIMIT_ROTATION").mute = True
    done = retarget(read_motion(motion_file()), Target(bpy.context.scene, rig, _map(rig), match="NEVER"))
    assert done.summary == "12 poses on Rig. Constraints of the rig also move LeftForeArm."


def test_failure_leaves_nothing_behind(
    make_rig: Make, play: Callable[..., Arrays], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = make_rig()

    def fail(*arguments: object) -> None:
        raise RuntimeError("stop")

    monkeypatch.setattr(retarget_module, "key_values", fail)
    with pytest.raises(RuntimeError, match="stop"):
        play(rig)
    assert rig.animation_data is None
    assert len(bpy.data.actions) == 0


def test_what_cannot_be_done_is_told(make_rig: Make, motion_file: Callable[..., Path]) -> None:
    rig, scene = make_rig(), bpy.context.scene
    bone_map, motion = _map(rig), read_motion(motion_file(frames=2))
    with pytest.raises(InvalidInput, match="Nobody was found"):
        retarget(read_motion(motion_file(frames=2, absent=(0, 1))), Target(scene, rig, bone_map))
    with pytest.raises(InvalidInput, match="names no root bone"):
        retarget(motion, Target(scene, rig, bone_map, root="BONE"))
    with pytest.raises(InvalidInput, match="lacks the bones tail"):
        retarget(motion, Target(scene, rig, BoneMap("Mine", {**bone_map.bones, "spine": ("tail",)})))
    with pytest.raises(InvalidInput, match="no pair of legs or arms"):
        retarget(motion, Target(scene, rig, BoneMap("Mine", {"pelvis": ("Hips",), "head": ("Head",)})))


def test_linked_rig_is_refused_and_an_override_of_it_is_not(
    make_rig: Make, play: Callable[..., Arrays], tmp_path: Path
) -> None:
    make_rig(arms=45)
    library = tmp_path / "library.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(library))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        wanted.objects = ["Rig"]
    linked = bpy.data.objects["Rig"]
    bpy.context.scene.collection.objects.link(linked)
    with pytest.raises(InvalidInput, match="linked from another file"):
        play(linked)
    override = linked.override_create(remap_local_usages=True)
    assert _worst_angle(override, play(override)) < 0.05
    assert override.animation_data.action.library is None


def test_rig_in_edit_mode_is_refused(make_rig: Make, play: Callable[..., Arrays]) -> None:
    rig = make_rig()
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(InvalidInput, match="is in Edit Mode"):
        play(rig)
    bpy.ops.object.mode_set(mode="OBJECT")


def test_rig_in_pose_mode_stays_in_it(make_rig: Make, play: Callable[..., Arrays]) -> None:
    rig = make_rig()
    bpy.ops.object.mode_set(mode="POSE")
    clip = play(rig)
    assert rig.mode == "POSE"
    assert _worst_angle(rig, clip) < 0.05
