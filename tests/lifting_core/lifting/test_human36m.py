from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from lifting_core.lifting.human36m import human36m_keypoints, statistics
from lifting_core.skeleton import HUMAN36M_JOINTS

COCO = (
    "nose",
    *(
        f"{side}_{name}"
        for name in ("ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        for side in ("left", "right")
    ),
)


def mean_person(names: tuple[str, ...]) -> NDArray[np.float64]:
    """(1, K, 2) the mean pose of Human3.6M as a detector of these keypoints marks it."""
    mean = dict(zip(HUMAN36M_JOINTS, statistics().keypoints_mean, strict=True))
    mean |= {"nose": mean["neck"], "left_ear": mean["neck"], "right_ear": mean["neck"]}
    return np.array([[mean[name] for name in names]])


def test_the_mean_pose_is_derived_from_a_coco_detector_s_keypoints() -> None:
    joints, confidence = human36m_keypoints(COCO, mean_person(COCO), np.full((1, len(COCO)), 0.8))
    assert joints.shape == (1, 17, 2)
    np.testing.assert_allclose(confidence, 0.8)
    off = np.linalg.norm(joints[0] - statistics().keypoints_mean, axis=1)
    assert off.max() < 3.0, dict(
        zip(HUMAN36M_JOINTS, off.round(1), strict=True)
    )  # pixels; a person is 300 px tall


def test_a_detector_that_marks_a_joint_itself_is_believed() -> None:
    names = (*COCO, "pelvis", "neck", "head")
    points = mean_person(COCO)
    points = np.concatenate([points, [[[1, 2], [3, 4], [5, 6]]]], axis=1)
    joints, _ = human36m_keypoints(names, points, np.ones((1, len(names))))
    assert joints[0, HUMAN36M_JOINTS.index("pelvis")].tolist() == [1, 2]
    assert joints[0, HUMAN36M_JOINTS.index("thorax")].tolist() == [3, 4]  # what others call the neck
    assert joints[0, HUMAN36M_JOINTS.index("head")].tolist() == [5, 6]
    assert joints[0, HUMAN36M_JOINTS.index("neck")].tolist() == points[0, 0].tolist()  # at the nose


def test_what_rests_on_an_unseen_keypoint_is_unseen() -> None:
    confidence = np.ones((2, len(COCO)))
    confidence[1, COCO.index("left_hip")] = 0
    _, seen = human36m_keypoints(COCO, mean_person(COCO).repeat(2, 0), confidence)
    lost = {name for name, value in zip(HUMAN36M_JOINTS, seen[1], strict=True) if value == 0}
    assert lost == {"pelvis", "left_hip", "spine", "thorax", "head"}
    assert (seen[0] == 1).all()


def test_keypoints_of_something_else_are_refused() -> None:
    with pytest.raises(InvalidInput, match="not those that the weights read"):
        human36m_keypoints(["paw", "tail"], np.zeros((1, 2, 2)), np.ones((1, 2)))
