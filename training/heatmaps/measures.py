"""How well joints are found in pictures of people who were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lifting_core.detection.hourglass.keypoints import HourglassKeypoints
from lifting_core.detection.hourglass.weights import HourglassModel
from training.datasets.mpii import AnnotatedPerson
from training.heatmaps.samples import read_picture

_UNCOUNTED = ("pelvis", "thorax")
"""Joints that MPII's evaluation leaves out of the mean."""
_BATCH = 16

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class HeldOut:
    """Errors over all annotated joints of some people."""

    pckh: float | None
    """Per cent of the joints, pelvis and thorax not counted, that are found to within half the size of the
    head (Andriluka et al., CVPR 2014); None where no head size is known."""
    pixels: float
    """Mean distance in pixels of the picture."""
    by_joint: dict[str, float | None]
    """PCKh@0.5 of every joint."""


def evaluate(model: HourglassModel, people: Sequence[AnnotatedPerson], device: torch.device) -> HeldOut:
    """Find the joints of people in their squares, with the mean of the picture and its mirror image."""
    finder = HourglassKeypoints(model, device)
    found = []
    for start in range(0, len(people), _BATCH):
        batch = people[start : start + _BATCH]
        crops = [p.region.crop(read_picture(p.image), finder.input_size) for p in batch]
        positions, _ = finder.find(np.stack(crops))
        found += [p.region.from_crop(x, finder.input_size) for p, x in zip(batch, positions, strict=True)]
    truth = np.stack([person.joints for person in people])
    heads = np.array([person.head for person in people])
    return scores(np.stack(found), truth, heads, model.profile.joints)


def scores(
    found: Floats,
    truth: Floats,
    heads: Floats,
    names: Sequence[str],
) -> HeldOut:
    """Compare (N, J, 2) pixels with the truth, NaN where unknown; `heads` are (N,) sizes in pixels."""
    distance = np.linalg.norm(found - truth, axis=-1)
    known = np.isfinite(distance) & np.isfinite(heads)[:, None]
    hits = np.where(known, distance <= 0.5 * heads[:, None], np.nan)
    counted = [i for i, name in enumerate(names) if name not in _UNCOUNTED]
    return HeldOut(
        pckh=_percentage(hits[:, counted]),
        pixels=float(np.nanmean(distance)),
        by_joint={name: _percentage(hits[:, i]) for i, name in enumerate(names)},
    )


def _percentage(hits: Floats) -> float | None:
    return float(100 * np.nanmean(hits)) if np.isfinite(hits).any() else None
