"""Random cameras over all the ways in which people film others."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from training.tasks.variation import rotations

STATURE = 1.70
"""Metres: to which all bodies of the motion capture are brought."""


@dataclass(frozen=True)
class Camera:
    """Ranges from which cameras are drawn; angles in degrees."""

    elevation: tuple[tuple[float, float, float], ...] = ((0.65, 6.0, 12.0), (0.27, 12.0, 24.0))
    """Share, mean and standard deviation of the angle from which the camera looks down on the person; all
    other cameras look from anywhere within 75 degrees of level."""
    roll: tuple[tuple[float, float], ...] = ((0.8, 4.0), (0.15, 15.0), (0.05, 50.0))
    """Share and standard deviation."""
    field_of_view: tuple[float, float] = (62.0, 16.0)
    """Mean and standard deviation along the longer side of the picture, within 30 to 100."""
    portrait: float = 0.4
    height: tuple[float, float] = (0.18, 1.25)
    """Range of a standing person's height as a share of the picture's."""
    aside: float = 0.85
    """How far toward the edge of the picture the middle of a person may be; less up and down."""
    focal_error: tuple[float, float] = (0.12, 0.35)
    """Standard deviations of the logarithm of assumed over true focal length, each as frequent."""


@dataclass(frozen=True, eq=False)
class Shot:
    """Bodies as cameras see them."""

    points: Tensor
    """(N, P, 3) metres in the camera's axes: x right, y down, z forward."""
    edge: Tensor
    """(N, 2) the picture reaches from minus this to this, in x / z and y / z."""
    focal_error: Tensor
    """(N,) assumed over true focal length, inverted: the factor by which x / z and y / z seem larger."""


class Filming:
    """Draws cameras, one for every body."""

    def __init__(self, generator: torch.Generator, camera: Camera | None = None) -> None:
        self._random = generator
        self._camera = camera or Camera()

    def __call__(self, bodies: Tensor) -> Shot:
        """Film (N, P, 3) bodies."""
        count = len(bodies)
        turn = (
            _turn("z", self._roll(count))
            @ _turn("x", self._elevation(count))
            @ _Z_UP_TO_CAMERA
            @ _turn("z", 360 * self._uniform(count))
        )
        edge = self._edge(count)
        share = self._between(count, self._camera.height)
        distance = (STATURE / (2 * edge[:, 1] * share)).clamp(min=0.6 * STATURE)
        seen = (bodies - bodies[:, :1]) @ turn.transpose(-1, -2)
        seen = seen + torch.stack([torch.zeros(count), torch.zeros(count), distance], -1)[:, None]
        room = torch.stack([torch.ones(count), (1 - share).clamp(min=0.1)], -1)
        toward = self._camera.aside * edge * room * (2 * self._uniform(count, 2) - 1)
        across = _turn("y", torch.rad2deg(torch.atan(toward[:, 0])))
        down = _turn("x", -torch.rad2deg(torch.atan(toward[:, 1])))
        return Shot(seen @ (across @ down).transpose(-1, -2), edge, self.focal_errors(count))

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._random)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._random)

    def _between(self, count: int, limits: tuple[float, float]) -> Tensor:
        """Evenly in the logarithm."""
        low, high = (math.log(limit) for limit in limits)
        return torch.exp(low + (high - low) * self._uniform(count))

    def _elevation(self, count: int) -> Tensor:
        which, degrees = self._uniform(count), 75 * (2 * self._uniform(count) - 1)
        for share, mean, deviation in self._camera.elevation:
            degrees = torch.where(
                (which >= 0) & (which < share), mean + deviation * self._normal(count), degrees
            )
            which = which - share
        return degrees.clamp(-80, 80)

    def _roll(self, count: int) -> Tensor:
        which, degrees = self._uniform(count), torch.zeros(count)
        for share, deviation in self._camera.roll:
            degrees = torch.where((which >= 0) & (which < share), deviation * self._normal(count), degrees)
            which = which - share
        return degrees

    def _edge(self, count: int) -> Tensor:
        """(N, 2) half the width and height of the picture at distance 1."""
        mean, deviation = self._camera.field_of_view
        field_of_view = (mean + deviation * self._normal(count)).clamp(30, 100)
        long = torch.tan(torch.deg2rad(field_of_view / 2))
        short = long * torch.where(self._uniform(count) < 0.3, 3 / 4, 9 / 16)
        portrait = self._uniform(count) < self._camera.portrait
        return torch.stack([torch.where(portrait, short, long), torch.where(portrait, long, short)], -1)

    def focal_errors(self, count: int) -> Tensor:
        """(N,) factors by which x / z and y / z seem larger than they are."""
        small, great = self._camera.focal_error
        deviation = torch.where(self._uniform(count) < 0.5, small, great)
        return torch.exp(deviation * self._normal(count).clamp(-2, 2))


_Z_UP_TO_CAMERA = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


def _turn(axis: str, degrees: Tensor) -> Tensor:
    """(N,) angles to (N, 3, 3) rotations about a coordinate axis."""
    return rotations(torch.deg2rad(degrees)[:, None] * torch.tensor(_AXES[axis]))
