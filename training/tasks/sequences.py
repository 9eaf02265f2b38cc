"""Stretches of motion capture, filmed and detected frame by frame, as windows for the temporal network."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lifting_core.lifting.temporal import window_features
from lifting_core.lifting.view import CONFIDENT, person_view
from lifting_core.lifting.weights import LiftingModel
from lifting_core.skeleton import JOINTS
from training.tasks.detections import Detecting
from training.tasks.filming import Filming
from training.tasks.observed import ObservedErrors
from training.tasks.variation import Variation

FRAMES = 48
"""Of a stretch: as many as a window reaches back and forth, and some in between."""
MIDDLES = 16
"""Windows that are taken of a stretch."""
_PACES = (0.6, 1.8)
"""Range of frames of the capture to a frame of the film: slower and faster motion."""


class SequenceSampler:
    """Draws (windows, joints) of the middle frames.

    `clips` are (T, P, 3) bodies at some 25 to 30 Hz, `chances` (N,) how often each is to be drawn.
    """

    def __init__(
        self,
        model: LiftingModel,
        clips: list[Tensor],
        chances: Tensor,
        window: int,
        generator: torch.Generator,
        observed: ObservedErrors | None = None,
    ) -> None:
        self._model = model
        self._clips = [clip for clip in clips if len(clip) >= 2]
        self._chances = chances[[len(clip) >= 2 for clip in clips]]
        self._window = window
        self._random = generator
        self._vary = Variation(generator)
        self._film = Filming(generator)
        self._detect = Detecting(generator, observed)

    def sample(self, stretches: int, augment: bool = True) -> tuple[Tensor, Tensor]:
        """(N, W, F) windows and the (N, J, 3) joints of their middle frames, `MIDDLES` of every stretch."""
        bodies = self._stretches(stretches)
        if augment:
            bodies = self._vary(bodies)
        shot = self._film(bodies)
        rays, confidence = self._detect(shot)
        windows = self._windows(stretches)
        features, rotations = self.windowed(rays, confidence, windows)
        truth = (shot.points[..., 1 : len(JOINTS), :] - shot.points[..., :1, :]).flatten(0, 1)
        middle = windows[:, self._window // 2]
        return features, truth[middle] @ rotations[middle].transpose(1, 2)

    @torch.no_grad()
    def windowed(self, rays: Tensor, confidence: Tensor, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Features of windows and rotations of all frames, from (S, T, K, 3) rays and their confidence."""
        rays, confidence = rays.flatten(0, 1), confidence.flatten(0, 1)
        features, rotations, sizes = person_view(rays, confidence)
        row = torch.cat([features.flatten(1), sizes.log()[:, None]], 1)
        joints = self._model(row) @ rotations
        known = torch.where(confidence >= CONFIDENT, confidence, 0.0)
        return window_features(joints, rays, known, rotations, sizes, windows), rotations

    def _stretches(self, count: int) -> Tensor:
        """(S, T, P, 3) stretches at some pace from anywhere in a clip; short clips stand still at last."""
        chosen = torch.multinomial(self._chances, count, replacement=True, generator=self._random)
        paces = torch.empty(count).uniform_(*map(math.log, _PACES), generator=self._random).exp()
        begins = torch.rand(count, generator=self._random)
        found = []
        for number, pace, begin in zip(chosen.tolist(), paces.tolist(), begins.tolist(), strict=True):
            clip = self._clips[number]
            last = len(clip) - 1
            at = (begin * max(last - pace * (FRAMES - 1), 0) + pace * torch.arange(FRAMES)).clamp(max=last)
            before = at.long().clamp(max=last - 1)
            share = (at - before)[:, None, None]
            found.append(clip[before] * (1 - share) + clip[before + 1] * share)
        return torch.stack(found)

    def _windows(self, stretches: int) -> Tensor:
        """(N, W) numbers of frames, counted through all stretches; ends stand for what is beyond them."""
        middles = torch.rand(stretches, FRAMES, generator=self._random).argsort(1)[:, :MIDDLES]
        steps = torch.arange(self._window) - self._window // 2
        frames = (middles[..., None] + steps).clamp(0, FRAMES - 1)
        return (frames + FRAMES * torch.arange(stretches)[:, None, None]).flatten(0, 1)
