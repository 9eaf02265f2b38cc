from __future__ import annotations

import pytest
import torch

from training.fitting.batches import Mirror, Shuffled
from training.fitting.processes import ALONE, Processes

POSES = 1000


def source(batch_size: int = 64, processes: Processes = ALONE, mirror: Mirror | None = None) -> Shuffled:
    """Poses that carry their own number everywhere."""
    numbers = torch.arange(POSES, dtype=torch.float32)[:, None, None]
    features, joints = numbers.expand(-1, 2, 2).clone(), numbers.expand(-1, 2, 3).clone()
    return Shuffled(features, joints, batch_size, 7, mirror, processes)


def test_an_epoch_has_every_pose_once_but_for_the_rest() -> None:
    batches = source()
    assert batches.steps_per_epoch == POSES // 64
    features, joints = batches.draw(0, batches.steps_per_epoch)
    assert features.shape == (15, 64, 2, 2)
    numbers = features[..., 0, 0].flatten()
    assert len(numbers.unique()) == 15 * 64
    assert torch.equal(numbers, joints[..., 0, 0].flatten())


def test_epochs_are_shuffled_differently_and_batches_depend_on_the_step_alone() -> None:
    batches = source()
    first, _ = batches.draw(0, 3)
    second, _ = batches.draw(batches.steps_per_epoch, 3)
    assert not torch.equal(first, second)
    assert torch.equal(source().draw(batches.steps_per_epoch, 3)[0], second)
    assert torch.equal(batches.draw(1, 2)[0], first[1:])


def test_two_processes_share_the_batches_of_one_with_twice_the_size() -> None:
    whole, _ = source(batch_size=64).draw(2, 4)
    halves = [source(32, Processes(rank, 2)).draw(2, 4)[0] for rank in (0, 1)]
    assert torch.equal(torch.cat(halves, 1), whole)


def test_about_half_the_poses_are_mirrored_anew_in_every_epoch() -> None:
    mirror = Mirror([1, 0], [1, 0], axis=500.0)
    batches = source(mirror=mirror)
    chosen = []
    for epoch in (0, 1):
        features, joints = batches.draw(epoch * batches.steps_per_epoch, batches.steps_per_epoch)
        number = features[..., 0, 1].flatten()
        mirrored = features[..., 0, 0].flatten() != number
        assert torch.equal(features[..., 0, 0].flatten()[mirrored], 1000 - number[mirrored])
        assert torch.equal(joints[..., 0, 0].flatten()[mirrored], -number[mirrored])
        assert mirrored.float().mean() == pytest.approx(0.5, abs=0.06)
        chosen.append(set(number[mirrored].tolist()))
    assert chosen[0] != chosen[1]


def test_mirroring_twice_changes_nothing() -> None:
    mirror = Mirror([1, 0, 2], [0, 2, 1], axis=500.0)
    features, joints = torch.rand(4, 3, 2) * 1000, torch.rand(4, 3, 3)
    torch.testing.assert_close(mirror.features(mirror.features(features)), features)
    assert torch.equal(mirror.joints(mirror.joints(joints)), joints)
    swapped = mirror.features(features)
    torch.testing.assert_close(swapped[:, 0, 0], 1000 - features[:, 1, 0])
    assert torch.equal(swapped[:, 2, 1], features[:, 2, 1])
