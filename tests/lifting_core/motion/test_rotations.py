from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from lifting_core.motion.kinematics import RestPose, pose
from lifting_core.motion.proportions import rest_pose
from lifting_core.motion.rotations import solve_rotations
from lifting_core.skeleton import BONE_NAMES, BONE_PARENTS, JOINTS

Array = NDArray[np.float64]

LENGTHS = {
    "pelvis": 0.23, "spine": 0.26, "neck": 0.18, "head": 0.12, "clavicle": 0.16, "upper_arm": 0.28,
    "forearm": 0.25, "hand": 0.085, "thigh": 0.44, "shin": 0.45, "foot": 0.19, "hip": 0.12, "nose": 0.11,
    "ear": 0.072, "heel": 0.085, "index": 0.092, "sole": 0.085,
}  # fmt: skip
HINGES = [BONE_NAMES.index(f"{side}_{bone}") for side in ("left", "right") for bone in ("forearm", "shin")]
# The largest turn about x, y and z in degrees; hinges bend from 20 to 120 about x.
LIMITS = {
    "pelvis": (30, 180, 30), "spine": (30, 20, 20), "neck": (20, 0, 15), "head": (30, 60, 20),
    "clavicle": (10, 0, 10), "upper_arm": (50, 40, 50), "hand": (50, 80, 25), "thigh": (50, 30, 30),
    "foot": (40, 20, 20),
}  # fmt: skip


def _random_motion(seed: int, frames: int = 90) -> Array:
    """(T, 18, 4) smooth rotations within the limits, at 30 frames a second."""
    random = np.random.default_rng(seed)
    rotations = np.empty((frames, len(BONE_NAMES), 4))
    for index, name in enumerate(BONE_NAMES):
        wave = gaussian_filter1d(random.normal(size=(frames, 3)), 12, axis=0, mode="wrap")
        wave /= np.abs(wave).max(axis=0)
        if index in HINGES:
            angles = np.column_stack([70 + 50 * wave[:, 0], 0 * wave[:, :2]])
        else:
            angles = wave * LIMITS[name.removeprefix("left_").removeprefix("right_")]
        turn = Rotation.from_euler("YXZ", angles[:, [1, 0, 2]], degrees=True)
        rotations[:, index] = turn.as_quat()[:, [3, 0, 1, 2]]
    return rotations


def _solve(rest: RestPose, joints: Array, confidence: float = 0.9) -> Array:
    time = np.arange(len(joints)) / 30
    return solve_rotations(rest, time, joints - joints[:, :1], np.full(joints.shape[:2], confidence))


def _steps(rotations: Array) -> Array:
    """(T - 1, 18) degrees from frame to frame."""
    cosine = np.abs((rotations[1:] * rotations[:-1]).sum(-1)).clip(0, 1)
    return np.asarray(np.degrees(2 * np.arccos(cosine)))


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_there_and_back(seed: int) -> None:
    """Rotations to joints to rotations to joints: the joints come back, and turn no faster than they did."""
    rest = rest_pose(LENGTHS)
    truth = _random_motion(seed)
    joints = pose(rest, truth, np.zeros((len(truth), 3)))
    solved = _solve(rest, joints)
    again = pose(rest, solved, np.zeros((len(truth), 3)))
    error = np.linalg.norm(again - joints, axis=2)
    # The shoulders are two points on one spine with swinging clavicles: the spine's twist is a choice.
    assert error.mean() < 0.006
    assert np.percentile(error, 99) < 0.03
    assert _steps(solved).max() < 1.5 * _steps(truth).max() + 5


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0, 0.1))
def test_hinges_bend_one_way_and_signs_are_continuous(seed: int, noise: float) -> None:
    rest = rest_pose(LENGTHS)
    joints = pose(rest, _random_motion(seed, 40), np.zeros((40, 3)))
    joints += np.random.default_rng(seed).normal(size=joints.shape) * noise
    solved = _solve(rest, joints)
    np.testing.assert_allclose(np.linalg.norm(solved, axis=2), 1, atol=1e-9)
    hinges = solved[:, HINGES]
    np.testing.assert_allclose(hinges[..., 2:], 0, atol=1e-9)
    angle = np.degrees(2 * np.arctan2(hinges[..., 1] * np.sign(hinges[..., 0]), np.abs(hinges[..., 0])))
    assert angle.min() >= -1e-6
    assert angle.max() <= 165 + 1e-6
    assert ((solved[1:] * solved[:-1]).sum(-1) >= 0).all()
    assert (solved[0, :, 0] >= 0).all()


