"""A detector's real errors on rendered people, to be repeated on bodies of the motion capture.

Renders (`training.render`) are few, captured poses many. So what the detector got wrong about a rendered
person, and how sure it was, is transferred to bodies that are seen in much the same pose from much the same
side, where much the same is hidden.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.lifting.camera import project
from lifting_core.skeleton import LIMB_JOINTS
from training.datasets.mocap import POINTS
from training.datasets.renders import Renders

_LIMBS = [POINTS.index(name) for name in LIMB_JOINTS]
_PELVIS = POINTS.index("pelvis")
_LARGEST_ERROR = 0.15
"""Share of the stature: a median error beyond it means that the detector saw somebody else."""
_LIKENESS = 60.0
"""How strongly alike poses are preferred: per square metre over all limb joints, of a body 1 m tall."""
_CANDIDATES = 768
"""Rendered people, drawn anew for every batch, among whom a like one is sought."""


class ObservedErrors:
    """Errors and confidences by pose."""

    def __init__(self, renders: Renders, keypoints: tuple[str, ...], points: list[int]) -> None:
        """`points` are the columns of the true points that `keypoints` should be at."""
        columns = [KEYPOINT_NAMES.index(name) for name in keypoints]
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
        seen = torch.from_numpy(renders.points[good]).float()
        self._poses = _pose(seen) / torch.from_numpy(renders.stature[good]).float()[:, None]

    def __len__(self) -> int:
        return len(self._errors)

    def like(self, bodies: Tensor, stature: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Errors (N, K, 2), as shares of the stature in the picture, and confidences (N, K).

        For (N, P, 3) bodies in camera axes, each those of one of the rendered people most like it.
        """
        candidates = torch.randperm(len(self), generator=random)[:_CANDIDATES]
        apart = torch.cdist(_pose(bodies) / stature, self._poses[candidates]).square()
        chance = torch.softmax(-_LIKENESS * apart, dim=1).cumsum(1)
        drawn = torch.searchsorted(chance, torch.rand(len(bodies), 1, generator=random) * chance[:, -1:])
        chosen = candidates[drawn[:, 0].clamp(max=len(candidates) - 1)]
        return self._errors[chosen], self._confidence[chosen]


def _pose(points: Tensor) -> Tensor:
    """(N, P, 3) to (N, 36): where the limbs' joints are from the pelvis."""
    return (points[:, _LIMBS] - points[:, [_PELVIS]]).flatten(1)
