from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from training.datasets.mocap import POINTS
from training.datasets.renders import Renders
from training.tasks.detections import KEYPOINTS, POINTS_OF_KEYPOINTS, Detecting
from training.tasks.filming import Camera, Filming, Shot
from training.tasks.observed import ObservedErrors


def shots(standing: NDArray[np.float64], count: int) -> Shot:
    bodies = torch.from_numpy(standing).float().repeat(count, 1, 1)
    camera = Camera(elevation=((1.0, 0.0, 0.0),), roll=((1.0, 0.0),), aside=0.0, height=(0.5, 0.5))
    return Filming(torch.Generator().manual_seed(1), camera)(bodies)


def errors(shot: Shot, rays: Tensor) -> Tensor:
    """(N, K, 2) shares of the stature in the picture."""
    true = shot.points[:, POINTS_OF_KEYPOINTS]
    xy = rays[..., :2] / shot.focal_error[:, None, None]
    return (xy - true[..., :2] / true[..., 2:]) * shot.points[:, :1, 2:] / 1.7


def test_hidden_keypoints_are_noisier_and_some_are_lacking(standing: NDArray[np.float64]) -> None:
    shot = shots(standing, 6000)
    rays, confidence = Detecting(torch.Generator().manual_seed(0))(shot)
    off, ankle = errors(shot, rays), KEYPOINTS.index("left_ankle")
    sure, unsure = confidence[:, ankle] > 0.9, confidence[:, ankle] < 0.5
    assert 0.005 < float(off[sure, ankle].std()) < 0.025
    assert float(off[unsure, ankle].std()) > 1.5 * float(off[sure, ankle].std())
    assert (confidence[:, KEYPOINTS.index("left_pinky")] == 0).float().mean() > 0.05
    assert (confidence[:, KEYPOINTS.index("left_shoulder")] >= 0.5).all()


@pytest.fixture
def renders(standing: NDArray[np.float64]) -> Renders:
    """Four times the same person 3 m away; the detector puts every keypoint 17 px too far right."""
    upright = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    points = (standing[None].repeat(4, 0) @ upright + np.array([0, 0.95, 3.0])).astype(np.float32)
    matrix = np.array([[300.0, 0, 200], [0, 300, 200], [0, 0, 1]], np.float32)
    names = [("neck" if n == "nose" else n.replace("foot_index", "toe")) for n in KEYPOINT_NAMES]
    at = points[:, [POINTS.index(n) if n in POINTS else 0 for n in names]]
    pixels = at[..., :2] / at[..., 2:] * 300 + 200 + [17, 0]
    one = np.ones(4, np.float32)
    return Renders(
        keypoints=pixels.astype(np.float32),
        confidence=np.full((4, len(KEYPOINT_NAMES)), 0.8, np.float32),
        world=np.zeros((4, len(KEYPOINT_NAMES), 3), np.float32),
        points=points,
        camera_matrix=matrix[None].repeat(4, 0),
        camera_from_world=np.eye(4, dtype=np.float32)[None].repeat(4, 0),
        image_size=np.full((4, 2), 400, np.int32),
        shot=np.arange(4),
        person=np.zeros(4, np.int32),
        time=0 * one,
        sex=one,
        age=30 * one,
        stature=1.7 * one,
        subject=np.array(["a"] * 4),
        clip=np.array(["b"] * 4),
        held_out=np.zeros(4, bool),
    )


def test_observed_errors_are_repeated(standing: NDArray[np.float64], renders: Renders) -> None:
    observed = ObservedErrors(renders, KEYPOINTS, POINTS_OF_KEYPOINTS)
    assert len(observed) == 4
    shot = shots(standing, 4000)
    rays, confidence = Detecting(torch.Generator().manual_seed(0), observed)(shot)
    knee = KEYPOINTS.index("right_knee")
    off = errors(shot, rays)[:, knee]
    # 17 px of a stature of 170 px, in three of five people.
    assert float((off[:, 0] > 0.07).float().mean()) == pytest.approx(0.6, abs=0.05)
    assert float(off[off[:, 0] > 0.07][:, 0].mean()) == pytest.approx(0.1, abs=0.01)
    chosen = confidence[:, knee][off[:, 0] > 0.07]
    assert float(chosen.quantile(0.05)) >= 0.8 - 1e-3


def test_detections_of_somebody_else_are_no_errors(renders: Renders) -> None:
    renders.keypoints[0] += 100
    renders.confidence[1] = 0
    assert len(ObservedErrors(renders, KEYPOINTS, POINTS_OF_KEYPOINTS)) == 2


def test_the_most_alike_pose_is_chosen(standing: NDArray[np.float64], renders: Renders) -> None:
    wrist = POINTS.index("left_wrist")
    renders.points[0, wrist] += [0, -0.8, 0]
    renders.keypoints[0, KEYPOINT_NAMES.index("left_wrist")] += [0, -80]
    renders.confidence[0] = 0.3
    observed = ObservedErrors(renders, KEYPOINTS, POINTS_OF_KEYPOINTS)
    alike = torch.from_numpy(renders.points[:1]).repeat(200, 1, 1)
    _, confidence = observed.like(alike, 1.7, torch.Generator().manual_seed(0))
    assert float((confidence == 0.3).all(1).float().mean()) > 0.9
