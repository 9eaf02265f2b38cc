from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lifting_core.motion.proportions import (
    AVERAGE,
    body_size,
    foot_height,
    rest_pose,
    weighted_median,
)
from lifting_core.skeleton import BONES, JOINTS

SURE = np.ones((120, len(JOINTS)))


def test_finds_the_size_of_a_walker(walk: Callable[..., Any]) -> None:
    joints = walk(np.arange(120) / 30).joints
    assert body_size(joints, SURE) == pytest.approx(1, rel=0.03)
    assert body_size(1.2 * joints, SURE) == pytest.approx(1.2 * body_size(joints, SURE))


def test_outliers_noise_and_unseen_parts_hardly_matter(walk: Callable[..., Any]) -> None:
    random = np.random.default_rng(0)
    joints, confidence = walk(np.arange(120) / 30).joints, SURE.copy()
    whole = body_size(joints, confidence)
    joints = joints + random.normal(size=joints.shape) * 0.02
    joints[:20, JOINTS.index("left_knee")] += 1
    for name in ("left_heel", "left_toe", "right_heel", "right_toe", "right_ankle"):
        joints[:, JOINTS.index(name)] *= 3
        confidence[:, JOINTS.index(name)] = 0
    assert body_size(joints, confidence) == pytest.approx(whole, rel=0.06)


def test_soles_are_as_thick_as_feet_are_long() -> None:
    assert foot_height(AVERAGE) == pytest.approx(AVERAGE["sole"])
    assert foot_height({"foot": 1.1 * AVERAGE["foot"], "heel": 1.3 * AVERAGE["heel"]}) == pytest.approx(0.102)


def test_weighted_median() -> None:
    assert weighted_median(np.array([5.0, 1, 9]), np.array([1.0, 1, 1])) == 5
    assert weighted_median(np.array([5.0, 1, 9]), np.array([1.0, 1, 10])) == 9


def test_rest_pose_is_the_t_pose_of_the_architecture() -> None:
    rest = rest_pose(AVERAGE)
    at = dict(zip(JOINTS, rest.joints, strict=True))
    assert at["pelvis"][:2] == pytest.approx([0, 0])
    assert at["left_ankle"][2] == pytest.approx(rest.sole) == pytest.approx(AVERAGE["sole"])
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
    side: str, hinge: str, toward: tuple[int, int, int]
) -> None:
    rest = rest_pose(AVERAGE)
    rotation = rest.rotations[[bone.name for bone in BONES].index(f"{side}_{hinge}")]
    bent = rotation * Rotation.from_euler("x", 90, degrees=True)
    np.testing.assert_allclose(bent.apply([0, 1, 0]), toward, atol=1e-12)
