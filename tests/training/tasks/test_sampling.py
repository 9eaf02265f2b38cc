from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from training.datasets.mocap import POINTS, Clip
from training.tasks.sampling import chances, kinds_of_poses


@pytest.fixture
def clips(standing: NDArray[np.float64]) -> list[Clip]:
    """Somebody who stands 900 frames long and waves 100, and somebody who stands 100 frames long."""
    still = standing[None].repeat(900, 0).astype(np.float32)
    waving = still[:100].copy()
    waving[:, POINTS.index("left_wrist"), 2] += 0.8
    return [
        Clip("a", "one", 30.0, np.concatenate([still, waving])),
        Clip("b", "other", 30.0, still[:100].copy()),
    ]


def test_rare_poses_and_people_are_drawn_more_often_than_recorded(clips: list[Clip]) -> None:
    bodies = torch.from_numpy(np.concatenate([clip.points for clip in clips]))
    found = chances(clips, bodies)
    assert float(found.sum()) == pytest.approx(1)
    standing, waving, other = found[0], found[950], found[1050]
    share = 100 / (1000 + 100 * 10**0.5)  # of the waving, by subjects alone
    assert float(waving / standing) == pytest.approx((share / (1 - share)) ** -0.3, rel=1e-3)
    assert float(other / standing) == pytest.approx(10**0.5, rel=1e-3)


def test_kinds_are_nearest_to_poses_far_apart(clips: list[Clip]) -> None:
    random = np.random.default_rng(0)
    bodies = torch.from_numpy(clips[0].points[:300] + random.normal(0, 0.1, (300, len(POINTS), 3)))
    kinds = kinds_of_poses(bodies, 20)
    assert set(kinds.tolist()) == set(range(20))


def test_the_way_somebody_faces_makes_no_kind(clips: list[Clip]) -> None:
    body = torch.from_numpy(clips[0].points[:1]).double()
    turn = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]).double()
    raised = body.clone()
    raised[:, POINTS.index("right_wrist"), 2] += 0.8
    found = kinds_of_poses(torch.cat([body, body @ turn.T + 2.0, raised]), 2)
    assert found.tolist() == [0, 0, 1]
