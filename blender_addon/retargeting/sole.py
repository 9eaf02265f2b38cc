"""A foot over time, and how its sole meets the floor. All in axes whose z points up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kinematics.rotations import UP, Quaternions, Vectors, about, inverse, multiply, rotate, twist_angle

_LEFT = np.array([1.0, 0, 0])


@dataclass(frozen=True, eq=False)
class Sole:
    """A rig's foot as it stands at rest."""

    ankle: float
    """The height of the ankle, in the rig's own coordinates, while the foot is flat on the floor."""
    points: Vectors
    """(P, 3) from the ankle to points of the sole, toes and heel first; none where no foot can be turned."""

    @property
    def toes(self) -> Pivot:
        """What a foot is turned over to raise its heel."""
        return Pivot(self.points[0] if len(self.points) else np.zeros(3), 1.0, np.radians(45))

    @property
    def heel(self) -> Pivot:
        """What a foot is turned over to raise its toes."""
        return Pivot(self.points[1] if len(self.points) else np.zeros(3), -1.0, np.radians(25))


@dataclass(frozen=True, eq=False)
class Pivot:
    """A point of the sole that a foot may be turned over."""

    point: Vectors
    """(3,) from the ankle."""
    side: float
    """About which axis the ankle is raised: 1 for that to the left, -1 for that to the right."""
    most: float
    """Radians."""


@dataclass(frozen=True, eq=False)
class FootPath:
    """One foot over time."""

    ankle: Vectors
    """(T, 3)"""
    turn: Quaternions
    """(T, 4) away from standing flat, as at rest."""


def tilted(path: FootPath, pivot: Pivot, angle: NDArray[np.float64]) -> FootPath:
    """The foot turned by `angle` (T,) over a point that stays where it is."""
    axis, way = _over(path, pivot)
    half = angle[:, None] / 2
    turn = np.concatenate([np.cos(half), np.sin(half) * axis], axis=-1)
    return FootPath(path.ankle + way - rotate(turn, way), multiply(turn, path.turn))


def tilt_toward(path: FootPath, pivot: Pivot, ankle: Vectors) -> NDArray[np.float64]:
    """(T,) by how much a foot has to be turned to bring its ankle as near as may be to others (T, 3)."""
    axis, way = _over(path, pivot)
    aim = ankle - path.ankle - way
    angle = np.arctan2(-(aim * np.cross(axis, way)).sum(-1), -(aim * _across(way, axis)).sum(-1))
    tilt: NDArray[np.float64] = np.clip(angle, 0, pivot.most)
    return tilt


def tilt_within(
    path: FootPath, pivot: Pivot, hip: Vectors, reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(T,) by how much a foot has to be turned for its ankle to be within `reach` (T,) of the hip (T, 3).

    Turned by x, the ankle is at pivot + s + u cos x + v sin x, so that its squared distance from the hip is
    a constant plus 2 (m cos x + n sin x) = 2 r cos(x - p).
    """
    axis, way = _over(path, pivot)
    u = -_across(way, axis)
    rest = path.ankle - u - hip
    m, n = (rest * u).sum(-1), (rest * np.cross(axis, u)).sum(-1)
    most = (reach**2 - (rest**2).sum(-1) - (u**2).sum(-1)) / 2
    r, p = np.hypot(m, n), np.arctan2(n, m)
    enough = p + np.arccos(np.clip(most / np.maximum(r, 1e-300), -1, 1))
    return np.where((m > most) & (r > 0), np.clip(enough, 0, pivot.most), 0.0)


def _over(path: FootPath, pivot: Pivot) -> tuple[Vectors, Vectors]:
    """(T, 3) the axis that the ankle is raised about, and the way from the ankle to the pivot."""
    left = rotate(about(UP, twist_angle(path.turn, UP)), _LEFT)
    return pivot.side * left, rotate(path.turn, pivot.point)


def _across(vectors: Vectors, axis: Vectors) -> Vectors:
    across: Vectors = vectors - (vectors * axis).sum(-1, keepdims=True) * axis
    return across


def above_floor(path: FootPath, sole: Sole) -> FootPath:
    """The foot where it is not below the floor.

    It is tilted less where its toes sink, and raised where the ankle is lower than in a flat foot, or where
    points sink that are no further from the ankle than the floor: so little is needed for them.
    """
    ankle = path.ankle.copy()
    ankle[:, 2] = np.maximum(ankle[:, 2], sole.ankle)
    if len(sole.points) == 0:
        return FootPath(ankle, path.turn)
    near = np.hypot(sole.points[:, 0], sole.points[:, 1]) <= -sole.points[:, 2]
    turn = _tilted_less(ankle[:, 2] - sole.ankle, path.turn, sole.points[~near])
    for point in sole.points[near]:
        ankle[:, 2] = np.maximum(ankle[:, 2], sole.ankle + point[2] - rotate(turn, point)[:, 2])
    return FootPath(ankle, turn)


def _tilted_less(lift: NDArray[np.float64], turn: Quaternions, points: Vectors) -> Quaternions:
    """(T, 4) the turn with so much of its tilt that no point (P, 3) sinks; `lift` (T,) is the ankle's."""
    if len(points) == 0:
        return turn
    level = about(UP, twist_angle(turn, UP))
    tilt = multiply(turn, inverse(level))
    tilt = tilt * np.where(tilt[:, :1] < 0, -1.0, 1.0)
    sine = np.linalg.norm(tilt[:, 1:], axis=-1)
    angle = 2 * np.arctan2(sine, tilt[:, 0])
    axis = tilt[:, 1:] / np.maximum(sine, 1e-300)[:, None]
    half = _nearest_tilt(angle, axis, rotate(level[:, None], points), lift)[:, None] / 2
    return multiply(np.concatenate([np.cos(half), np.sin(half) * axis], -1), level)


def _nearest_tilt(
    angle: NDArray[np.float64], axis: Vectors, points: Vectors, lift: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(T,) the tilt nearest to `angle` (T,) about a level `axis` (T, 3) at which no point is below the floor.

    `points` (T, P, 3) from the ankle are on the floor at angle 0 and lift 0. A point's depth below the ankle
    at angle x is h cos x + f sin x = r cos(x - p), which must be no more than h + lift.
    """
    h, f = -points[..., 2], -np.cross(axis[:, None], points)[..., 2]
    r, p = np.hypot(h, f), np.arctan2(f, h)
    width = np.arccos(np.minimum((h + lift[:, None]) / r, 1))
    sinks = abs(angle[:, None] - p) < width
    lower = np.maximum(np.where(sinks, p - width, np.inf).min(axis=1), 0)
    upper = np.where(sinks, p + width, -np.inf).max(axis=1)
    return np.where(sinks.any(axis=1), np.where(angle - lower <= upper - angle, lower, upper), angle)
