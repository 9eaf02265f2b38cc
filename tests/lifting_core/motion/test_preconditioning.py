from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from lifting_core.motion.preconditioning import Preconditioner

FRAMES, STIFF = 40, 3e4


def ties(random: np.random.Generator, joints: int) -> NDArray[np.float64]:
    """(J, J) a chain of joints with stiff bones, each held in its place more or less."""
    held = np.diag(random.uniform(5, 50, joints))
    bones = np.diff(np.eye(joints), axis=0)
    matrix: NDArray[np.float64] = held + STIFF * bones.T @ bones
    return matrix


def test_costs_curve_about_equally_in_all_directions() -> None:
    """The Hessian of bones and accelerations, written out, has a condition in the thousands before."""
    random = np.random.default_rng(0)
    axes = np.stack([ties(random, 4) for _ in range(3)])
    bent = np.diff(np.eye(FRAMES), 2, axis=0)
    acceleration = 1e4
    hessian = torch.zeros(3, FRAMES * 4, FRAMES * 4, dtype=torch.float64)
    for axis, matrix in enumerate(axes):
        whole = np.kron(np.eye(FRAMES), matrix) + acceleration * np.kron(bent.T @ bent, np.eye(4))
        hessian[axis] = torch.from_numpy(whole)
    preconditioner = Preconditioner(axes, acceleration, FRAMES)
    unit = torch.eye(FRAMES * 4).reshape(-1, FRAMES, 4)
    for axis in range(3):
        coordinates = torch.zeros(FRAMES * 4, FRAMES, 4, 3)
        coordinates[..., axis] = unit
        paths = torch.stack([preconditioner.paths(one) for one in coordinates])
        assert not paths[..., [other for other in range(3) if other != axis]].any()
        columns = paths[..., axis].flatten(1).double()
        values = np.linalg.eigvalsh((columns @ hessian[axis] @ columns.T).numpy())
        before = np.linalg.eigvalsh(hessian[axis].numpy())
        assert before[-1] / before[0] > 3000
        assert values[-1] / values[0] < 10


def test_gradients_are_those_of_finite_differences() -> None:
    matrices = np.stack([ties(np.random.default_rng(seed), 3) for seed in range(3)])
    preconditioner = Preconditioner(matrices, 1e3, 5)
    coordinates = torch.randn(5, 3, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    weights = torch.randn(5, 3, 3, generator=torch.Generator().manual_seed(1))
    (weights * preconditioner.paths(coordinates)).sum().backward()  # type: ignore[no-untyped-call]
    assert coordinates.grad is not None
    step = torch.zeros(5, 3, 3)
    for place in ((0, 0, 0), (2, 1, 2), (4, 2, 1)):
        step.zero_()[place] = 1.0
        with torch.no_grad():
            difference = preconditioner.paths(coordinates + step) - preconditioner.paths(coordinates - step)
        expected = float((weights * difference).sum() / 2)
        assert abs(float(coordinates.grad[place]) - expected) < 1e-4
