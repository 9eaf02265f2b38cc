from __future__ import annotations

import numpy as np
import pytest

from lifting_core.camera.pinhole import camera_matrix
from lifting_core.detection.joint_sets import HUMAN36M_16, JOINT_SETS, MPII, joint_set
from lifting_core.errors import InvalidInput
from lifting_core.lifting.human36m import human36m_keypoints
from lifting_core.lifting.lifter import Lifter
from lifting_core.skeleton import JOINTS, LIMB_JOINTS, mirrored

_SIZES = {
    "mpii-16": 16,
    "human36m-16": 16,
    "coco-17": 17,
    "openpose-18": 18,
    "body-25": 25,
    "halpe-26": 26,
    "mediapipe-33": 33,
    "coco-wholebody-133": 133,
}
_LACKING = {
    "mpii-16": {"neck"},
    "human36m-16": {"neck"},
}
"""Joints of Human3.6M that a set tells nothing of; others are derived from hips, shoulders and ears."""


@pytest.mark.parametrize(("name", "size"), _SIZES.items())
def test_every_set_has_its_keypoints_once_with_both_sides(name: str, size: int) -> None:
    names = joint_set(name)
    assert len(names) == len(set(names)) == size
    assert {mirrored(keypoint) for keypoint in names} == set(names)
    sided = [keypoint for keypoint in names if "left" in keypoint or "right" in keypoint]
    assert all(mirrored(keypoint) != keypoint for keypoint in sided)
    assert set(LIMB_JOINTS) <= set(names)


def test_the_sets_are_all_there_are() -> None:
    assert JOINT_SETS.keys() == _SIZES.keys()
    with pytest.raises(InvalidInput, match="no joint set 'coco'"):
        joint_set("coco")


def test_the_order_of_the_paper() -> None:
    """Its code brings MPII's 16 joints into Human3.6M's order by this permutation."""
    order = [6, 2, 1, 0, 3, 4, 5, 7, 8, 9, 13, 14, 15, 12, 11, 10]
    human36m = [name for name in JOINTS[:17] if name != "neck"]
    assert [HUMAN36M_16[index] for index in order] == human36m
    assert [mine for mine, theirs in zip(MPII, HUMAN36M_16, strict=True) if mine != theirs] == [
        "thorax",
        "upper_neck",
    ]


@pytest.mark.parametrize("name", JOINT_SETS)
def test_weights_of_the_paper_read_every_set(name: str) -> None:
    """What a set lacks is derived, or marked as missing, and nothing else is."""
    names = joint_set(name)
    keypoints = np.random.default_rng(0).uniform(100, 300, (1, len(names), 2))
    found, confidence = human36m_keypoints(names, keypoints, np.ones((1, len(names))))
    lacking = {joint for joint, c in zip(JOINTS, confidence[0], strict=False) if c == 0}
    assert lacking == _LACKING.get(name, set())
    for joint in LIMB_JOINTS:
        np.testing.assert_allclose(found[0, JOINTS.index(joint)], keypoints[0, names.index(joint)])


@pytest.mark.parametrize("name", JOINT_SETS)
def test_the_default_weights_lift_every_set(name: str) -> None:
    """A T-pose from the front comes out as one, with left and right where they should be."""
    body = {
        "head": (0, -0.75),
        "nose": (0, -0.6),
        "thorax": (0, -0.45),
        "shoulder": (0.18, -0.42),
        "elbow": (0.46, -0.42),
        "wrist": (0.71, -0.42),
        "hip": (0.1, 0.05),
        "knee": (0.11, 0.48),
        "ankle": (0.12, 0.9),
        "foot_index": (0.15, 0.97),
        "pelvis": (0, 0.05),
    }
    names = joint_set(name)
    keypoints, confidence = np.zeros((1, len(names), 2)), np.zeros((1, len(names)))
    for column, keypoint in enumerate(names):
        part = keypoint.removeprefix("left_").removeprefix("right_")
        if part in body:
            x, y = body[part]
            side = -1 if keypoint.startswith("right_") else 1
            keypoints[0, column], confidence[0, column] = (500 + 250 * side * x, 500 + 250 * y), 1.0
    lifted = Lifter.load(device="cpu").lift(names, keypoints, confidence, camera_matrix(1000.0, 1000, 1000))
    joints = dict(zip(JOINTS, lifted.joints[0], strict=False))
    for joint in ("wrist", "elbow", "ankle"):
        assert joints[f"left_{joint}"][0] > 0.05
        assert joints[f"right_{joint}"][0] < -0.05
    assert joints["left_wrist"][0] - joints["right_wrist"][0] > 1.1
    assert joints["left_ankle"][1] > 0.6
    assert abs(joints["left_ankle"][2]) < 0.35