def test_directions_of_a_walkers_bones(walk: Callable[..., Any]) -> None:
    """Where bone lengths and the hinge allow it, solved bones point where the joints say."""
    joints = walk(np.arange(90) / 30).joints
    lengths = LENGTHS | {"clavicle": float(np.hypot(0.17, 0.02)), "spine": 0.26}
    rest = rest_pose(lengths)
    posed = pose(rest, _solve(rest, joints), joints[:, 0])
    for start, end in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")):
        for side in ("left", "right"):
            a, b = JOINTS.index(f"{side}_{start}"), JOINTS.index(f"{side}_{end}")
            wanted, got = joints[:, b] - joints[:, a], posed[:, b] - posed[:, a]
            cosine = (wanted * got).sum(1) / np.linalg.norm(wanted, axis=1) / np.linalg.norm(got, axis=1)
            assert np.degrees(np.arccos(cosine.clip(-1, 1))).max() < 2


def _global(rest: RestPose, rotations: Array, bone: str) -> Rotation:
    """The world orientation of a posed bone, by the rule of docs/architecture.md."""
    index = BONE_NAMES.index(bone)
    own = Rotation.from_quat(rotations[:, index, [1, 2, 3, 0]])
    parent = BONE_PARENTS[index]
    if parent < 0:
        return rest.rotations[index] * own
    above = _global(rest, rotations, BONE_NAMES[parent])
    return above * rest.rotations[parent].inv() * rest.rotations[index] * own


ENDS = ["head", *(f"{side}_{end}" for side in ("left", "right") for end in ("hand", "foot"))]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_head_hands_and_feet_turn_as_they_were_turned(seed: int) -> None:
    """Head turn and nod, palm direction, foot pitch and roll: orientations come back from the joints."""
    rest = rest_pose(LENGTHS)
    truth = _random_motion(seed)
    solved = _solve(rest, pose(rest, truth, np.zeros((len(truth), 3))))
    for end in ENDS:
        apart = _global(rest, solved, end) * _global(rest, truth, end).inv()
        assert np.degrees(apart.magnitude()).mean() < (4 if end.endswith("foot") else 2), end


def test_a_foot_rolls_within_limits() -> None:
    rest = rest_pose(LENGTHS)
    joints = np.tile(rest.joints, (30, 1, 1))
    heel, toe, ankle = (JOINTS.index(f"left_{part}") for part in ("heel", "toe", "ankle"))
    axis = joints[0, toe] - joints[0, heel]
    flip = Rotation.from_rotvec(np.radians(80) * axis / np.linalg.norm(axis))
    joints[:, [heel, toe]] = joints[0, ankle] + flip.apply(joints[0, [heel, toe]] - joints[0, ankle])
    solved = _solve(rest, joints)[:, BONE_NAMES.index("left_foot")]
    roll = np.degrees(2 * np.arctan2(solved[:, 2], solved[:, 0]))
    assert np.abs(roll).max() <= 35.001
    assert np.abs(roll).max() > 30


@pytest.mark.parametrize("turn", [-70, -30, 30, 70])
def test_neck_and_head_share_a_turn_of_the_head(turn: float) -> None:
    rest = rest_pose(LENGTHS)
    rotations = np.tile([1.0, 0, 0, 0], (20, len(BONE_NAMES), 1))
    about = Rotation.from_euler("y", turn, degrees=True).as_quat()[[3, 0, 1, 2]]
    rotations[:, BONE_NAMES.index("head")] = about
    joints = pose(rest, rotations, np.zeros((20, 3)))
    solved = _solve(rest, joints)
    np.testing.assert_allclose(pose(rest, solved, np.zeros((20, 3))), joints - joints[:, :1], atol=2e-3)
    neck = Rotation.from_quat(solved[:, BONE_NAMES.index("neck")][:, [1, 2, 3, 0]]).as_rotvec(degrees=True)
    np.testing.assert_allclose(neck, np.tile([0, turn / 2, 0], (20, 1)), atol=4)


