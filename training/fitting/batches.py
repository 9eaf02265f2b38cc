"""Where batches come from: a set of poses that lives on the device, shuffled anew in every epoch."""

from __future__ import annotations

import zlib
from typing import Protocol

import torch
from torch import Tensor

from training.fitting.processes import ALONE, Processes

Batches = tuple[Tensor, Tensor]
"""Features (C, B, K, F) and joints (C, B, J, 3) in metres of C batches of B poses."""


class Source(Protocol):
    """A stream of batches. It is a function of the step alone, so a run can go on from any step."""

    def draw(self, step: int, count: int) -> Batches:
        """The batches of `count` steps from `step` on, which do not reach beyond their epoch."""


def mixed_seed(*parts: int) -> int:
    """32 bits of seed, all that PyTorch's generator on the CPU heeds, that differ for different numbers."""
    return zlib.crc32(repr(parts).encode())


class Shuffled:
    """Every pose once an epoch, in random order; what does not fill a batch is left out.

    With several processes each takes its part of every batch, so that together they see what one process
    with so many times the batch size would see.
    """

    def __init__(
        self,
        features: Tensor,
        joints: Tensor,
        batch_size: int,
        seed: int,
        mirror: Mirror | None = None,
        processes: Processes = ALONE,
    ) -> None:
        self._features, self._joints = features, joints
        self._batch_size, self._seed = batch_size, seed
        self._mirror = mirror
        self._processes = processes
        self.steps_per_epoch = len(features) // (batch_size * processes.count)
        self._epoch = -1
        self._order = torch.empty(0)
        self._flipped = torch.empty(0)

    def draw(self, step: int, count: int) -> Batches:
        """See `Source`."""
        epoch, first = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._shuffle(epoch)
        size = self._batch_size * self._processes.count
        places = self._order[first * size : (first + count) * size]
        rows = places.view(count, self._processes.count, self._batch_size)[:, self._processes.rank].flatten()
        features, joints = self._features[rows], self._joints[rows]
        if self._mirror is not None:
            features, joints = self._mirror(features, joints, self._flipped[rows])
        shape = (count, self._batch_size)
        return features.view(*shape, *features.shape[1:]), joints.view(*shape, *joints.shape[1:])

    def _shuffle(self, epoch: int) -> None:
        generator = torch.Generator().manual_seed(mixed_seed(self._seed, epoch))
        device = self._features.device
        self._order = torch.randperm(len(self._features), generator=generator).to(device)
        if self._mirror is not None:
            self._flipped = (torch.rand(len(self._features), generator=generator) < 0.5).to(device)
        self._epoch = epoch


class Mirror:
    """Mirrors poses left to right: features about `axis`, joints about their own pelvis."""

    def __init__(self, keypoints: list[int], joints: list[int], axis: float) -> None:
        """Columns of the opposite sides' keypoints and joints; x of the mirror in pixels."""
        self._keypoints, self._joints, self._axis = keypoints, joints, axis

    def features(self, features: Tensor) -> Tensor:
        """(N, K, 2) pixels of the mirrored people."""
        swapped = features[:, self._keypoints]
        return torch.stack([2 * self._axis - swapped[..., 0], swapped[..., 1]], -1)

    def joints(self, joints: Tensor) -> Tensor:
        """(N, J, 3) joints of the mirrored people."""
        return joints[:, self._joints] * torch.tensor([-1.0, 1.0, 1.0], device=joints.device)

    def __call__(self, features: Tensor, joints: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Mirror the chosen (N,) poses."""
        where = chosen[:, None, None]
        return (
            torch.where(where, self.features(features), features),
            torch.where(where, self.joints(joints), joints),
        )
