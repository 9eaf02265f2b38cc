"""Coordinates in which a fit's cost rises about equally in all directions.

Rigid bones and accelerations make the cost of a body's path steep in some directions and flat in others by a
factor of thousands, which takes descent along the gradient many steps. Its Hessian is nearly a Kronecker sum
of a matrix over the joints, for each axis one, and a matrix over time, whose eigenvectors are cosines. Along
these, every coordinate is measured in units of its own standard deviation (preconditioning; Nocedal and
Wright, Numerical Optimization, 2006, section 5.1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct, idct
from torch import Tensor


class Preconditioner:
    """From J * T * 3 numbers of about equal weight to paths of J joints over T frames."""

    def __init__(self, joints: NDArray[np.float64], acceleration: float, frames: int) -> None:
        """What the Hessian is taken to be.

        Arguments: joints (3, J, J), positive definite, of the x, y and z of a frame's joints, 1 / metre^2;
        acceleration, of the second differences of a joint's path, 1 / metre^2.
        """
        stiffness, vectors = np.linalg.eigh(joints)
        bending = (2 - 2 * np.cos(np.pi * np.arange(frames) / frames)) ** 2
        deviation = (stiffness.T + acceleration * bending[:, None, None]) ** -0.5
        self._vectors = torch.from_numpy(vectors.astype(np.float32))
        self._deviation = torch.from_numpy(deviation.astype(np.float32))

    def paths(self, coordinates: Tensor) -> Tensor:
        """(T, J, 3) metres."""
        amplitudes = torch.einsum("xjk,tkx->tjx", self._vectors, self._deviation * coordinates)
        paths: Tensor = _FromCosines.apply(amplitudes)  # type: ignore[no-untyped-call]
        return paths


class _FromCosines(torch.autograd.Function):
    """Amplitudes of cosines (T, ...) to their sum over time; orthonormal, so its transpose goes back."""

    @staticmethod
    def forward(_: Any, amplitudes: Tensor) -> Tensor:
        return torch.from_numpy(idct(amplitudes.numpy(), axis=0, norm="ortho"))

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        return torch.from_numpy(dct(gradients[0].numpy(), axis=0, norm="ortho"))
