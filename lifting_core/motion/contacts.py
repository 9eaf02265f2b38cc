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
"""Metres a second: the speed of an ankle that is as likely to stand still as not."""
_FOOT_CUTOFF = 3.5
"""Hz: the same as `_SPEED_CUTOFF` for the feet's speed and height."""
_STANDING, _WALKING = 0.6, 0.4
"""Metres a second, and parts of the body's own speed: how fast an ankle is that is as likely on the floor as
off it. In walking it is the foot's errors that grow with the speed."""
_BODY_CUTOFF = 0.7
"""Hz: above this the middle of the feet does not tell how the body moves."""
_LOW = 0.08
"""Metres: the same for an ankle's height above that of a standing one; heels rise before toes leave."""
_FLOOR_CUTOFF = 0.4
"""Hz: errors of the depth make the floor rise and sink as slowly as this."""
_FALSE_RISE = 0.15
"""Metres: the most that they do."""


def stillness(time: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    """(T, N) from 1 for points (T, N, 3) that stand still to 0 for those that move, by true time."""
    steady = smooth(time, points, np.ones(points.shape[:2]), _SPEED_CUTOFF)
    return _likelihood(_speed(time, steady), _SLOW)


def foot_contacts(time: NDArray[Any], ankles: NDArray[Any], standing: float) -> NDArray[np.float64]:
    """(T, 2) how surely each foot is on the floor, 0 to 1: its ankle is slow and low.

    Slow means much slower than the body, and low means not far above where the lower foot has been around
    that time, if that is near the floor.
    Arguments: time (T,) seconds; ankles (T, 2, 3) metres in world axes, floor at z = 0; standing, the height
    of an ankle above the floor when the foot is flat on it.
    """
    steady = smooth(time, ankles, np.ones(ankles.shape[:2]), _FOOT_CUTOFF)
    body = smooth(time, ankles.mean(axis=1, keepdims=True), np.ones((len(time), 1)), _BODY_CUTOFF)
    slow = _likelihood(_speed(time, steady), _STANDING + _WALKING * _speed(time, body))
    height = steady[..., 2] - standing
    lower = height.argmin(axis=1)[:, None]
    floor = smooth(
        time,
        np.take_along_axis(height, lower, axis=1)[..., None],
        np.take_along_axis(slow, lower, axis=1),
        _FLOOR_CUTOFF,
    )[..., 0]
    return slow * _likelihood(height - np.clip(floor, 0, _FALSE_RISE), _LOW)


def _likelihood(excess: NDArray[np.float64], half: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """From 1 where there is no excess through 0.5 at `half` to 0."""
    likelihood: NDArray[np.float64] = 1 / (1 + (np.maximum(excess, 0) / half) ** 4)
    return likelihood


def _speed(time: NDArray[Any], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, N) metres a second, the mean of those before and after; 0 where there is neither."""
    intervals = np.diff(time)[:, None]
    tied, speeds = np.zeros((2, len(time) + 1, points.shape[1]))
    tied[1:-1] = intervals <= LONGEST_GAP
    speeds[1:-1] = tied[1:-1] * np.linalg.norm(np.diff(points, axis=0), axis=2) / intervals
    speed: NDArray[np.float64] = (speeds[:-1] + speeds[1:]) / np.maximum(tied[:-1] + tied[1:], 1)
    return speed
