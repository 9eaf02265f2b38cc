from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.datasets.renders import Renders
from training.tasks.detections import KEYPOINTS, POINTS_OF_KEYPOINTS, Detecting
from training.tasks.filming import Camera, Filming, Shot
from training.tasks.observed import ObservedPeople


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


def test_observed_errors_are_repeated(standing: NDArray[np.float64], renders: Renders) -> None:
    observed = ObservedPeople(renders, KEYPOINTS, POINTS_OF_KEYPOINTS)
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
