"""What there is to train on in motion capture: its bodies, seen by random cameras (`views`)."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.lifting.weights import LiftingModel, Profile
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import Clip, read_mocap, scaled_to_stature
from training.fitting.batches import Batches, mixed_seed
from training.fitting.model import new_model, standardise
from training.fitting.processes import ALONE, Processes
from training.fitting.recipe import Recipe
from training.fitting.run import Task
from training.tasks.detections import KEYPOINTS
from training.tasks.views import ViewSampler

log = logging.getLogger(__name__)

STATURE = 1.70
_SAMPLE = 65536
_TEST_VIEWS = 8192


def split_by_subject(clips: list[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Training and held-out clips: every eighth subject, by name, is never trained on."""
    subjects = sorted({clip.subject for clip in clips})
    held_out = set(subjects[3::8])
    return (
        [clip for clip in clips if clip.subject not in held_out],
        [clip for clip in clips if clip.subject in held_out],
    )


def sampling_weights(clips: list[Clip]) -> NDArray[np.float64]:
    """(N,) chance of every frame: subjects count by the square root of their frames, so none dominates."""
    frames: dict[str, int] = {}
    for clip in clips:
        frames[clip.subject] = frames.get(clip.subject, 0) + len(clip.points)
    weights = np.concatenate([np.full(len(clip.points), frames[clip.subject] ** -0.5) for clip in clips])
    chances: NDArray[np.float64] = weights / weights.sum()
    return chances


class SimulatedViews:
    """Views drawn anew for every step, from a seed of the step's own."""

    def __init__(
        self,
        points: Tensor,
        chances: Tensor,
        recipe: Recipe,
        seed: int,
        processes: Processes,
        device: torch.device,
    ) -> None:
        self._random = torch.Generator()
        self._sampler = ViewSampler(points, self._random)
        self._chances = chances
        self._batch_size = recipe.batch_size
        self._seed = (seed, processes.rank)
        self._device = device

    def draw(self, step: int, count: int) -> Batches:
        """See `training.fitting.batches.Source`."""
        drawn = [self._sample(step + i, self._batch_size) for i in range(count)]
        features, joints = (torch.stack(tensors) for tensors in zip(*drawn, strict=True))
        return features.to(self._device), joints.to(self._device)

    def sample(self, size: int) -> tuple[Tensor, Tensor]:
        """Views to take statistics of."""
        return self._sample(-1, size)

    def _sample(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        self._random.manual_seed(mixed_seed(*self._seed, step))
        chosen = torch.multinomial(self._chances, size, replacement=True, generator=self._random)
        return self._sampler.sample(chosen)


def simulated_task(
    folder: Path, recipe: Recipe, seed: int, device: torch.device, processes: Processes = ALONE
) -> Task:
    """Train the default profile on all subjects but every eighth, test on those.

    Raises InvalidInput when the folder holds no motion capture that can be read.
    """
    training, held_out = split_by_subject(read_mocap(folder))
    points = _points(training)
    unseen = _points(held_out or training)
    log.info("%d frames to train on, %d of other subjects to test on.", len(points), len(unseen))
    torch.manual_seed(seed)
    model = new_model(Profile(KEYPOINTS, JOINTS[1:], STATURE, apparent_size=True), recipe)
    chances = torch.from_numpy(sampling_weights(training))
    views = SimulatedViews(points, chances, recipe, seed, processes, device)
    standardise(model, *views.sample(_SAMPLE))
    record: dict[str, object] = {
        "set": "motion capture",
        "frames": len(points),
        "held_out_subjects": sorted({clip.subject for clip in held_out}),
    }
    steps = max(1, len(points) // (recipe.batch_size * processes.count))

    model.to(device)
    return Task(model, views, steps, partial(held_out_error, model, unseen, seed), record, torch.float16)


def _points(clips: list[Clip]) -> Tensor:
    return torch.from_numpy(np.concatenate([scaled_to_stature(clip, STATURE) for clip in clips]))


@torch.inference_mode()
def held_out_error(model: LiftingModel, points: Tensor, seed: int) -> float:
    """Millimetres of MPJPE over 17 joints (the pelvis counts, as in Protocol 1) on always the same views."""
    random = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(points), (_TEST_VIEWS,), generator=random)
    features, joints = ViewSampler(points, random).sample(chosen, augment=False)
    predicted = model(features.to(model.input_mean.device)).cpu()
    return float((predicted - joints).norm(dim=-1).sum(1).mean() / len(JOINTS) * 1000)
