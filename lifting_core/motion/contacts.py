"""When a foot is on the floor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.gaps import LONGEST_GAP
from lifting_core.motion.smoothing import smooth
from lifting_core.skeleton import JOINTS

_SPEED_CUTOFF = 5.0
"""Hz: noise above this does not count as speed."""
_SLOW = 0.5
"""Metres a second: the speed of a foot that is as likely to stand still as not."""
_FOOT_CUTOFF = 3.5
"""Hz: the same as `_SPEED_CUTOFF` for the feet's speed and height."""
_STANDING, _WALKING = 0.6, 0.4
"""Metres a second, and parts of the body's own speed: how fast a foot is that is as likely on the floor as
off it. In walking it is the foot's errors that grow with the speed."""
_SEEN_STANDING, _SEEN_WALKING = 0.3, 0.3
"""Metres a second across the line of sight, and parts of the body's: the same for a foot in the picture."""
_TOWARD = 3.0
"""How much faster a foot may seem that stands still in the picture: what is left is errors of depth."""
_SEEN = 0.5
"""Keypoints below this confidence do not tell whether a foot moves."""
_BODY_CUTOFF = 0.7
"""Hz: above this the middle of the feet does not tell how the body moves."""
_LOW = 0.08
"""Metres: the same for a foot's height above that of one that stands; heels rise before toes leave."""
_FLOOR_CUTOFF = 0.4
"""Hz: errors of the depth make the floor rise and sink as slowly as this."""
_FALSE_RISE = 0.15
"""Metres: the most that they do."""


_FEET_SEEN = 0.1
"""The mean confidence of heels and toes from which on they are trusted to tell how a foot stands."""

_ANKLES = [[JOINTS.index(f"{side}_ankle")] for side in ("left", "right")]
SOLES = [[JOINTS.index(f"{side}_{end}") for end in ("heel", "toe")] for side in ("left", "right")]
"""Heel and toe of either foot."""


def joints_of_feet(confidence: NDArray[Any]) -> NDArray[np.intp]:
    """(2, N) the joints that tell where a foot stands: heel and toe where they are seen, else the ankle.

    `confidence` (T, 28).
    """
    return np.array(SOLES if (confidence[:, SOLES].mean(axis=0) > _FEET_SEEN).all() else _ANKLES)


def stillness(time: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    """(T, N) from 1 for points (T, N, 3) that stand still to 0 for those that move, by true time."""
    steady = smooth(time, points, np.ones(points.shape[:2]), _SPEED_CUTOFF)
    return _likelihood(_speed(time, steady), _SLOW)


def foot_contacts(
    time: NDArray[Any], points: NDArray[Any], standing: NDArray[Any], in_picture: NDArray[Any] | None = None
) -> NDArray[np.float64]:
    """(T, 2) how surely each foot is on the floor, 0 to 1: its heel, its toes or its ankle are slow and low.

    Slow means much slower than the body, and low means not far above where the lowest point has been around
    that time, if that is near the floor.
    Arguments: time (T,) seconds; points (T, 2, N, 3) of each foot, metres in world axes, floor at z = 0;
    standing (N,), their heights above the floor when the foot is flat on it; in_picture (T, 2) how surely
    each foot stands still in the picture (`still_in_picture`), NaN where it is not seen.
    """
    seen = np.full(points.shape[:2], np.nan) if in_picture is None else in_picture
    patience = np.repeat(np.nan_to_num(1 + (_TOWARD - 1) * seen, nan=1.0), points.shape[2], axis=1)
    feet = points.reshape(len(time), -1, 3)
    steady = smooth(time, feet, np.ones(feet.shape[:2]), _FOOT_CUTOFF)
    body = smooth(time, feet.mean(axis=1, keepdims=True), np.ones((len(time), 1)), _BODY_CUTOFF)
    half = patience * (_STANDING + _WALKING * _speed(time, body))
    slow = _likelihood(_speed(time, steady), half)
    height = steady[..., 2] - np.tile(standing, 2)
    lowest = height.argmin(axis=1)[:, None]
    floor = smooth(
        time,
        np.take_along_axis(height, lowest, axis=1)[..., None],
        np.take_along_axis(slow, lowest, axis=1),
        _FLOOR_CUTOFF,
    )[..., 0]
    sure = slow * _likelihood(height - np.clip(floor, 0, _FALSE_RISE), _LOW)
    surest: NDArray[np.float64] = sure.reshape(points.shape[:3]).max(axis=2) * np.nan_to_num(seen, nan=1.0)
    return surest


def still_in_picture(
    time: NDArray[Any], points: NDArray[Any], confidence: NDArray[Any]
) -> NDArray[np.float64]:
    """(T, 2) from 1 where the stillest point of a foot stands still in the picture to 0 where all move.

    NaN where a foot is not seen. The camera must stand still, too.
    Arguments: time (T,) seconds; points (T, 2, N, 2) of each foot, metres across the line of sight;
    confidence (T, 2, N).
    """
    seen = confidence.reshape(len(time), -1)
    steady = smooth(time, points.reshape(*seen.shape, 2), seen, _SPEED_CUTOFF)
    middle = smooth(time, steady.mean(axis=1, keepdims=True), np.ones((len(time), 1)), _BODY_CUTOFF)
    still = _likelihood(_speed(time, steady), _SEEN_STANDING + _SEEN_WALKING * _speed(time, middle))
    known = seen.reshape(confidence.shape) >= _SEEN
    stillest = np.where(known, still.reshape(confidence.shape), 0.0).max(axis=2)
    return np.where(known.any(axis=2), stillest, np.nan)


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