@pytest.mark.parametrize("turn", [-50, 0, 50])
def test_the_knee_of_a_straight_leg_points_where_the_foot_points(turn: float) -> None:
    rest = rest_pose(LENGTHS)
    rotations = np.tile([1.0, 0, 0, 0], (20, len(BONE_NAMES), 1))
    about = Rotation.from_euler("y", turn, degrees=True).as_quat()[[3, 0, 1, 2]]
    rotations[:, BONE_NAMES.index("left_thigh")] = about
    joints = pose(rest, rotations, np.zeros((20, 3)))
    thigh = _solve(rest, joints)[:, BONE_NAMES.index("left_thigh")]
    np.testing.assert_allclose(np.degrees(2 * np.arctan2(thigh[:, 2], thigh[:, 0])), turn, atol=2)


def test_hands_and_feet_that_are_not_seen_keep_their_rest_pose() -> None:
    rest, truth = rest_pose(LENGTHS), _random_motion(3)
    joints = pose(rest, truth, np.zeros((len(truth), 3)))
    confidence = np.full(joints.shape[:2], 0.9)
    for side in ("left", "right"):
        for part in ("hand", "index", "heel", "toe"):
            confidence[:, JOINTS.index(f"{side}_{part}")] = 0
            joints[:, JOINTS.index(f"{side}_{part}")] = 7.0
    solved = solve_rotations(rest, np.arange(len(joints)) / 30, joints - joints[:, :1], confidence)
    for end in ENDS[1:]:
        np.testing.assert_allclose(np.abs(solved[:, BONE_NAMES.index(end), 0]), 1, atol=1e-9)


def _arm_swing(bend: Array) -> tuple[RestPose, Array]:
    """A left arm that hangs down and bends by angles (T,) in radians toward the front."""
    rest = rest_pose(LENGTHS)
    rotations = np.tile([1.0, 0, 0, 0], (len(bend), len(BONE_NAMES), 1))
    down = Rotation.from_rotvec([0, 0, -1.4])  # about the arm's own z, which points forward at rest
    rotations[:, BONE_NAMES.index("left_upper_arm")] = down.as_quat()[[3, 0, 1, 2]]
    rotations[:, BONE_NAMES.index("left_forearm"), 0] = np.cos(bend / 2)
    rotations[:, BONE_NAMES.index("left_forearm"), 1] = np.sin(bend / 2)
    return rest, pose(rest, rotations, np.zeros((len(bend), 3)))


def _upper_arm_x(rest: RestPose, solved: Array) -> Array:
    """(T, 3) the elbow's axis, relative to the shoulder's rest."""
    quaternion = solved[:, BONE_NAMES.index("left_upper_arm")][:, [1, 2, 3, 0]]
    return np.asarray(Rotation.from_quat(quaternion).apply([1, 0, 0]))


def test_twist_is_steady_through_a_straight_arm_under_noise() -> None:
    bend = np.concatenate([np.linspace(1.2, 0, 30), np.zeros(60), np.linspace(0, 1.2, 30)])
    rest, joints = _arm_swing(bend)
    truth = _upper_arm_x(rest, _solve(rest, joints))[0]
    noisy = joints + np.random.default_rng(0).normal(size=joints.shape) * 0.005
    solved = _solve(rest, noisy)
    axis = _upper_arm_x(rest, solved)
    assert np.degrees(np.arccos((axis @ truth).clip(-1, 1))).max() < 35
    assert _steps(solved)[:, BONE_NAMES.index("left_upper_arm")].max() < 15


