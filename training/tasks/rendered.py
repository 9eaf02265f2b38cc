"""What a real detector saw of rendered people, to be mixed with simulated views."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.lifting.camera import rays
from lifting_core.lifting.view import PersonView
from lifting_core.skeleton import JOINTS
from training.datasets.renders import Renders
from training.tasks.detections import KEYPOINTS
from training.tasks.habits import FRAMES, MIRRORED, STATURE
from training.tasks.variation import MIRROR

_FOCAL_ERROR = 0.2
"""Standard deviation of the logarithm of assumed over true focal length."""
_COLUMNS = [KEYPOINT_NAMES.index(name) for name in KEYPOINTS]
_FLIP = torch.tensor([-1.0, 1.0, 1.0])


class RenderedDetections:
    """Draws real detections with their truth, mirrored half the time, bodies brought to one stature."""

    def __init__(self, renders: Renders, generator: torch.Generator) -> None:
        self._random = generator
        self._view = PersonView(KEYPOINTS, apparent_size=True)
        found = renders.rows(renders.found)
        directions = [
            rays(keypoints, matrix)
            for keypoints, matrix in zip(found.keypoints[:, _COLUMNS], found.camera_matrix, strict=True)
        ]
        self._rays = torch.from_numpy(np.stack(directions)).float()
        self._confidence = torch.from_numpy(found.confidence[:, _COLUMNS])
        self._points = torch.from_numpy(found.points * (STATURE / found.stature)[:, None, None])
        self._videos = torch.from_numpy(_videos(found))

    def __len__(self) -> int:
        return len(self._rays)

    def sample(self, count: int) -> tuple[Tensor, Tensor]:
        """Features (N, F) of single pictures and joints (N, 27, 3), as `views.ViewSampler` gives them."""
        chosen = torch.randint(len(self._rays), (count, 1), generator=self._random)
        seen, confidence, points = self._drawn(chosen)
        features, rotation = self._view.features(seen[:, 0], confidence[:, 0])
        joints = points[:, 0, 1 : len(JOINTS)] - points[:, 0, :1]
        return features, joints @ rotation.transpose(1, 2)

    def stretches(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Rays (S, T, K, 3), confidences (S, T, K) and points (S, T, P, 3) of whole videos at 15 Hz."""
        chosen = torch.randint(len(self._videos), (count,), generator=self._random)
        return self._drawn(self._videos[chosen])

    def _drawn(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of rows (S, T); focal lengths are a little wrong, the same in all of a stretch."""
        seen, confidence, points = self._rays[rows], self._confidence[rows], self._points[rows]
        mirrored = torch.rand(len(rows), 1, 1, generator=self._random) < 0.5
        seen = torch.where(mirrored[..., None], seen[..., MIRRORED, :] * _FLIP, seen)
        confidence = torch.where(mirrored, confidence[..., MIRRORED], confidence)
        points = torch.where(mirrored[..., None], points[..., MIRROR, :] * _FLIP, points)
        zoom = torch.exp(_FOCAL_ERROR * torch.randn(len(rows), 1, 1, 1, generator=self._random))
        return seen * torch.cat([zoom, zoom, torch.ones_like(zoom)], -1), confidence, points


def _videos(found: Renders) -> NDArray[np.int64]:
    """(V, T) rows of people who were found in every frame of a video."""
    rows = np.flatnonzero(found.time == 0)[:, None] + np.arange(FRAMES)
    rows = rows[rows[:, -1] < len(found)]
    whole = (found.shot[rows] == found.shot[rows[:, :1]]).all(1)
    whole &= (found.person[rows] == found.person[rows[:, :1]]).all(1)
    videos: NDArray[np.int64] = rows[whole]
    return videos
