from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.skeleton import JOINT_PARENTS, JOINTS, mirrored
from training.datasets.mocap import POINTS
from training.tasks.views import KEYPOINTS, Camera, ViewSampler


@pytest.fixture
def bodies(standing: NDArray[np.float64]) -> Tensor:
    """(2, P, 3) one person facing -y, and the same with the left arm raised."""
    both = torch.from_numpy(standing).float().repeat(2, 1, 1)
    for name, position in (("left_elbow", (0.25, 0.05, 1.69)), ("left_wrist", (0.3, -0.1, 1.89))):
        both[1, POINTS.index(name)] = torch.tensor(position)
    return both


def lengths(joints: Tensor) -> Tensor:
    joints = torch.cat([torch.zeros_like(joints[:, :1]), joints], 1)
    return torch.stack(
        [(joints[:, j] - joints[:, p]).norm(dim=-1) for j, p in enumerate(JOINT_PARENTS) if p >= 0]
    )


def test_the_view_keeps_the_body_s_shape(bodies: Tensor) -> None:
    sampler = ViewSampler(bodies, torch.Generator().manual_seed(0))
    features, joints = sampler.sample(torch.zeros(64, dtype=torch.long), augment=False)
    assert features.shape == (64, len(KEYPOINTS), 3)
    expected = lengths(bodies[:1, 1:17] - bodies[:1, :1])
    torch.testing.assert_close(lengths(joints), expected.expand(-1, 64), atol=1e-5, rtol=0)


def test_a_level_camera_sees_the_head_above_the_feet(bodies: Tensor) -> None:
    camera = Camera(elevation=(0, 0), roll=0, wild=0, off_axis=0, focal_error=0)
    features, joints = ViewSampler(bodies, torch.Generator().manual_seed(0), camera).sample(
        torch.zeros(32, dtype=torch.long), augment=False
    )
    head, ankle = (JOINTS.index(name) - 1 for name in ("head", "left_ankle"))
    torch.testing.assert_close(
        joints[:, head, 1] - joints[:, ankle, 1], torch.full((32,), -1.65), atol=0.08, rtol=0
    )
    seen = (features[:, KEYPOINTS.index("left_ankle"), 2] > 0.5) & (features[:, 0, 2] > 0.5)
    assert (features[seen, 0, 1] < features[seen, KEYPOINTS.index("left_ankle"), 1]).all()


def test_from_the_front_the_left_hand_is_on_the_right_of_the_picture(bodies: Tensor) -> None:
    camera = Camera(elevation=(0, 0), roll=0, wild=0, off_axis=0, focal_error=0)
    _, joints = ViewSampler(bodies, torch.Generator().manual_seed(0), camera).sample(
        torch.zeros(256, dtype=torch.long), augment=False
    )
    nose, left, right = (JOINTS.index(name) - 1 for name in ("neck", "left_shoulder", "right_shoulder"))
    facing = joints[:, nose, 2] < -0.1
    assert facing.any()
    assert (joints[facing, left, 0] > joints[facing, right, 0]).all()


def test_variation_keeps_sides_apart_and_changes_proportions(bodies: Tensor) -> None:
    sampler = ViewSampler(bodies, torch.Generator().manual_seed(3))
    _, joints = sampler.sample(torch.randint(2, (512,), generator=torch.Generator().manual_seed(1)))
    spread = lengths(joints).std(1)
    assert (spread > 0.003).all()
    order = [JOINTS.index(mirrored(name)) - 1 for name in JOINTS[1:]]
    arms = lengths(joints) - lengths(joints[:, order])
    assert arms.abs().max() < 1e-5  # left and right limbs stay equally long
    raised = joints[:, JOINTS.index("left_wrist") - 1, 1] < joints[:, JOINTS.index("left_shoulder") - 1, 1]
    mirrored_raised = (
        joints[:, JOINTS.index("right_wrist") - 1, 1] < joints[:, JOINTS.index("right_shoulder") - 1, 1]
    )
    assert raised.any()
    assert mirrored_raised.any()


def test_hidden_keypoints_are_noisier(bodies: Tensor) -> None:
    camera = Camera(elevation=(0, 0), roll=0, wild=0, off_axis=0, focal_error=0)
    sampler = ViewSampler(bodies, torch.Generator().manual_seed(0), camera)
    features, _ = sampler.sample(torch.zeros(4000, dtype=torch.long), augment=False)
    ankle = features[:, KEYPOINTS.index("left_ankle")].numpy()
    sure, unsure = ankle[ankle[:, 2] > 0.9], ankle[(ankle[:, 2] > 0.15) & (ankle[:, 2] < 0.5)]
    assert np.std(unsure[:, 1]) > 1.5 * np.std(sure[:, 1])
    assert (ankle[:, 2] == 0).any()
    assert (ankle[ankle[:, 2] == 0] == 0).all()


def test_the_same_seed_gives_the_same_views(bodies: Tensor) -> None:
    chosen = torch.arange(2).repeat(8)
    first = ViewSampler(bodies, torch.Generator().manual_seed(5)).sample(chosen)
    second = ViewSampler(bodies, torch.Generator().manual_seed(5)).sample(chosen)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
