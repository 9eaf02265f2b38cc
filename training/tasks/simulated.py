"""What there is to train on in motion capture: its bodies, seen by random cameras (`views`)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lifting_core.errors import InvalidInput
from lifting_core.lifting.weights import LiftingModel, Profile, load_model
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import Clip, read_mocap, scaled_to_stature
from training.datasets.renders import joined, read_renders
from training.fitting.batches import Batches, mixed_seed
from training.fitting.model import new_model, standardise
from training.fitting.processes import ALONE, Processes
from training.fitting.recipe import Recipe
from training.fitting.run import Task
from training.tasks.detections import KEYPOINTS, POINTS_OF_KEYPOINTS
from training.tasks.filming import STATURE
from training.tasks.observed import ObservedPeople
from training.tasks.sampling import chances
from training.tasks.views import ViewSampler

log = logging.getLogger(__name__)

_SAMPLE = 65536
_TEST_VIEWS = 8192


def split_by_subject(clips: list[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Training and held-out clips: every eighth subject, in the order of the clips, is never trained on."""
    subjects = list(dict.fromkeys(clip.subject for clip in clips))
    held_out = set(subjects[3::8])
    return (
        [clip for clip in clips if clip.subject not in held_out],
        [clip for clip in clips if clip.subject in held_out],
    )


class SimulatedViews:
    """Views drawn anew for every step, from a seed of the step's own."""

    def __init__(
        self,
        clips: list[Clip],
        observed: ObservedPeople | None,
        batch_size: int,
        seed: tuple[int, ...],
        device: torch.device,
    ) -> None:
        self._random = torch.Generator()
        bodies = _points(clips)
        self._sampler = ViewSampler(bodies, self._random, observed=observed)
        self._chances = chances(clips, bodies)
        self._batch_size = batch_size
        self._seed = seed
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


@dataclass(frozen=True)
class Sources:
    """What the training on motion capture starts from."""

    motion: Path
    """Folder of motion capture."""
    renders: tuple[Path, ...] = ()
    """Folders of renders, on which detectors made their errors."""
    weights: Path | None = None
    """Weights to go on with, in place of random ones."""

    def observed(self, held_out: bool = False) -> ObservedPeople | None:
        """The detectors' errors on renders to train on, or on those held out.

        Raises InvalidInput when there are none.
        """
        if not self.renders:
            return None
        renders = joined([read_renders(folder, held_out) for folder in self.renders])
        return ObservedPeople(renders, KEYPOINTS, POINTS_OF_KEYPOINTS)

    def record(self, clips: list[Clip], observed: ObservedPeople | None) -> dict[str, object]:
        """For the weights file."""
        return {
            "set": "motion capture",
            "frames": sum(len(clip.points) for clip in clips),
            "observed_errors": 0 if observed is None else len(observed),
            "began_with": None if self.weights is None else self.weights.name,
        }


def simulated_task(
    sources: Sources, recipe: Recipe, seed: int, device: torch.device, processes: Processes = ALONE
) -> Task:
    """Train the default profile on all subjects but every eighth, test on those.

    Raises InvalidInput when there is no motion capture that can be read, or the other sources do not fit.
    """
    training, held_out = split_by_subject(read_mocap(sources.motion))
    observed = sources.observed()
    record = sources.record(training, observed)
    log.info("%s frames to train on.", record["frames"])
    torch.manual_seed(seed)
    views = SimulatedViews(training, observed, recipe.batch_size, (seed, processes.rank), device)
    if sources.weights is None:
        model = new_model(Profile(KEYPOINTS, JOINTS[1:], STATURE, apparent_size=True), recipe)
        standardise(model, *views.sample(_SAMPLE))
    else:
        model = full_body_model(sources.weights).requires_grad_(True)
    record["held_out_subjects"] = sorted({clip.subject for clip in held_out})
    steps = max(1, sum(len(clip.points) for clip in training) // (recipe.batch_size * processes.count))
    test_error = partial(held_out_error, model.to(device), _points(held_out or training), seed)
    return Task(model, views, steps, test_error, record, torch.float16)


def full_body_model(weights: Path) -> LiftingModel:
    """Weights of the default profile. Raises InvalidInput when they are of another."""
    model = load_model(weights)
    if model.profile.keypoints != KEYPOINTS or model.profile.joints != JOINTS[1:]:
        raise InvalidInput(
            f"{weights} does not read the keypoints that motion capture gives.",
            "Name weights that training.train made of motion capture.",
        )
    return model


def _points(clips: list[Clip]) -> Tensor:
    return torch.from_numpy(np.concatenate([scaled_to_stature(clip, STATURE) for clip in clips]))


@torch.inference_mode()
def held_out_error(model: LiftingModel, points: Tensor, seed: int) -> float:
    """Millimetres of MPJPE over all joints (the pelvis counts, as in Protocol 1) on always the same views."""
    random = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(points), (_TEST_VIEWS,), generator=random)
    features, joints = ViewSampler(points, random).sample(chosen, augment=False)
    predicted = model(features.to(model.input_mean.device)).cpu()
    return float((predicted - joints).norm(dim=-1).sum(1).mean() / len(JOINTS) * 1000)
