from __future__ import annotations

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize

from lifting_core.lifting.view import person_view, rotation_to_optical_axis


def person(seed: int = 0) -> Tensor:
    """(1, 15, 3) points around the optical axis, some 4 m away."""
    points = torch.randn(1, 15, 3, generator=torch.Generator().manual_seed(seed)).double() * 0.4
    return points + torch.tensor([0.0, 0.0, 4.0])


def rays_of(points: Tensor) -> Tensor:
    return points / points[..., 2:]


def turned(points: Tensor, degrees: float, axis: str) -> Tensor:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    rows = [[c, 0, s], [0, 1, 0], [-s, 0, c]] if axis == "y" else [[1, 0, 0], [0, c, -s], [0, s, c]]
    return points @ torch.tensor(rows, dtype=points.dtype).T


@given(st.floats(-1.2, 1.2), st.floats(-1.2, 1.2))
def test_the_smallest_rotation_brings_a_direction_to_the_axis(x: float, y: float) -> None:
    direction = normalize(torch.tensor([[x, y, 1.0]], dtype=torch.float64), dim=-1)
    rotation = rotation_to_optical_axis(direction)[0]
    torch.testing.assert_close(rotation @ direction[0], torch.tensor([0.0, 0.0, 1.0]).double())
    torch.testing.assert_close(rotation @ rotation.T, torch.eye(3).double())
    angle = torch.arccos(((rotation.trace() - 1) / 2).clamp(-1, 1))
    torch.testing.assert_close(angle.cos(), direction[0, 2])


@settings(max_examples=30)
@given(st.floats(-40, 40), st.sampled_from("xy"), st.integers(0, 1000))
def test_features_do_not_depend_on_where_in_the_frame_the_person_stands(
    degrees: float, axis: str, seed: int
) -> None:
    confidence = torch.ones(1, 15).double()
    middle, first, _ = person_view(rays_of(person(seed)), confidence)
    aside, second, _ = person_view(rays_of(turned(person(seed), degrees, axis)), confidence)
    # Turning twice may leave a small roll between the two views, no other difference.
    roll = first[0] @ turned(second, -degrees, axis)[0].T
    torch.testing.assert_close(roll[2], torch.tensor([0.0, 0.0, 1.0]).double(), atol=1e-9, rtol=0)
    torch.testing.assert_close(aside[0, :, :2] @ roll[:2, :2].T, middle[0, :, :2], atol=1e-9, rtol=0)


def test_features_have_a_standard_size_and_missing_keypoints_no_say() -> None:
    confidence = torch.ones(1, 15).double()
    confidence[0, 3] = 0.05
    rays = rays_of(person())
    features, rotation, _ = person_view(rays, confidence)
    present = [i for i in range(15) if i != 3]
    torch.testing.assert_close(features[0, present, :2].mean(0), torch.zeros(2).double())
    torch.testing.assert_close(features[0, present, :2].square().sum(1).mean(), torch.ones(()).double())
    assert (features[0, 3] == 0).all()
    rays[0, 3] = torch.tensor([50.0, -20.0, 1.0])
    again, rotation_again, _ = person_view(rays, confidence)
    torch.testing.assert_close(again, features)
    torch.testing.assert_close(rotation_again, rotation)


def test_nobody_in_sight_gives_finite_features() -> None:
    features, rotation, _ = person_view(torch.zeros(2, 15, 3), torch.zeros(2, 15))
    assert torch.isfinite(features).all()
    assert torch.isfinite(rotation).all()
