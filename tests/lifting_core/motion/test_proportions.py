from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lifting_core.motion.proportions import bone_lengths, frame_scale, rest_pose, weighted_median
from lifting_core.skeleton import BONES, JOINTS

TRUE = {"thigh": 0.44, "shin": 0.45, "upper_arm": 0.28, "forearm": 0.25, "hip": 0.12, "pelvis": 0.23}
SURE = np.ones((120, len(JOINTS)))


def test_finds_the_lengths_of_a_walker(walk: Callable[..., Any]) -> None:
    joints = walk(np.arange(120) / 30).joints
    lengths = bone_lengths(joints, SURE)
    assert {name: lengths[name] for name in TRUE} == pytest.approx(TRUE, rel=0.015)
    np.testing.assert_allclose(frame_scale(1.1 * joints, SURE, lengths), 1.1, rtol=0.02)


def test_outliers_and_noise_hardly_matter(walk: Callable[..., Any]) -> None:
    random = np.random.default_rng(0)
    joints = walk(np.arange(120) / 30).joints + random.normal(size=(120, len(JOINTS), 3)) * 0.02
    joints[:20, JOINTS.index("left_knee")] += 1
    assert {name: bone_lengths(joints, SURE)[name] for name in TRUE} == pytest.approx(TRUE, rel=0.06)


def test_legs_that_were_never_seen_get_average_proportions(walk: Callable[..., Any]) -> None:
    joints, confidence = 1.2 * walk(np.arange(120) / 30).joints, SURE.copy()
    for name in ("knee", "ankle"):
        for side in ("left", "right"):
            joints[:, JOINTS.index(f"{side}_{name}")] *= 3
            confidence[:, JOINTS.index(f"{side}_{name}")] = 0.001
    lengths = bone_lengths(joints, confidence)
    assert lengths["thigh"] == pytest.approx(0.44 * 1.2, rel=0.2)
    assert lengths["upper_arm"] == pytest.approx(0.28 * 1.2, rel=0.02)


def test_short_bones_are_measured_and_kept_to_human_proportions(walk: Callable[..., Any]) -> None:
    joints = walk(np.arange(120) / 30).joints
    lengths = bone_lengths(joints, SURE)
    true = {"hand": 0.105, "index": 0.1168, "foot": 0.2057, "heel": 0.0748, "ear": 0.074, "nose": 0.1175}
    assert {name: lengths[name] for name in true} == pytest.approx(true, rel=0.02)
    joints[:, JOINTS.index("left_hand")] += [0, 0, 0.3]
    joints[:, JOINTS.index("right_hand")] += [0, 0, 0.3]
    assert bone_lengths(joints, SURE)["hand"] < 0.15


def test_feet_that_were_never_seen_are_those_of_somebody_of_that_size(walk: Callable[..., Any]) -> None:
    joints, confidence = 1.2 * walk(np.arange(120) / 30).joints, SURE.copy()
    for name in ("left_heel", "left_toe", "right_heel", "right_toe"):
        joints[:, JOINTS.index(name)] *= 3
        confidence[:, JOINTS.index(name)] = 0
    lengths = bone_lengths(joints, confidence)
    assert lengths["foot"] == pytest.approx(0.206 * 1.2, rel=0.1)
    assert lengths["sole"] == pytest.approx(0.085 * 1.2, rel=0.1)


def test_weighted_median() -> None:
    assert weighted_median(np.array([5.0, 1, 9]), np.array([1.0, 1, 1])) == 5
    assert weighted_median(np.array([5.0, 1, 9]), np.array([1.0, 1, 10])) == 9


def test_rest_pose_is_the_t_pose_of_the_architecture(walk: Callable[..., Any]) -> None:
    lengths = bone_lengths(walk(np.arange(120) / 30).joints, SURE)
    rest = rest_pose(lengths)
    at = dict(zip(JOINTS, rest.joints, strict=True))
    assert at["pelvis"][:2] == pytest.approx([0, 0])
    assert at["left_ankle"][2] == pytest.approx(rest.sole) == pytest.approx(lengths["sole"])
    assert at["left_wrist"][0] > at["left_elbow"][0] > at["left_shoulder"][0] > 0 > at["right_shoulder"][0]
    assert at["left_wrist"][1:] == pytest.approx(at["left_shoulder"][1:])
    assert at["neck"][1] < at["skull"][1] <= at["thorax"][1], "the nose is in front, toward -y"
    assert at["left_toe"][1] < at["left_ankle"][1] < at["left_heel"][1]
    assert 0 < at["left_toe"][2] < at["left_heel"][2] < at["left_ankle"][2]
    assert at["left_index"][1] < at["left_hand"][1], "palms down: the index finger is in front"
    for bone, rotation in zip(BONES, rest.rotations, strict=True):
        along = at[bone.tail] - at[bone.head]
        np.testing.assert_allclose(rotation.apply([0, 1, 0]), along / np.linalg.norm(along), atol=1e-12)


@pytest.mark.parametrize(("hinge", "toward"), [("shin", (0, 1, 0)), ("forearm", (0, -1, 0))])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_positive_turn_about_x_bends_knees_back_and_elbows_forward(
    side: str, hinge: str, toward: tuple[int, int, int], walk: Callable[..., Any]
) -> None:
    rest = rest_pose(bone_lengths(walk(np.arange(120) / 30).joints, SURE))
    rotation = rest.rotations[[bone.name for bone in BONES].index(f"{side}_{hinge}")]
    bent = rotation * Rotation.from_euler("x", 90, degrees=True)
    np.testing.assert_allclose(bent.apply([0, 1, 0]), toward, atol=1e-12)
