"""What there is to train the temporal network on: motion capture as clips (`sequences`)."""

from __future__ import annotations

import logging
from functools import partial

import numpy as np
import torch
from torch import Tensor

from lifting_core.lifting.temporal import TemporalShape
from lifting_core.lifting.weights import LiftingModel, TemporalModel
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import Clip, read_mocap, scaled_to_stature
from training.fitting.batches import Batches, mixed_seed
from training.fitting.processes import ALONE, Processes
from training.fitting.recipe import Recipe
from training.fitting.run import Task
from training.tasks.detections import KEYPOINTS
from training.tasks.observed import ObservedErrors
from training.tasks.sequences import MIDDLES, SequenceSampler
from training.tasks.simulated import Sources, full_body_model, split_by_subject

log = logging.getLogger(__name__)

WINDOW = 27
_SAMPLE = 256
_TEST_STRETCHES = 256


class Stretches:
    """Windows drawn anew for every step, from a seed of the step's own."""

    def __init__(
        self, sampler: SequenceSampler, random: torch.Generator, batch_size: int, seed: tuple[int, ...]
    ) -> None:
        self._sampler = sampler
        self._random = random
        self._stretches = max(1, batch_size // MIDDLES)
        self._seed = seed

    def draw(self, step: int, count: int) -> Batches:
        """See `training.fitting.batches.Source`."""
        drawn = [self.sample(step + i, self._stretches) for i in range(count)]
        windows, joints = (torch.stack(tensors) for tensors in zip(*drawn, strict=True))
        return windows, joints

    def sample(self, step: int, stretches: int) -> tuple[Tensor, Tensor]:
        """The windows of a step; of step -1 those to take statistics of."""
        self._random.manual_seed(mixed_seed(*self._seed, step))
        return self._sampler.sample(stretches)


def video_task(
    sources: Sources, recipe: Recipe, seed: int, device: torch.device, processes: Processes = ALONE
) -> Task:
    """Train a temporal network on top of single-frame weights, on the same subjects.

    Raises InvalidInput when there is no motion capture, or the other sources do not fit.
    """
    assert sources.weights is not None
    model = full_body_model(sources.weights)
    training, held_out = split_by_subject(read_mocap(sources.motion))
    observed = sources.observed()
    torch.manual_seed(seed)
    features = 3 * (len(JOINTS) - 1 + len(KEYPOINTS))
    shape = TemporalShape(features, 3 * (len(JOINTS) - 1), recipe.width, WINDOW)
    model.temporal = TemporalModel(model.profile, shape)
    model.to(device)
    source = sampled_stretches(model, training, observed, recipe.batch_size, (seed, processes.rank))
    _standardise(model.temporal, *source.sample(-1, _SAMPLE))
    record = sources.record(training, observed)
    test_error = partial(held_out_error, model, held_out or training, seed)
    steps = max(1, sum(len(clip.points) for clip in training) // (recipe.batch_size * processes.count))
    return Task(model.temporal, source, steps, test_error, record, torch.float16, model)


def sampled_stretches(
    model: LiftingModel,
    clips: list[Clip],
    observed: ObservedErrors | None,
    batch_size: int,
    seed: tuple[int, ...],
) -> Stretches:
    """Windows of clips, with the single-frame poses of the model."""
    random = torch.Generator()
    sampler = SequenceSampler(model, bodies_of(clips), clip_chances(clips), WINDOW, random, observed)
    return Stretches(sampler, random, batch_size, seed)


def bodies_of(clips: list[Clip], stature: float = 1.70) -> list[Tensor]:
    """(T, P, 3) bodies of every clip, of one stature."""
    return [torch.from_numpy(scaled_to_stature(clip, stature)) for clip in clips]


def clip_chances(clips: list[Clip]) -> Tensor:
    """(N,) chance of every clip: subjects count by the square root of their frames."""
    frames: dict[str, int] = {}
    for clip in clips:
        frames[clip.subject] = frames.get(clip.subject, 0) + len(clip.points)
    chances = np.array([len(clip.points) * frames[clip.subject] ** -0.5 for clip in clips])
    return torch.from_numpy(chances / chances.sum())


def _standardise(model: TemporalModel, windows: Tensor, joints: Tensor) -> None:
    """Inputs by mean and deviation over all frames, corrections by the deviation of the errors."""
    deviation, mean = torch.std_mean(windows.flatten(0, 1).double(), dim=0, correction=0)
    model.input_mean.copy_(mean)
    model.input_deviation.copy_(deviation.clamp(min=1e-3))
    middle = windows[:, windows.shape[1] // 2, : len(model.output_deviation)]
    model.output_deviation.copy_((joints.flatten(1) - middle).std(0).clamp(min=1e-3))


@torch.inference_mode()
def held_out_error(model: LiftingModel, clips: list[Clip], seed: int) -> float:
    """Millimetres of the joints' error, the pelvis counted, on always the same windows of unseen subjects."""
    assert model.temporal is not None
    random = torch.Generator().manual_seed(seed)
    sampler = SequenceSampler(model, bodies_of(clips), clip_chances(clips), WINDOW, random)
    windows, joints = sampler.sample(_TEST_STRETCHES, augment=False)
    apart = (model.temporal(windows) - joints).norm(dim=-1)
    return float(apart.sum(1).mean() / len(JOINTS) * 1000)
