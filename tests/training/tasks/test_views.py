from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.skeleton import JOINT_PARENTS, JOINTS
from training.tasks.detections import KEYPOINTS
from training.tasks.filming import Camera
from training.tasks.views import ViewSampler

LEVEL = Camera(elevation=((1.0, 0.0, 0.0),), roll=((1.0, 0.0),), aside=0.0)


@pytest.fixture
def bodies(standing: NDArray[np.float64]) -> Tensor:
    """(2, P, 3) one person facing -y, twice."""
    return torch.from_numpy(standing).float().repeat(2, 1, 1)


def lengths(joints: Tensor) -> Tensor:
    joints = torch.cat([torch.zeros_like(joints[:, :1]), joints], 1)
    return (joints[:, 1:] - joints[:, list(JOINT_PARENTS[1:])]).norm(dim=-1)


def test_the_view_keeps_the_body_s_shape(bodies: Tensor) -> None:
    sampler = ViewSampler(bodies, torch.Generator().manual_seed(0))
    features, joints = sampler.sample(torch.zeros(64, dtype=torch.long), augment=False)
    assert features.shape == (64, 3 * len(KEYPOINTS) + 1)
    expected = lengths(bodies[:1, 1 : len(JOINTS)] - bodies[:1, :1])
    torch.testing.assert_close(lengths(joints), expected.expand(64, -1), atol=1e-5, rtol=0)


def test_from_the_front_the_left_hand_is_on_the_right_of_the_picture(bodies: Tensor) -> None:
    _, joints = ViewSampler(bodies, torch.Generator().manual_seed(0), LEVEL).sample(
        torch.zeros(256, dtype=torch.long), augment=False
    )
    nose, left, right = (JOINTS.index(name) - 1 for name in ("neck", "left_shoulder", "right_shoulder"))
    facing = joints[:, nose, 2] < -0.1
    assert facing.any()
    assert (joints[facing, left, 0] > joints[facing, right, 0]).all()
    assert (joints[:, nose, 1] < joints[:, JOINTS.index("left_ankle") - 1, 1]).all()


def test_people_who_look_larger_are_nearer(bodies: Tensor) -> None:
    """The last feature is the apparent size, which halves as the distance doubles."""
    sizes = []
    for share in (0.2, 0.4):
        camera = Camera(elevation=((1.0, 0.0, 0.0),), roll=((1.0, 0.0),), aside=0.0, height=(share, share))
        sampler = ViewSampler(bodies, torch.Generator().manual_seed(0), camera)
        sizes.append(sampler.sample(torch.zeros(2000, dtype=torch.long), augment=False)[0][:, -1].median())
    assert float(sizes[1] - sizes[0]) == pytest.approx(np.log(2), abs=0.1)


def test_the_same_seed_gives_the_same_views(bodies: Tensor) -> None:
    chosen = torch.arange(2).repeat(8)
    first = ViewSampler(bodies, torch.Generator().manual_seed(5)).sample(chosen)
    second = ViewSampler(bodies, torch.Generator().manual_seed(5)).sample(chosen)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