def test_knees_that_seem_to_bend_backward_stay_straight(walk: Callable[..., Any]) -> None:
    rest = rest_pose(LENGTHS)
    joints = np.tile(rest.joints, (60, 1, 1))
    for side in ("left", "right"):
        joints[20:40, JOINTS.index(f"{side}_knee"), 1] += 0.08  # 20 degrees the wrong way
    solved = _solve(rest, joints)
    thigh = Rotation.from_quat(solved[:, BONE_NAMES.index("left_thigh")][:, [1, 2, 3, 0]])
    assert np.degrees(np.abs(thigh.as_rotvec()[:, 1])).max() < 15, "no twist of the hip to make up for it"
    assert 2 * np.degrees(np.arcsin(np.abs(solved[:, HINGES, 1]))).max() < 15


def test_elbow_that_folds_completely_does_not_flip() -> None:
    bend = np.concatenate([np.linspace(0.5, 3.1, 40), np.linspace(3.1, 0.5, 40)])
    rest, joints = _arm_swing(bend)
    noisy = joints + np.random.default_rng(1).normal(size=joints.shape) * 0.005
    assert _steps(_solve(rest, noisy))[:, BONE_NAMES.index("left_forearm")].max() < 20


def test_a_leg_raised_past_where_swings_are_ambiguous_does_not_flip() -> None:
    """A bent leg that swings through straight up, the half turn away from rest."""
    rest = rest_pose(LENGTHS)
    swing = np.linspace(-np.pi * 0.7, -np.pi * 1.3, 90)
    rotations = np.tile([1.0, 0, 0, 0], (90, len(BONE_NAMES), 1))
    side = Rotation.from_rotvec(np.outer(np.linspace(0, 0.3, 90), [0, 0, 1]))
    turn = side * Rotation.from_rotvec(np.outer(swing, [1, 0, 0]))
    rotations[:, BONE_NAMES.index("left_thigh")] = turn.as_quat()[:, [3, 0, 1, 2]]
    rotations[:, BONE_NAMES.index("left_shin")] = [np.cos(0.4), np.sin(0.4), 0, 0]
    joints = pose(rest, rotations, np.zeros((90, 3)))
    solved = _solve(rest, joints)
    assert _steps(solved).max() < 15
    np.testing.assert_allclose(pose(rest, solved, np.zeros((90, 3))), joints, atol=0.03)


def test_limbs_that_are_not_seen_rest() -> None:
    rest = rest_pose(LENGTHS)
    joints = np.tile(rest.joints, (30, 1, 1))
    confidence = np.full((30, len(JOINTS)), 0.9)
    for side in ("left", "right"):
        for part in ("knee", "ankle"):
            joints[:, JOINTS.index(f"{side}_{part}")] = np.random.default_rng(0).normal(size=(30, 3))
            confidence[:, JOINTS.index(f"{side}_{part}")] = 0.005
    solved = solve_rotations(rest, np.arange(30) / 30, joints - joints[:, :1], confidence)
    posed = pose(rest, solved, np.zeros((30, 3)))
    np.testing.assert_allclose(posed, np.tile(rest.joints - rest.joints[0], (30, 1, 1)), atol=0.05)


@pytest.mark.parametrize("count", [1, 2])
def test_single_frames(count: int) -> None:
    rest = rest_pose(LENGTHS)
    joints = pose(rest, _random_motion(5, 40)[:count], np.zeros((count, 3)))
    again = pose(rest, _solve(rest, joints), np.zeros((count, 3)))
    assert np.linalg.norm(again - joints, axis=2).mean() < 0.015


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_any_joints_give_finite_rotations(seed: int) -> None:
    random = np.random.default_rng(seed)
    joints = random.normal(size=(20, len(JOINTS), 3)) * 10.0 ** random.integers(-3, 2)
    solved = solve_rotations(
        rest_pose(LENGTHS),
        np.cumsum(random.uniform(0.001, 1, 20)),
        joints,
        random.uniform(0, 1, (20, len(JOINTS))),
    )
    np.testing.assert_allclose(np.linalg.norm(solved, axis=2), 1, atol=1e-9)
