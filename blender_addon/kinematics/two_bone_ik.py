"""A leg's two halves turned so that its end reaches a target, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .rotations import Quaternions, Vectors, multiply, rotate, shortest_turn, unit

_STRAIGHT, _BENT = 0.003, 0.015
"""Part of its length by which a leg's knee is off the line between its ends: from there its own bend counts
for the plane that it bends in, and from here on that alone."""
_LEAST = 1e-6
"""Part of its length by which a leg stays away from being quite straight or quite folded."""


def reach(
    upper: Vectors, lower: Vectors, target: Vectors, forward: Vectors
) -> tuple[Quaternions, Quaternions]:
    """The turns (T, 4) of both halves that take the end of a leg from where it is to a target.

    Arguments, all (T, 3): `upper` and `lower` from joint to joint; `target` from the first joint; `forward`,
    to which side the middle joint goes where the leg is too straight to tell.

    The leg keeps the plane that it bends in: it is turned as a whole by the shortest way, then bent in its
    plane by the law of cosines. A target out of reach gets the nearest place on its line.
    """
    first, second = np.linalg.norm(upper, axis=-1), np.linalg.norm(lower, axis=-1)
    whole = first + second
    distance = np.clip(
        np.linalg.norm(target, axis=-1), abs(first - second) + _LEAST * whole, (1 - _LEAST) * whole
    )
    swing = shortest_turn(upper + lower, target)
    line = unit(target)
    side = _side(rotate(swing, upper), rotate(swing, forward), line, whole)
    along = (distance**2 + first**2 - second**2) / (2 * distance)
    aside = np.sqrt(np.maximum(first**2 - along**2, 0))
    middle = along[:, None] * line + aside[:, None] * side
    end = distance[:, None] * line
    return (
        multiply(shortest_turn(rotate(swing, upper), middle), swing),
        multiply(shortest_turn(rotate(swing, lower), end - middle), swing),
    )


def _side(upper: Vectors, forward: Vectors, line: Vectors, whole: NDArray[np.float64]) -> Vectors:
    """(T, 3) the unit vector across the line that points to the middle joint's side."""
    bend, across = (vector - (vector * line).sum(-1, keepdims=True) * line for vector in (upper, forward))
    size = np.linalg.norm(bend, axis=-1) / whole
    share = np.clip((size - _STRAIGHT) / (_BENT - _STRAIGHT), 0, 1)[:, None]
    return unit(share * unit(bend) + (1 - share) * unit(across))
