"""What a detector would report of posed bodies, seen by cameras chosen at random.

Everything is drawn anew for every sample of every batch: the body (`variation`), the camera (`filming`) and
what the detector makes of the picture (`detections`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from lifting_core.lifting.view import PersonView
from lifting_core.skeleton import JOINTS
from training.tasks.detections import KEYPOINTS, Detecting
from training.tasks.filming import Camera, Filming
from training.tasks.observed import ObservedErrors
from training.tasks.variation import Variation


class ViewSampler:
    """Draws (features, joints) for bodies of the motion capture.

    `points` (N, P, 3) metres, z up, in the order of `training.datasets.mocap.POINTS`.
    """

    def __init__(
        self,
        points: Tensor,
        generator: torch.Generator,
        camera: Camera | None = None,
        observed: ObservedErrors | None = None,
    ) -> None:
        self._points = points
        self._vary = Variation(generator)
        self._film = Filming(generator, camera)
        self._detect = Detecting(generator, observed)
        self._view = PersonView(KEYPOINTS, apparent_size=True)

    def sample(self, chosen: Tensor, augment: bool = True) -> tuple[Tensor, Tensor]:
        """Bodies by number to features (N, F) for the network and joints (N, 27, 3) it should give."""
        bodies = self._points[chosen]
        if augment:
            bodies = self._vary(bodies)
        shot = self._film(bodies)
        rays, confidence = self._detect(shot)
        features, rotation = self._view.features(rays, confidence)
        joints = shot.points[:, 1 : len(JOINTS)] - shot.points[:, :1]
        return features, joints @ rotation.transpose(1, 2)
