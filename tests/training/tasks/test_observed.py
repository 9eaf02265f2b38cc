from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from training.datasets.mocap import POINTS
from training.datasets.renders import Renders
from training.tasks.detections import KEYPOINTS, POINTS_OF_KEYPOINTS
from training.tasks.observed import ObservedPeople


def test_detections_of_somebody_else_are_no_errors(renders: Renders) -> None:
    renders.keypoints[0] += 100
    renders.confidence[1] = 0
    assert len(ObservedPeople(renders, KEYPOINTS, POINTS_OF_KEYPOINTS)) == 2


def test_the_most_alike_pose_is_chosen(standing: NDArray[np.float64], renders: Renders) -> None:
    wrist = POINTS.index("left_wrist")
    renders.points[0, wrist] += [0, -0.8, 0]
    renders.keypoints[0, KEYPOINT_NAMES.index("left_wrist")] += [0, -80]
    renders.keypoints[0] += [0, 17]
    observed = ObservedPeople(renders, KEYPOINTS, POINTS_OF_KEYPOINTS)
    alike = torch.from_numpy(renders.points[:1]).repeat(200, 1, 1)
    errors, _ = observed.like(alike, 1.7, torch.Generator().manual_seed(0))
    assert float((errors[..., 1] > 0.05).all(1).float().mean()) > 0.9


def test_rendered_people_are_seen_as_they_were(renders: Renders) -> None:
    """But for the noise, keypoints lie 17 px of 170 px of stature from the truth, to the right or, mirrored,
    to the left, and turned with the picture."""
    renders.stature[:] /= 2
    renders.points[:] /= 2
    observed = ObservedPeople(renders, KEYPOINTS, POINTS_OF_KEYPOINTS)
    seen = observed.draw(4000, 1.7, torch.Generator().manual_seed(0))
    truth = seen.points[:, POINTS_OF_KEYPOINTS]
    off = (seen.rays[..., :2] - truth[..., :2] / truth[..., 2:]) * seen.points[:, :1, 2:] / 1.7
    assert float(off.mean(1).norm(dim=-1).median()) == pytest.approx(0.1, abs=0.005)
    assert float((off[..., 0].mean(1) > 0).float().mean()) == pytest.approx(0.5, abs=0.05)
    noise = off - off.mean(1, keepdim=True)
    nose = KEYPOINTS.index("nose")
    assert float(noise[:, nose].std()) == pytest.approx(0.008, abs=0.002)
    assert float(seen.confidence.min()) >= 0.8 - 1e-3


def test_mirrored_people_keep_their_left_hand_on_their_left(renders: Renders) -> None:
    left = POINTS.index("left_wrist")
    renders.points[:, left] += [0, -0.8, 0]
    observed = ObservedPeople(renders, KEYPOINTS, POINTS_OF_KEYPOINTS)
    points = observed.draw(200, 1.7, torch.Generator().manual_seed(0)).points
    raised = points[:, left, 1] < points[:, POINTS.index("right_wrist"), 1] - 0.5
    across = points[:, POINTS.index("left_hip"), 0] - points[:, POINTS.index("right_hip"), 0]
    assert 0.3 < float(raised.float().mean()) < 0.7
    assert (across > 0).all()  # whoever faces the camera has the left hip on the picture's right
