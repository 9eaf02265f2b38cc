"""What a detector would report of a posed body, seen by a camera chosen at random.

Everything is drawn anew for every sample of every batch: the side from which the person is seen, distance,
roll, proportions, recombined limbs, wrong fields of view, noise and hidden keypoints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from lifting_core.lifting.view import person_view
from lifting_core.skeleton import JOINT_PARENTS, JOINTS, mirrored
from training.datasets.mocap import POINTS

KEYPOINTS: tuple[str, ...] = (
    "nose",
    *(
        f"{side}_{name}"
        for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot_index")
        for side in ("left", "right")
    ),
)
"""Keypoints the default profile reads; they are among those of every body detector, or missing there."""

# Standard deviation of a confident keypoint, as a share of the person's height in the picture, and that
# of the error which both keypoints of a pair have in common (a detector's hip is not the anatomical one).
_NOISE = {"nose": 0.008, "shoulder": 0.012, "elbow": 0.011, "wrist": 0.012, "hip": 0.014, "knee": 0.011}
_NOISE |= {"ankle": 0.012, "foot_index": 0.016}
_PAIR_NOISE = {"hip": 0.014, "shoulder": 0.010}

_PARENTS = (*JOINT_PARENTS, JOINTS.index("left_ankle"), JOINTS.index("right_ankle"))
_ARMS = [POINTS.index(f"{side}_{name}") for side in ("left", "right") for name in ("elbow", "wrist")]
_LEGS = [
    POINTS.index(f"{side}_{name}") for side in ("left", "right") for name in ("knee", "ankle", "foot_index")
]


@dataclass(frozen=True)
class Camera:
    """Ranges from which cameras are drawn; angles in degrees, distances in statures."""

    elevation: tuple[float, float] = (5.0, 13.0)
    """Mean and standard deviation of the angle from which the camera looks down on the person."""
    roll: float = 5.0
    wild: float = 0.15
    """Share of cameras that look from anywhere within 60 degrees of level, with as much roll."""
    distance: tuple[float, float] = (1.1, 6.0)
    off_axis: float = 22.0
    """How far the person stands from the optical axis."""
    focal_error: float = 0.15
    """Standard deviation of the logarithm of assumed over true focal length."""


class ViewSampler:
    """Draws (features, joints) for bodies of the motion capture.

    `points` (N, P, 3) metres, z up, in the order of `training.datasets.mocap.POINTS`.
    """

    def __init__(self, points: Tensor, generator: torch.Generator, camera: Camera | None = None) -> None:
        self._points = points
        self._random = generator
        self._camera = camera or Camera()
        self._mirror = torch.tensor([POINTS.index(mirrored(name)) for name in POINTS])
        self._keypoints = torch.tensor([POINTS.index("neck" if k == "nose" else k) for k in KEYPOINTS])
        self._noise = torch.tensor(
            [_NOISE[k.removeprefix("left_").removeprefix("right_")] for k in KEYPOINTS]
        )

    def sample(self, chosen: Tensor, augment: bool = True) -> tuple[Tensor, Tensor]:
        """Bodies by number to features (N, K, 3) for the network and joints (N, 16, 3) it should give."""
        bodies = self._points[chosen]
        if augment:
            bodies = self._vary(bodies)
        seen = self._look(bodies)
        rays, confidence = self._detect(seen)
        features, rotation = person_view(rays, confidence)
        joints = seen[:, 1 : len(JOINTS)] - seen[:, :1]
        return features, joints @ rotation.transpose(1, 2)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._random)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._random)

    def _vary(self, bodies: Tensor) -> Tensor:
        """Mirror, take limbs from other bodies, and change proportions."""
        count = len(bodies)
        flipped = bodies[:, self._mirror] * torch.tensor([-1.0, 1.0, 1.0])
        bodies = torch.where(self._uniform(count, 1, 1) < 0.5, flipped, bodies)
        bones, trunk = _BONES_FROM_POINTS @ bodies, _trunk_axes(bodies)
        for limb, share in ((_ARMS, 0.3), (_LEGS, 0.15)):
            donors = torch.randperm(count, generator=self._random)
            turn = trunk @ trunk[donors].transpose(1, 2)
            swapped = normalize(bones[donors][:, limb] @ turn.transpose(1, 2), dim=-1)
            swapped = swapped * bones[:, limb].norm(dim=-1, keepdim=True)
            bones[:, limb] = torch.where(self._uniform(count, 1, 1) < share, swapped, bones[:, limb])
        factors = 1 + 0.08 * self._normal(count, len(POINTS)).clamp(-2.5, 2.5)
        factors = (factors + factors[:, self._mirror]) / 2
        varied: Tensor = _POINTS_FROM_BONES @ (bones * factors[..., None])
        return varied

    def _look(self, bodies: Tensor) -> Tensor:
        """Bodies in the axes of a random camera (x right, y down, z forward)."""
        count, camera = len(bodies), self._camera
        wild = self._uniform(count) < camera.wild
        anywhere = 60 * (2 * self._uniform(2, count) - 1)
        elevation = torch.where(
            wild, anywhere[0], camera.elevation[0] + camera.elevation[1] * self._normal(count)
        )
        roll = torch.where(wild, anywhere[1], camera.roll * self._normal(count))
        azimuth = 360 * self._uniform(count)
        turn = _turn("z", roll) @ _turn("x", elevation) @ _Z_UP_TO_CAMERA @ _turn("z", azimuth)
        near, far = (math.log(limit) for limit in camera.distance)
        distance = 1.7 * torch.exp(near + (far - near) * self._uniform(count))
        centre = bodies.mean(1, keepdim=True)
        seen = (bodies - centre) @ turn.transpose(1, 2)
        seen[..., 2] += distance[:, None]
        aside = camera.off_axis * (2 * self._uniform(2, count) - 1)
        return seen @ (_turn("y", aside[0]) @ _turn("x", 0.6 * aside[1])).transpose(1, 2)

    def _detect(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy rays (N, K, 3) and confidences (N, K) of the keypoints."""
        points = seen[:, self._keypoints]
        depth = points[..., 2:].clamp(min=0.2)
        confidence = self._hide(len(seen)) * (points[..., 2] > 0.3)
        height = 1.7 / seen[..., 2].mean(1).clamp(min=0.3)
        deviation = height[:, None] * self._noise * (1 + 5 * (1 - confidence))
        xy = points[..., :2] / depth + deviation[..., None] * self._normal(*points.shape[:2], 2)
        for pair, noise in _PAIR_NOISE.items():
            both = [KEYPOINTS.index(f"{side}_{pair}") for side in ("left", "right")]
            xy[:, both] += noise * height[:, None, None] * self._normal(len(seen), 1, 2)
        xy = xy * torch.exp(self._camera.focal_error * self._normal(len(seen), 1, 1))
        return torch.cat([xy, torch.ones_like(xy[..., :1])], -1), confidence

    def _hide(self, count: int) -> Tensor:
        """(N, K) confidences: mostly high, whole limbs and single keypoints uncertain or missing."""
        confidence = 1 - (0.12 * self._normal(count, len(KEYPOINTS))).abs()
        for limb, share in _HIDDEN_TOGETHER:
            uncertain = (self._uniform(count) < share)[:, None]
            level = 0.7 * self._uniform(count, 1)
            confidence[:, limb] = torch.where(uncertain, level, confidence[:, limb])
        single = self._uniform(count, len(KEYPOINTS)) < 0.03
        confidence = torch.where(single, 0.7 * self._uniform(count, len(KEYPOINTS)), confidence)
        # A position needs something to be seen by: the shoulders are never hidden.
        shoulders = [KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_shoulder")]
        confidence[:, shoulders] = confidence[:, shoulders].clamp(min=0.5)
        return confidence.clamp(0, 1)


def _keypoints_of(*names: str) -> list[int]:
    return [i for i, keypoint in enumerate(KEYPOINTS) if any(name in keypoint for name in names)]


_HIDDEN_TOGETHER: tuple[tuple[list[int], float], ...] = (
    (_keypoints_of("knee", "ankle", "foot_index"), 0.06),
    (_keypoints_of("ankle", "foot_index"), 0.05),
    (_keypoints_of("hip", "knee", "ankle", "foot_index"), 0.04),
    (_keypoints_of("left_elbow", "left_wrist"), 0.06),
    (_keypoints_of("right_elbow", "right_wrist"), 0.06),
    (_keypoints_of("left_knee", "left_ankle", "left_foot"), 0.05),
    (_keypoints_of("right_knee", "right_ankle", "right_foot"), 0.05),
    (_keypoints_of("foot_index"), 0.10),
)

# (P, P) from positions to the vectors from every point's parent (the pelvis keeps its position), and back.
_BONES_FROM_POINTS = torch.eye(len(POINTS))
for _point, _parent in enumerate(_PARENTS[1:], start=1):
    _BONES_FROM_POINTS[_point, _parent] = -1.0
_POINTS_FROM_BONES = torch.linalg.inv(_BONES_FROM_POINTS)

_Z_UP_TO_CAMERA = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


def _turn(axis: str, degrees: Tensor) -> Tensor:
    """(N,) angles to (N, 3, 3) rotations about a coordinate axis."""
    c, s = torch.cos(torch.deg2rad(degrees)), torch.sin(torch.deg2rad(degrees))
    one, zero = torch.ones_like(c), torch.zeros_like(c)
    rows = {
        "x": (one, zero, zero, zero, c, -s, zero, s, c),
        "y": (c, zero, s, zero, one, zero, -s, zero, c),
        "z": (c, -s, zero, s, c, zero, zero, zero, one),
    }[axis]
    return torch.stack(rows, -1).reshape(-1, 3, 3)


def _trunk_axes(bodies: Tensor) -> Tensor:
    """(N, 3, 3) columns: the trunk's left, forward and up."""
    up = normalize(bodies[:, JOINTS.index("thorax")] - bodies[:, 0], dim=-1)
    across = bodies[:, JOINTS.index("left_shoulder")] - bodies[:, JOINTS.index("right_shoulder")]
    forward = normalize(torch.linalg.cross(across, up), dim=-1)
    return torch.stack([torch.linalg.cross(forward, up), forward, up], -1)
