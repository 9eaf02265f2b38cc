"""What a detector really makes of rendered people (`training.render`).

Renders are few, captured poses many. So what the detector got wrong about a rendered person, and how sure it
was, is transferred to bodies that are seen in much the same pose from much the same side, where much the same
is hidden. Rendered people are trained on themselves, too: their errors go with their poses exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lifting_core.camera.pinhole import project, rays
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.skeleton import LIMB_JOINTS, mirrored
from training.datasets.mocap import POINTS
from training.datasets.renders import Renders
from training.tasks.variation import MIRROR, rotations

_LIMBS = [POINTS.index(name) for name in LIMB_JOINTS]
_PELVIS = POINTS.index("pelvis")
_LARGEST_ERROR = 0.15
"""Share of the stature: a median error beyond it means that the detector saw somebody else."""
_LIKENESS = 60.0
"""How strongly alike poses are preferred: per square metre over all limb joints, of a body 1 m tall."""
_CANDIDATES = 768
"""Rendered people, drawn anew for every batch, among whom a like one is sought."""
_ROLL, _NOISE = 8.0, 0.008
"""Standard deviations by which no two draws of a rendered person are the same: degrees about the camera's
axis, and shares of the stature by which keypoints are off in addition."""


class Seen(NamedTuple):
    """People as a detector sees them."""

    rays: Tensor
    """(N, K, 3) of the keypoints, camera axes, z = 1."""
    confidence: Tensor
    """(N, K)"""
    points: Tensor
    """(N, P, 3) metres, camera axes: the truth."""


class ObservedPeople:
    """Rendered people, as they are and as they were detected."""

    def __init__(self, renders: Renders, keypoints: tuple[str, ...], points: list[int]) -> None:
        """`points` are the columns of the true points that `keypoints` should be at."""
        columns = [KEYPOINT_NAMES.index(name) for name in keypoints]
        self._mirror = [keypoints.index(mirrored(name)) for name in keypoints]
        renders = renders.rows(renders.found)
        truth = np.stack(
            [project(*one) for one in zip(renders.points[:, points], renders.camera_matrix, strict=True)]
        )
        depth = renders.points[:, _PELVIS, 2].astype(np.float64)
        stature = renders.camera_matrix[:, 0, 0] * renders.stature / depth
        errors = (renders.keypoints[:, columns] - truth) / stature[:, None, None]
        good = np.median(np.linalg.norm(errors, axis=-1), axis=1) < _LARGEST_ERROR
        self._errors = torch.from_numpy(errors[good]).float()
        self._confidence = torch.from_numpy(renders.confidence[good][:, columns]).float()
        self._points = torch.from_numpy(renders.points[good] / renders.stature[good, None, None]).float()
        self._poses = _pose(self._points)
        directions = [
            rays(*one)
            for one in zip(renders.keypoints[good][:, columns], renders.camera_matrix[good], strict=True)
        ]
        self._rays = torch.from_numpy(np.stack(directions)).float()

    def __len__(self) -> int:
        return len(self._errors)

    def draw(self, count: int, stature: float, random: torch.Generator) -> Seen:
        """Some of the people, made `stature` metres tall, mirrored or not, none twice quite the same."""
        chosen = torch.randint(len(self), (count,), generator=random)
        seen = Seen(self._rays[chosen], self._confidence[chosen], stature * self._points[chosen])
        flipped = torch.rand(count, generator=random) < 0.5
        for own, mirrored_own in zip(seen, self._mirrored(seen), strict=True):
            own[flipped] = mirrored_own[flipped]
        angle = torch.deg2rad(_ROLL * torch.randn(count, 1, generator=random))
        roll = rotations(angle * torch.tensor([0.0, 0.0, 1.0])).transpose(1, 2)
        directions, points = seen.rays @ roll, seen.points @ roll
        noise = _NOISE * torch.randn(*seen.confidence.shape, 2, generator=random)
        directions[..., :2] += stature / points[:, :1, 2:] * noise
        return Seen(directions, _elsewhere(seen.confidence, random), points)

    def _mirrored(self, seen: Seen) -> Seen:
        mirror = torch.tensor([-1.0, 1.0, 1.0])
        return Seen(
            seen.rays[:, self._mirror] * mirror,
            seen.confidence[:, self._mirror],
            seen.points[:, MIRROR] * mirror,
        )

    def like(self, bodies: Tensor, stature: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Errors (N, K, 2), as shares of the stature in the picture, and confidences (N, K).

        For (N, P, 3) bodies in camera axes, each those of one of the rendered people most like it.
        """
        candidates = torch.randperm(len(self), generator=random)[:_CANDIDATES]
        apart = torch.cdist(_pose(bodies) / stature, self._poses[candidates]).square()
        chance = torch.softmax(-_LIKENESS * apart, dim=1).cumsum(1)
        drawn = torch.searchsorted(chance, torch.rand(len(bodies), 1, generator=random) * chance[:, -1:])
        chosen = candidates[drawn[:, 0].clamp(max=len(candidates) - 1)]
        return self._errors[chosen], _elsewhere(self._confidence[chosen], random)


def _elsewhere(confidence: Tensor, random: torch.Generator) -> Tensor:
    """(N, K): pictures of other makes leave the detector more or less sure of the same thing."""
    return confidence ** torch.rand(len(confidence), 1, generator=random)


def _pose(points: Tensor) -> Tensor:
    """(N, P, 3) to (N, 36): where the limbs' joints are from the pelvis."""
    return (points[:, _LIMBS] - points[:, [_PELVIS]]).flatten(1)
