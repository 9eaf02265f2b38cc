"""A real detector's habits, learnt from renders: where it puts keypoints, how it errs, when it is unsure.

A keypoint's lasting offset belongs to the body (a detector's hip is not the joint): it is the same point of a
segment from whichever side it is seen. What remains is kept as it was, in short recordings of real errors and
confidences of all keypoints together, so that errors stay as long, as alike on neighbouring keypoints and as
tied to the view as they are. `training.learn_habits` makes the table; lengths are in statures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from lifting_core.skeleton import mirrored
from training.datasets.mocap import POINTS
from training.tasks.detections import KEYPOINTS
from training.tasks.filming import Shot

TABLE = Path(__file__).with_name("habits.npz")
STATURE = 1.7
"""Metres: that of the bodies that errors are drawn for."""
FRAMES = 12
"""Of a recording."""
RATE = 15.0
"""Frames a second of a recording."""
_CAPTURE_RATE = 30.0
_SELECTIVITY = 25.0
"""How much likelier recordings from a similar view are: the exponent's factor of the cosine between views."""

TRUE_POINTS = {"nose": "neck", "left_foot_index": "left_toe", "right_foot_index": "right_toe"}
"""The points of `POINTS` that keypoints are meant to be, where they have another name."""
KEYPOINT_POINTS = torch.tensor([POINTS.index(TRUE_POINTS.get(name, name)) for name in KEYPOINTS])
MIRRORED = torch.tensor([KEYPOINTS.index(mirrored(name)) for name in KEYPOINTS])

# The segment that carries a keypoint: from which point to which it points, and an axis beside it.
_SEGMENTS = {
    "head": (("skull", "head"), ("right_ear", "left_ear")),
    "chest": (("pelvis", "thorax"), ("right_shoulder", "left_shoulder")),
    "hips": (("pelvis", "thorax"), ("right_hip", "left_hip")),
    "elbow": (("{}_shoulder", "{}_elbow"), ("{}_elbow", "{}_wrist")),
    "hand": (("{}_wrist", "{}_hand"), ("{}_pinky", "{}_index")),
    "knee": (("{}_hip", "{}_knee"), ("right_hip", "left_hip")),
    "foot": (("{}_heel", "{}_toe"), ("{}_heel", "{}_ankle")),
}
_CARRIERS = {"nose": "head", "eye": "head", "ear": "head", "shoulder": "chest", "hip": "hips"}
_CARRIERS |= {"elbow": "elbow", "knee": "knee", "wrist": "hand", "index": "hand", "pinky": "hand"}
_CARRIERS |= {"thumb": "hand", "ankle": "foot", "heel": "foot", "foot_index": "foot"}


@dataclass(frozen=True, eq=False)
class Habits:
    """What `habits.npz` holds; B recordings of F frames."""

    offsets: Tensor
    """(K, 3) where keypoints lie from their points, in the carriers' axes (`carrier_axes`)."""
    views: Tensor
    """(B, 3) directions from the person to the camera in the trunk's axes: left, up, back."""
    errors: Tensor
    """(B, F, K, 2) of the keypoints beside that, in the picture turned so that the trunk is upright."""
    confidence: Tensor
    """(B, F, K)"""

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> Habits:
        """The table that ships, its recordings and their mirror images."""
        with np.load(TABLE, allow_pickle=False) as table:
            offsets, views, errors, confidence = (
                torch.from_numpy(table[name].astype(np.float32))
                for name in ("offsets", "views", "errors", "confidence")
            )
        flip = torch.tensor([-1.0, 1.0])
        return cls(
            offsets,
            torch.cat([views, views * torch.tensor([-1.0, 1.0, 1.0])]),
            torch.cat([errors, errors[:, :, MIRRORED] * flip]),
            torch.cat([confidence, confidence[:, :, MIRRORED]]),
        )


