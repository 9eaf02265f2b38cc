"""Where a foot goes when it is to stand still in its contacts. All in axes whose z points up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .rotations import about, inverse, multiply, power, twist_angle
from .sole import UP, FootPath, Sole, above_floor, tilt_toward, tilted
from .windows import half_window, smooth, weighted_median

_EASE = 0.3
"""Seconds, at most, in which a foot leaves its path for its place, and comes back to it."""
_FLAT = np.radians(6)
"""A heel that seems to be raised by less than this is on the floor."""
_ROLL = 0.1
"""Seconds over which the raising of a heel is smoothed."""
SELDOM = 0.05
"""What a frame of a contact counts, beside one in which the foot surely stands."""


def planted(
    time: NDArray[np.float64],
    path: FootPath,
    contacts: Sequence[tuple[int, int]],
    sureness: NDArray[np.float64],
    sole: Sole,
    behind: NDArray[np.float64],
) -> FootPath:
    """The foot on the floor from the first to the last frame of each of its contacts, and never below it.

    There its toes stay in one place, and its heel is raised as far as the ankle's path asks for. In between
    the foot keeps its own path, moved by what it was off at the ends of the swing; this eases off within
    `_EASE`. `sureness` (T,) weighs the frames of a contact for the foot's place; `behind` (T,) says from 0 to
    1 how far the body has passed over the foot, which is when heels are raised.
    """
    stood = FootPath(path.ankle.copy(), path.turn.copy())
    ends = [-1, *(end for contact in contacts for end in contact), len(time)]
    for contact in contacts:
        _stand(time, path, contact, sureness, sole, behind, stood)
    for index, (first, last) in enumerate(contacts):
        before, after = ends[2 * index], ends[2 * index + 3]
        _ease(time, path, (first, min(first + 1, last)), np.arange(first - 1, before, -1), stood)
        _ease(time, path, (last, max(last - 1, first)), np.arange(last + 1, after), stood)
    return above_floor(stood, sole)


def _stand(
    time: NDArray[np.float64],
    path: FootPath,
    contact: tuple[int, int],
    sureness: NDArray[np.float64],
    sole: Sole,
    behind: NDArray[np.float64],
    stood: FootPath,
) -> None:
    """Write the frames of a contact."""
    inside = slice(contact[0], contact[1] + 1)
    weight = sureness[inside] + SELDOM
    x, y = (weighted_median(path.ankle[inside, axis], weight) for axis in (0, 1))
    heading = weighted_median(twist_angle(path.turn[inside], UP), weight)
    count = len(weight)
    flat = FootPath(np.tile([x, y, sole.ankle], (count, 1)), about(UP, np.full(count, heading)))
    angle = np.maximum(tilt_toward(flat, sole.toes, path.ankle[inside]) - _FLAT, 0) * behind[inside]
    rolled = tilted(flat, sole.toes, smooth(angle, half_window(time[inside], _ROLL)))
    stood.ankle[inside], stood.turn[inside] = rolled.ankle, rolled.turn


def _ease(
    time: NDArray[np.float64],
    path: FootPath,
    edge: tuple[int, int],
    swing: NDArray[np.int64],
    stood: FootPath,
) -> None:
    """Add what the path is off, in place and speed, at the edge of a contact to the frames of a swing.

    `edge` is the outermost frame of the contact and the next one in it; `swing` goes away from the edge.
    """
    if len(swing) == 0:
        return
    outer, inner = edge
    away = abs(time[swing] - time[outer])
    # The other end of the swing is the next contact, which nothing of this may reach.
    length = min(_EASE, away[-1] + away[0])
    near = away < length
    speed = (path.ankle[outer] - path.ankle[swing[0]]) / away[0]
    if inner != outer:
        speed = speed + (stood.ankle[outer] - stood.ankle[inner]) / abs(time[outer] - time[inner])
    swing, part = swing[near], (away[near] / length)[:, None]
    # Hermite's cubic from what the foot is off to nothing.
    stay, slope = (1 + 2 * part) * (1 - part) ** 2, part * (1 - part) ** 2
    stood.ankle[swing] += stay * (stood.ankle[outer] - path.ankle[outer]) + slope * length * speed
    off = multiply(stood.turn[outer], inverse(path.turn[outer]))
    stood.turn[swing] = multiply(power(off[None], stay), stood.turn[swing])
