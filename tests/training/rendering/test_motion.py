from __future__ import annotations

import itertools

import numpy as np
import pytest

from training.rendering.motion import walk_and_wave
from training.rendering.pose import Joints, Pose

_TIMES = [frame / 30 for frame in range(150)]
_LEFT = {
    "shoulder": (0.19, -0.02, 1.38),
    "elbow": (0.35, -0.02, 1.19),
    "wrist": (0.49, -0.21, 1.06),
    "hip": (0.11, 0.01, 0.92),
    "knee": (0.15, -0.03, 0.505),
    "ankle": (0.2, -0.015, 0.072),
    "heel": (0.2, 0.05, 0.04),
    "ball": (0.195, -0.16, 0.03),
}


@pytest.fixture(scope="module")
def rest() -> Joints:
    joints = {f"left_{name}": np.array(place) for name, place in _LEFT.items()}
    joints |= {f"right_{name}": np.array(place) * [-1, 1, 1] for name, place in _LEFT.items()}
    return joints | {"pelvis": (joints["left_hip"] + joints["right_hip"]) / 2}


@pytest.fixture(scope="module")
def poses(rest: Joints) -> list[Pose]:
    return walk_and_wave(rest, _TIMES)


def _ankle(pose: Pose, rest: Joints, side: str) -> np.ndarray:
    joint = pose.pelvis + pose.turns["pelvis"].apply(rest[f"{side}_hip"] - rest["pelvis"])
    for segment, head, tail in (("thigh", "hip", "knee"), ("shin", "knee", "ankle")):
        bone = rest[f"{side}_{tail}"] - rest[f"{side}_{head}"]
        joint = joint + pose.turns[f"{side}_{segment}"].apply(bone)
    return joint


def test_one_foot_always_stands_still(rest: Joints, poses: list[Pose]) -> None:
    feet = np.array([[_ankle(pose, rest, side) for side in ("left", "right")] for pose in poses])
    speeds = np.linalg.norm(np.diff(feet, axis=0), axis=-1) * 30
    assert np.median(speeds.min(axis=1)) < 0.01
    assert speeds.min(axis=1).max() < 1.5  # while a foot rolls off, its ankle moves
    assert feet[..., 2].min() > 0.06


def test_walks_to_the_right_and_ends_facing_the_camera(rest: Joints, poses: list[Pose]) -> None:
    assert poses[-1].pelvis[0] - poses[0].pelvis[0] > 2
    facing = poses[-1].turns["pelvis"].apply([0, -1, 0])
    assert facing[1] < -0.95
    assert poses[0].turns["pelvis"].apply([0, -1, 0])[0] > 0.95


def test_the_right_hand_waves_above_the_shoulder(rest: Joints, poses: list[Pose]) -> None:
    forearm = rest["right_wrist"] - rest["right_elbow"]
    sideways = np.array([pose.turns["right_forearm"].apply(forearm) for pose in poses[105:]])
    assert (sideways[:, 2] > 0.5 * np.linalg.norm(forearm)).all()
    swings = np.diff(np.sign(sideways[:, 0] - sideways[:, 0].mean()))
    assert np.count_nonzero(swings) >= 4


def test_segments_turn_smoothly(poses: list[Pose]) -> None:
    for before, after in itertools.pairwise(poses):
        for segment, turn in before.turns.items():
            assert (turn.inv() * after.turns[segment]).magnitude() < np.radians(30), segment
