"""When a foot is on the floor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.gaps import LONGEST_GAP
from lifting_core.motion.smoothing import smooth

_SPEED_CUTOFF = 5.0
"""Hz: noise above this does not count as speed."""
_SLOW = 0.5
"""Metres a second: the speed of a foot that is as likely on the floor as off it."""
_LOW = 0.06
"""Metres: the same for its height above that of a foot that stands; heels rise before toes leave."""


def stillness(time: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    """(T, N) from 1 for points (T, N, 3) that stand still to 0 for those that move, by true time."""
    steady = smooth(time, points, np.ones(points.shape[:2]), _SPEED_CUTOFF)
    return 1 / (1 + (_speed(time, steady) / _SLOW) ** 4)


def foot_contacts(time: NDArray[Any], points: NDArray[Any], standing: NDArray[Any]) -> NDArray[np.float64]:
    """(T, 2) how surely each foot is on the floor, 0 to 1: its heel, its toes or its ankle are slow and low.

    Arguments: time (T,) seconds; points (T, 2, N, 3) of each foot, metres in world axes, floor at z = 0;
    standing (N,), their heights above the floor when the foot is flat on it.
    """
    above = np.maximum(points[..., 2] - standing, 0)
    still = stillness(time, points.reshape(len(time), -1, 3)).reshape(above.shape)
    surest: NDArray[np.float64] = (still / (1 + (above / _LOW) ** 4)).max(axis=2)
    return surest


def _speed(time: NDArray[Any], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, N) metres a second, the mean of those before and after; 0 where there is neither."""
    intervals = np.diff(time)[:, None]
    tied, speeds = np.zeros((2, len(time) + 1, points.shape[1]))
    tied[1:-1] = intervals <= LONGEST_GAP
    speeds[1:-1] = tied[1:-1] * np.linalg.norm(np.diff(points, axis=0), axis=2) / intervals
    speed: NDArray[np.float64] = (speeds[:-1] + speeds[1:]) / np.maximum(tied[:-1] + tied[1:], 1)
    return speed
