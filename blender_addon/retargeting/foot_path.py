"""Where a foot goes when it is to stand still in its contacts. All in axes whose z points up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kinematics.rotations import UP, about, inverse, multiply, power, twist_angle
from .sole import FootPath, Sole, above_floor, tilt_toward, tilted
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
    for contact in contacts:
        _stand(time, path, contact, sureness, sole, behind, stood)
    for edge in edges(contacts, len(time)):
        easing, outer = edge.easing(time), edge.outer
        stood.ankle[easing.frames] += easing.of(path.ankle, stood.ankle)
        off = multiply(stood.turn[outer], inverse(path.turn[outer]))
        stood.turn[easing.frames] = multiply(power(off[None], easing.stay), stood.turn[easing.frames])
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


@dataclass(frozen=True, eq=False)
class Easing:
    """How what a contact takes off its way at an edge eases off in the swing beyond: Hermite's cubic."""

    edge: Edge
    frames: NDArray[np.int64]
    """(N,) of the swing."""
    stay: NDArray[np.float64]
    """(N, 1) what is left of the difference at the edge."""
    slope: NDArray[np.float64]
    """(N, 1) what the difference's change from frame to frame there adds, per unit a second."""
    intervals: tuple[float, float]
    """Seconds from the outermost frame of the contact to the swing, and to the next frame in it."""

    def of(self, own: NDArray[np.float64], held: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, C) the difference between what was (T, C) and what it is in the contact, in the swing."""
        outer, inner, (onward, back) = self.edge.outer, self.edge.inner, self.intervals
        speed = (own[outer] - own[self.edge.swing[0]]) / onward
        if inner != outer:
            speed = speed + (held[outer] - held[inner]) / back
        eased: NDArray[np.float64] = self.stay * (held[outer] - own[outer]) + self.slope * speed
        return eased


@dataclass(frozen=True, eq=False)
class Edge:
    """Where a contact meets a swing."""

    outer: int
    """The outermost frame of the contact."""
    inner: int
    """The next one in it; the same where there is none."""
    swing: NDArray[np.int64]
    """(N,) away from the edge, up to the next contact or the end."""

    def easing(self, time: NDArray[np.float64]) -> Easing:
        """Within `_EASE`, or up to the next contact, which nothing of it may reach."""
        away = abs(time[self.swing] - time[self.outer])
        length = min(_EASE, away[-1] + away[0])
        near = away < length
        part = (away[near] / length)[:, None]
        stay, slope = (1 + 2 * part) * (1 - part) ** 2, length * part * (1 - part) ** 2
        return Easing(
            self, self.swing[near], stay, slope, (away[0], abs(time[self.outer] - time[self.inner]))
        )


def edges(contacts: Sequence[tuple[int, int]], frames: int) -> Iterator[Edge]:
    """Those of a foot's contacts that have a swing before or after them."""
    ends = [-1, *(end for contact in contacts for end in contact), frames]
    for index, (first, last) in enumerate(contacts):
        before, after = ends[2 * index], ends[2 * index + 3]
        for edge in (
            Edge(first, min(first + 1, last), np.arange(first - 1, before, -1)),
            Edge(last, max(last - 1, first), np.arange(last + 1, after)),
        ):
            if len(edge.swing) > 0:
                yield edge
