"""Where a foot goes when it is to stand still in its contacts, and never to be below the floor.

All in axes whose z points up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .rotations import Quaternions, Vectors, about, inverse, multiply, power, rotate, twist_angle

_EASE = 0.3
"""Seconds, at most, in which a foot leaves its path for its place, and comes back to it."""
_UP = np.array([0, 0, 1.0])
_SELDOM = 0.05
"""What a frame counts for the foot's place, as a part of one in which the foot surely stands."""


@dataclass(frozen=True, eq=False)
class Sole:
    """A rig's foot as it stands at rest."""

    ankle: float
    """The height of the ankle, in the rig's own coordinates, while the foot is flat on the floor."""
    points: Vectors
    """(P, 3) from the ankle to points of the sole; none where the rig has no foot to turn."""


@dataclass(frozen=True, eq=False)
class FootPath:
    """One foot over time."""

    ankle: Vectors
    """(T, 3)"""
    turn: Quaternions
    """(T, 4) away from standing flat, as at rest."""


def planted(
    time: NDArray[np.float64],
    path: FootPath,
    contacts: Sequence[tuple[int, int]],
    sureness: NDArray[np.float64],
    sole: Sole,
) -> FootPath:
    """The foot at rest on the floor from the first to the last frame of each of its contacts.

    In between it keeps its own path, moved by what it was off at the ends of the swing; this eases off within
    `_EASE`, starting at rest. `sureness` (T,) weighs the frames of a contact for the foot's place there.
    """
    ankle, turn = path.ankle.copy(), path.turn.copy()
    heading = twist_angle(path.turn, _UP)
    weight = sureness + _SELDOM
    for index, (first, last) in enumerate(contacts):
        inside = slice(first, last + 1)
        x, y = (_median(path.ankle[inside, axis], weight[inside]) for axis in (0, 1))
        place = np.array([x, y, sole.ankle])
        flat = about(_UP, np.array([_median(heading[inside], weight[inside])]))[0]
        ankle[inside], turn[inside] = place, flat
        before = contacts[index - 1][1] if index > 0 else -1
        after = contacts[index + 1][0] if index + 1 < len(contacts) else len(time)
        for edge, swing in ((first, np.arange(first - 1, before, -1)), (last, np.arange(last + 1, after))):
            _ease(time, path, edge, swing, place, flat, ankle, turn)
    return _above_floor(FootPath(ankle, turn), sole)


def _ease(
    time: NDArray[np.float64],
    path: FootPath,
    edge: int,
    swing: NDArray[np.int64],
    place: Vectors,
    flat: Quaternions,
    ankle: Vectors,
    turn: Quaternions,
) -> None:
    """Add to the frames of a swing, counted from the edge of a contact, what the path is off at the edge."""
    if len(swing) == 0:
        return
    away = abs(time[swing] - time[edge])
    # The other end of the swing is the next contact, which nothing of this may reach.
    length = min(_EASE, away[-1] + away[0])
    part = np.minimum(away / length, 1)[:, None]
    near = part[:, 0] < 1
    swing, part = swing[near], part[near]
    # Hermite's cubic from what the foot is off and minus its speed to nothing: it sets off from rest.
    slope = -(path.ankle[swing[:1]] - path.ankle[edge]) / away[0] * length
    stay = (1 + 2 * part) * (1 - part) ** 2
    ankle[swing] += stay * (place - path.ankle[edge]) + part * (1 - part) ** 2 * slope
    turn[swing] = multiply(power(multiply(flat, inverse(path.turn[edge]))[None], stay), turn[swing])


def _above_floor(path: FootPath, sole: Sole) -> FootPath:
    """The ankle raised where it is lower than in a flat foot, the foot tilted less where its sole sinks."""
    ankle = path.ankle.copy()
    ankle[:, 2] = np.maximum(ankle[:, 2], sole.ankle)
    if len(sole.points) == 0:
        return FootPath(ankle, path.turn)
    level = about(_UP, twist_angle(path.turn, _UP))
    tilt = multiply(path.turn, inverse(level))
    tilt = tilt * np.where(tilt[:, :1] < 0, -1.0, 1.0)
    sine = np.linalg.norm(tilt[:, 1:], axis=-1)
    angle = 2 * np.arctan2(sine, tilt[:, 0])
    axis = tilt[:, 1:] / np.maximum(sine, 1e-300)[:, None]
    allowed = _nearest_tilt(angle, axis, rotate(level[:, None], sole.points), ankle[:, 2] - sole.ankle)
    half = allowed[:, None] / 2
    return FootPath(ankle, multiply(np.concatenate([np.cos(half), np.sin(half) * axis], -1), level))


def _median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The value that half of the weight lies below."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


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
    sinks = (abs(angle[:, None] - p) < width).any(axis=1)
    lower = np.maximum(np.where(abs(angle[:, None] - p) < width, p - width, np.inf).min(axis=1), 0)
    upper = np.where(abs(angle[:, None] - p) < width, p + width, -np.inf).max(axis=1)
    return np.where(sinks, np.where(angle - lower <= upper - angle, lower, upper), angle)