class Observing:
    """Draws detections as a real detector makes them."""

    def __init__(self, generator: torch.Generator, habits: Habits | None = None) -> None:
        self._random = generator
        self._habits = habits or Habits.load()

    def __call__(self, shot: Shot) -> tuple[Tensor, Tensor]:
        """Rays (S, T, K, 3), z = 1, and confidences (S, T, K) of a shot's keypoints."""
        shape = shot.points.shape
        points = shot.points.flatten(0, 1)
        lying = points[:, KEYPOINT_POINTS] + STATURE * displaced(points, self._habits.offsets)
        xy = lying[..., :2] / lying[..., 2:].clamp(min=0.2)
        errors, confidence = self._recorded(shot.points)
        xy = xy + from_upright(points, errors.flatten(0, 1)) * (STATURE / depth(points))[:, None, None]
        edge = shot.edge.repeat_interleave(shape[1], 0)[:, None]
        beyond = ((xy.abs() - edge).amax(-1) / (0.03 * STATURE / depth(points))[:, None]).clamp(0, 1)
        confidence = confidence.flatten(0, 1) * (1 - beyond) * (lying[..., 2] > 0.2)
        xy = xy * shot.focal_error.repeat_interleave(shape[1], 0)[:, None, None]
        rays = torch.cat([xy, torch.ones_like(xy[..., :1])], -1)
        return rays.view(*shape[:2], -1, 3), confidence.view(*shape[:2], -1)

    def _recorded(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Errors (S, T, K, 2) and confidences (S, T, K) of recordings from like views, played to and fro."""
        sequences, frames = points.shape[:2]
        view = normalize(view_direction(points.flatten(0, 1)).view(sequences, frames, 3).mean(1), dim=-1)
        likeness = _SELECTIVITY * view @ self._habits.views.T
        gumbel = -torch.empty_like(likeness).exponential_(generator=self._random).log()
        chosen = (likeness + gumbel).argmax(1)
        start = 2 * FRAMES * torch.rand(sequences, 1, generator=self._random)
        at = (start + torch.arange(frames) * (RATE / _CAPTURE_RATE)) % (2 * (FRAMES - 1))
        at = torch.where(at > FRAMES - 1, 2 * (FRAMES - 1) - at, at)
        before = at.long().clamp(max=FRAMES - 2)
        share = at - before
        recordings = chosen[:, None]
        return tuple(  # type: ignore[return-value]
            torch.lerp(
                table[recordings, before],
                table[recordings, before + 1],
                share.view(*share.shape, *[1] * (table.dim() - 2)),
            )
            for table in (self._habits.errors, self._habits.confidence)
        )


def displaced(points: Tensor, offsets: Tensor) -> Tensor:
    """(N, K, 3) offsets (K, 3) turned from the carriers' axes to those of bodies (N, P, 3)."""
    turned: Tensor = (carrier_axes(points) @ offsets[..., None])[..., 0]
    return turned


def carrier_axes(points: Tensor) -> Tensor:
    """(N, K, 3, 3) axes, as columns, of the segments that carry the keypoints of bodies (N, P, 3).

    Those of the right side mirror the left's, so that mirrored offsets are the same.
    """

    def at(name: str) -> Tensor:
        return points[:, POINTS.index(name)]

    axes = []
    for keypoint in KEYPOINTS:
        side, _, part = keypoint.rpartition("left_" if "left_" in keypoint else "right_")
        along, beside = _SEGMENTS[_CARRIERS[part]]
        side = "right" if keypoint.startswith("right_") else "left"
        first, second = (at(end.format(side)) - at(start.format(side)) for start, end in (along, beside))
        if side == "right" and "{}" not in beside[0]:
            second = -second
        columns = _axes(first, second)
        axes.append(columns if side == "left" else columns * torch.tensor([1.0, 1.0, -1.0]))
    return torch.stack(axes, 1)


def view_direction(points: Tensor) -> Tensor:
    """(N, 3) unit vectors from bodies (N, P, 3), in camera axes, to the camera: left, up, back."""
    up = points[:, POINTS.index("thorax")] - points[:, POINTS.index("pelvis")]
    left = points[:, POINTS.index("left_shoulder")] - points[:, POINTS.index("right_shoulder")]
    left = left + points[:, POINTS.index("left_hip")] - points[:, POINTS.index("right_hip")]
    up, left, back = _axes(up, left).unbind(-1)
    away = normalize(points[:, POINTS.index("pelvis")], dim=-1)
    return torch.stack([-(away * axis).sum(-1) for axis in (left, up, back)], -1)


def depth(points: Tensor) -> Tensor:
    """(N,) metres to the pelvis of bodies (N, P, 3) along the optical axis."""
    return points[:, POINTS.index("pelvis"), 2].clamp(min=0.3)


def to_upright(points: Tensor, errors: Tensor) -> Tensor:
    """(N, K, 2) of the picture to those of the picture turned so that the trunk of bodies points up."""
    return errors @ _upright(points).transpose(1, 2)


def from_upright(points: Tensor, errors: Tensor) -> Tensor:
    """The inverse of `to_upright`."""
    return errors @ _upright(points)


def _upright(points: Tensor) -> Tensor:
    """(N, 2, 2) rotations; y points down in pictures."""
    ends = points[:, [POINTS.index("pelvis"), POINTS.index("thorax")]]
    pelvis, thorax = (ends[..., :2] / ends[..., 2:].clamp(min=0.2)).unbind(1)
    x, y = normalize(pelvis - thorax, dim=-1).unbind(-1)
    return torch.stack([y, -x, x, y], -1).view(-1, 2, 2)


def _axes(first: Tensor, second: Tensor) -> Tensor:
    first = normalize(first, dim=-1)
    second = normalize(second - (second * first).sum(-1, keepdim=True) * first, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second, dim=-1)], -1)
