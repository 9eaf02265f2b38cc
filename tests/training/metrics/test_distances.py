from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import procrustes
from scipy.spatial.transform import Rotation

from training.metrics.distances import aligned, aligned_distances, distances, scaled_distances

Array = NDArray[np.float64]


def poses(seed: int, count: int = 20) -> Array:
    return np.random.default_rng(seed).normal(0, 0.3, (count, 17, 3))


def aligned_one(predicted: Array, truth: Array) -> Array:
    """One pose at a time, by SciPy's solver of Wahba's problem, which knows no mirror images."""
    centred, target = predicted - predicted.mean(0), truth - truth.mean(0)
    rotation, _ = Rotation.align_vectors(target, centred)
    turned = rotation.apply(centred)
    return turned * (turned * target).sum() / (turned**2).sum() + truth.mean(0)


@given(st.integers(0, 2**16), st.floats(0.01, 2.0))
@settings(max_examples=25, deadline=None)
def test_alignment_agrees_with_an_independent_solver(seed: int, noise: float) -> None:
    truth = poses(seed)
    turns = Rotation.random(len(truth), random_state=seed)
    predicted = np.stack([turn.apply(pose) for turn, pose in zip(turns, truth, strict=True)]) * 1.7 + 0.4
    predicted += noise * poses(seed + 1)
    expected = np.stack([aligned_one(p, t) for p, t in zip(predicted, truth, strict=True)])
    found = aligned(torch.from_numpy(predicted), torch.from_numpy(truth))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)


def test_the_residual_is_scipy_s_disparity() -> None:
    truth = poses(0)
    predicted = truth + 0.2 * poses(1)
    residual = aligned_distances(torch.from_numpy(predicted), torch.from_numpy(truth)).square().sum(1)
    size = ((truth - truth.mean(1, keepdims=True)) ** 2).sum((1, 2))
    expected = [procrustes(t, p)[2] for t, p in zip(truth, predicted, strict=True)]
    np.testing.assert_allclose(residual.numpy() / size, expected, rtol=1e-9)


def test_similar_poses_have_no_error_but_mirrored_ones_do() -> None:
    truth = torch.from_numpy(poses(2))
    turn = torch.from_numpy(Rotation.from_euler("xyz", [40, 50, 60], degrees=True).as_matrix())
    assert aligned_distances(2.5 * truth @ turn.T + 3.0, truth).max() < 1e-9
    assert aligned_distances(truth * torch.tensor([-1.0, 1, 1]), truth).mean(1).min() > 0.05


def test_scaling_alone() -> None:
    truth = torch.from_numpy(poses(3))
    assert scaled_distances(0.3 * truth, truth).max() < 1e-9
    predicted = truth + 0.1 * torch.from_numpy(poses(4))
    least = scaled_distances(predicted, truth).square().sum()
    for factor in (0.99, 1.01):  # the best scale is the best
        fitted = scaled_distances(predicted, truth)
        scale = (predicted * truth).sum((1, 2)) / predicted.square().sum((1, 2))
        other = distances(factor * scale[:, None, None] * predicted, truth)
        assert other.square().sum() > least
        assert fitted.square().sum() == least


def test_distances_are_euclidean() -> None:
    apart = distances(torch.tensor([[[3.0, 4.0, 0.0]]]), torch.zeros(1, 1, 3))
    assert apart.item() == pytest.approx(5)
