"""The twist of a limb's upper bone, taken from the plane in which the limb bends.

While a limb is straight its twist is unknown; it is then carried over from before and after, and leans
toward the natural one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.motion.directions import Vectors, shortest_turn
from lifting_core.motion.smoothing import smooth

_CUTOFF = 4.0
"""Hz: how fast a well-bent limb may twist."""
_STRAIGHT = 0.1
"""The sine of a bend that may be noise."""


@dataclass(frozen=True)
class Bend:
    """How a bone's twist follows from the direction of the next bone."""

    onward: str
    """Tail joint of the next bone, which bends about this bone's x axis toward z."""
    prior: float
    """How much the natural twist counts: as much as a bend of which this is the squared sine."""
    forward_only: bool = False
    """Bends against the natural one are noise."""


def bend_twist(
    bend: Bend, time: NDArray[Any], swing: Rotation, onward: Vectors, trust: Vectors, natural: Vectors
) -> Vectors:
    """(T,) the angle about a bone's y axis that turns its x axis into the axis about which it bends.

    In the plane across the bone, the direction of the next bone is the sine of the bend times a unit vector.
    These vectors are smoothed with the squared sine as their weight, which is how far the next joint moves
    with the twist (less what may be noise), and beside them the natural twist.

    Arguments: swing, of the bone from where its parent carries it; onward (T, 3), the direction of the next
    bone in the axes of this one after the swing; trust (T,); natural (T,), the natural angle.
    """
    across = onward[:, [2, 0]]
    sine = np.linalg.norm(across, axis=1)
    # Beyond a right angle the swing says less and less about the twist; a half turn can be about any axis.
    sense = np.clip(1 + swing.apply([0, 1, 0])[:, 1], 0, 1) ** 2
    weight = trust * sine**4 / (sine**2 + _STRAIGHT**2)
    if bend.forward_only:
        weight *= 1 - sense * (1 - (1 + across[:, 0] / (sine + 1e-9)) ** 2 / 4)
    prior = bend.prior * sense
    steady = _transport(swing)
    angle = np.arctan2(across[:, 1], across[:, 0]) + steady
    total = (weight + prior)[:, None] + 1e-9
    direction = (weight[:, None] * _compass(angle) + prior[:, None] * _compass(natural + steady)) / total
    direction = smooth(time, direction[:, None], total, _CUTOFF, order=2)[:, 0]
    angle = np.unwrap(np.arctan2(direction[:, 1], direction[:, 0]))
    total *= (direction**2).sum(axis=1, keepdims=True)
    return smooth(time, angle[:, None, None], total, _CUTOFF, order=2)[:, 0, 0] - steady


def _transport(swing: Rotation) -> Vectors:
    """(T,) the twist that swings have picked up against a bone that never twists from frame to frame.

    Swings near a half turn jump about; angles that are counted from the untwisted bone do not.
    """
    x, y = swing.apply([1, 0, 0]), swing.apply([0, 1, 0])
    untwisted = swing[1:].inv().apply(shortest_turn(y[:-1], y[1:]).apply(x[:-1])) if len(x) > 1 else x[1:]
    return np.append(0.0, np.cumsum(np.arctan2(untwisted[:, 2], untwisted[:, 0])))


def _compass(angle: Vectors) -> Vectors:
    return np.column_stack([np.cos(angle), np.sin(angle)])
