from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.lifting.view import PersonView
from lifting_core.lifting.weights import LiftingModel
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import Clip
from training.tasks.detections import KEYPOINTS
from training.tasks.sequences import FRAMES, MIDDLES, SequenceSampler
from training.tasks.simulated import full_body_model

_WINDOW = 9


@pytest.fixture
def model(small_weights: Path) -> LiftingModel:
    return full_body_model(small_weights)


def sampler(model: LiftingModel, clips: list[Tensor], seed: int = 0) -> SequenceSampler:
    chances = torch.ones(len(clips)) / len(clips)
    return SequenceSampler(model, clips, chances, _WINDOW, torch.Generator().manual_seed(seed))


def growing(standing: NDArray[np.float64], frames: int) -> Tensor:
    """Somebody who stands still and grows by 1 % a frame, so that sizes tell the time."""
    scale = 1 + 0.01 * torch.arange(frames)
    return (scale[:, None, None] * torch.from_numpy(standing)).float()


def sizes(joints: Tensor, standing: NDArray[np.float64]) -> Tensor:
    """(N,) by how much people have grown."""
    at_first = torch.from_numpy(standing[1 : len(JOINTS)] - standing[0]).norm(dim=-1)
    return (joints.norm(dim=-1) / at_first).median(dim=1).values


def test_people_are_the_recorded_ones(model: LiftingModel, people: list[Clip]) -> None:
    """Turned into a view and no more: the distances between their joints are recorded ones."""
    recorded = torch.from_numpy(people[0].points)
    windows, joints = sampler(model, [recorded]).sample(8, augment=False)
    assert windows.shape == (8 * MIDDLES, _WINDOW, 3 * (len(JOINTS) - 1 + len(KEYPOINTS)))
    assert joints.shape == (8 * MIDDLES, len(JOINTS) - 1, 3)
    apart = torch.cdist(joints, joints)
    there = torch.cdist(recorded[:, 1 : len(JOINTS)], recorded[:, 1 : len(JOINTS)])
    low, high = there.min(0).values - 1e-3, there.max(0).values + 1e-3
    # Between two recorded frames points are on the straight line, so nothing gets longer.
    assert (apart < high).all()
    assert (apart > low - 0.02).all()


def test_stretches_are_slower_and_faster_than_the_capture(
    model: LiftingModel, standing: NDArray[np.float64]
) -> None:
    _, joints = sampler(model, [growing(standing, 400)]).sample(200, augment=False)
    grown = sizes(joints, standing).view(200, MIDDLES)
    frames = (grown.max(1).values - grown.min(1).values) / 0.01
    assert frames.max() <= 1.8 * (FRAMES - 1) + 0.1
    assert frames.min() < 0.9 * (FRAMES - 1)
    assert frames.max() > 1.2 * (FRAMES - 1)
    assert grown.min() < 1.3  # they begin anywhere
    assert grown.max() > 4.5


def test_short_clips_stand_still_at_last(model: LiftingModel, standing: NDArray[np.float64]) -> None:
    _, joints = sampler(model, [growing(standing, 5)]).sample(20, augment=False)
    grown = sizes(joints, standing)
    assert grown.max() == pytest.approx(1.04, abs=1e-4)
    assert (grown > 1.0399).float().mean() > 0.8


def test_clips_of_one_frame_are_left_out(model: LiftingModel, standing: NDArray[np.float64]) -> None:
    made = sampler(model, [growing(standing, 1), 3 * growing(standing, 60)])
    _, joints = made.sample(20, augment=False)
    assert sizes(joints, standing).min() >= 2.999


def test_windows_hold_the_single_frame_poses(model: LiftingModel) -> None:
    """Of people who keep still, every frame of every window is what the model makes of that one view."""
    random = torch.Generator().manual_seed(1)
    rays = torch.cat(
        [torch.randn(3, 1, len(KEYPOINTS), 2, generator=random) / 5, torch.ones(3, 1, 26 + 1, 1)], -1
    )
    confidence = torch.rand(3, 1, len(KEYPOINTS), generator=random)
    still = rays.expand(3, FRAMES, -1, -1), confidence.expand(3, FRAMES, -1)
    windows = (
        torch.randint(FRAMES, (3, 10, _WINDOW), generator=random) + FRAMES * torch.arange(3)[:, None, None]
    )
    features, rotations = sampler(model, [torch.zeros(2, 34, 3)]).windowed(*still, windows.flatten(0, 1))
    expected, turn = PersonView(KEYPOINTS, apparent_size=True).features(rays[:, 0], confidence[:, 0])
    joints = model(expected).flatten(1)
    torch.testing.assert_close(rotations.view(3, FRAMES, 3, 3)[:, 5], turn)
    found = features[..., : joints.shape[1]].view(3, 10, _WINDOW, -1)
    torch.testing.assert_close(found, joints[:, None, None].expand_as(found), atol=1e-5, rtol=1e-4)


def test_the_same_seed_draws_the_same(model: LiftingModel, people: list[Clip]) -> None:
    clips = [torch.from_numpy(clip.points) for clip in people]
    first, second, other = (sampler(model, clips, seed).sample(4) for seed in (1, 1, 2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[1], other[1])
