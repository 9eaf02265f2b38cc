"""What a detector would report of posed bodies, seen by cameras chosen at random.

Everything is drawn anew for every sample of every batch: the body (`variation`), the camera (`filming`) and
what the detector makes of the picture (`detections`). Some are people whom a detector really saw
(`observed`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from lifting_core.lifting.view import PersonView
from lifting_core.skeleton import JOINTS
from training.tasks.detections import KEYPOINTS, Detecting
from training.tasks.filming import STATURE, Camera, Filming
from training.tasks.observed import ObservedPeople, Seen
from training.tasks.variation import Variation

_RENDERED = 0.15
"""Share of rendered people, where there are any."""


class ViewSampler:
    """Draws (features, joints) for bodies of the motion capture.

    `points` (N, P, 3) metres, z up, in the order of `training.datasets.mocap.POINTS`.
    """

    def __init__(
        self,
        points: Tensor,
        generator: torch.Generator,
        camera: Camera | None = None,
        observed: ObservedPeople | None = None,
    ) -> None:
        self._points = points
        self._random = generator
        self._observed = observed
        self._vary = Variation(generator)
        self._film = Filming(generator, camera)
        self._detect = Detecting(generator, observed)
        self._view = PersonView(KEYPOINTS, apparent_size=True)

    def sample(self, chosen: Tensor, augment: bool = True) -> tuple[Tensor, Tensor]:
        """Bodies by number to features (N, F) for the network and joints (N, 27, 3) it should give."""
        observed = self._observed if augment else None
        rendered = round(_RENDERED * len(chosen)) if observed else 0
        seen = self._simulated(self._points[chosen[rendered:]], augment)
        if observed:
            seen = Seen(*map(torch.cat, zip(self._rendered(observed, rendered), seen, strict=True)))
        features, rotation = self._view.features(seen.rays, seen.confidence)
        joints = seen.points[:, 1 : len(JOINTS)] - seen.points[:, :1]
        return features, joints @ rotation.transpose(1, 2)

    def _simulated(self, bodies: Tensor, augment: bool) -> Seen:
        if augment:
            bodies = self._vary(bodies)
        shot = self._film(bodies)
        return Seen(*self._detect(shot), shot.points)

    def _rendered(self, observed: ObservedPeople, count: int) -> Seen:
        seen = observed.draw(count, STATURE, self._random)
        larger = torch.ones(count, 1, 3)
        larger[..., :2] = self._film.focal_errors(count)[:, None, None]
        return seen._replace(rays=seen.rays * larger)
