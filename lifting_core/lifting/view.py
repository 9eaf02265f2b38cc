"""The person-centred view: what the camera would have seen had it looked straight at the person.

A person near the edge of the picture is seen from another side than the same person in its middle, although
the network gets the same kind of 2D points. Turning the camera until its axis passes through the person
undoes this: the network always sees somebody in the middle, at a standard size, whatever the field of view
and wherever in the frame the person stands.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from lifting_core.skeleton import mirrored

CONFIDENT = 0.1
"""Keypoints below this confidence are treated as missing."""


class PersonView:
    """Makes the input of weights whose profile reads a view."""

    def __init__(self, keypoints: tuple[str, ...], apparent_size: bool = False) -> None:
        self._mirror = [keypoints.index(mirrored(name)) for name in keypoints]
        self._apparent_size = apparent_size

    def features(self, rays: Tensor, confidence: Tensor) -> tuple[Tensor, Tensor]:
        """As `person_view`, its features in a row, (N, 3 K), and the apparent size after them if wanted."""
        features, rotation, size = person_view(rays, confidence)
        row = features.flatten(1)
        return (torch.cat([row, size.log()[:, None]], 1) if self._apparent_size else row), rotation

    def mirrored(self, features: Tensor) -> Tensor:
        """The features of the mirrored person."""
        count = len(self._mirror)
        keypoints = features[:, : 3 * count].view(-1, count, 3)
        flipped = keypoints[:, self._mirror] * torch.tensor([-1.0, 1.0, 1.0], device=features.device)
        return torch.cat([flipped.flatten(1), features[:, 3 * count :]], 1)


def person_view(rays: Tensor, confidence: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centre the view on the person and bring the person to a standard size.

    Arguments: rays (N, K, 3) directions of the keypoints in camera axes with z = 1; confidence (N, K).
    Returns: features (N, K, 3), x and y in the turned view (weighted mean 0, root mean square 1) and the
    confidence, all 0 where a keypoint is missing; rotation (N, 3, 3) from the camera's axes to the view's;
    size (N,), the root mean square in x / z and y / z: how large the person looks tells how near the camera
    is, and thus how strong the perspective.
    """
    weight = torch.where(confidence >= CONFIDENT, confidence, 0.0)
    total = weight.sum(1).clamp(min=1e-6)
    rays = torch.where(weight[..., None] > 0, rays, 0.0)
    directions = normalize(rays, dim=-1)
    axis = normalize((weight[..., None] * directions).sum(1), dim=-1)
    rotation = rotation_to_optical_axis(axis)
    turned = rays @ rotation.transpose(1, 2)
    xy = turned[..., :2] / turned[..., 2:].clamp(min=1e-3)
    centre = (weight[..., None] * xy).sum(1) / total[:, None]
    xy = xy - centre[:, None]
    size = ((weight * xy.square().sum(-1)).sum(1) / total).sqrt().clamp(min=1e-6)
    xy = torch.where(weight[..., None] > 0, xy / size[:, None, None], 0.0)
    return torch.cat([xy, weight[..., None]], -1), rotation, size


def rotation_to_optical_axis(directions: Tensor) -> Tensor:
    """(N, 3) unit directions in front of the camera to the (N, 3, 3) smallest rotations that bring them to z.

    Rodrigues' formula for the rotation between two unit vectors a and z, with v = a x z and c = a . z:
    R = I + [v] + [v]^2 / (1 + c).
    """
    x, y, z = directions.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, zero, -x, zero, zero, -y, x, y, zero], -1).reshape(-1, 3, 3)
    identity = torch.eye(3, dtype=directions.dtype, device=directions.device)
    return identity + cross + cross @ cross / (1 + z).clamp(min=1e-6)[:, None, None]
