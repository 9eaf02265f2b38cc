"""Zero-lag smoothing that trusts each value by its confidence and keeps to the true time stamps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from lifting_core.motion.gaps import LEAST_INTERVAL, LONGEST_GAP

_CUTOFF_AT_FULL_STRENGTH = 3.0
_LEAST_WEIGHT = 0.01


def cutoff(strength: float) -> float:
    """The frequency in Hz that a strength from 0 to 1 keeps half of: 3 Hz at 1, 6 Hz at 0.5, none at 0."""
    return _CUTOFF_AT_FULL_STRENGTH / strength if strength > 0 else math.inf


def smooth(
    time: NDArray[Any], values: NDArray[Any], weights: NDArray[Any], cutoff: float, order: int = 3
) -> NDArray[np.float64]:
    """Whittaker's smoother (Eilers, Anal. Chem. 75, 2003) for unequal intervals.

    Minimises the integral of w |x - y|^2 + (2 pi cutoff)^(-2 order) |order-th derivative of x|^2 over time,
    whose answer to a frequency f at weight 1 is 1 / (1 + (f / cutoff)^(2 order)), without lag. Frames more
    than LONGEST_GAP apart are not tied to one another.

    Arguments: time (T,) seconds, increasing; values (T, N, D); weights (T, N), 1 where fully trusted;
    cutoff in Hz, infinite for none. Returns (T, N, D).
    """
    values = np.asarray(values, np.float64)
    if math.isinf(cutoff) or len(time) <= order:
        return values.copy()
    intervals = np.maximum(np.diff(time), LEAST_INTERVAL)
    roughness = _roughness(intervals, order) * (2 * math.pi * cutoff) ** -order
    data = np.maximum(weights, _LEAST_WEIGHT) * durations(intervals)[:, None]
    return np.stack([_fitted(values[:, n], data[:, n], roughness) for n in range(values.shape[1])], axis=1)


def _fitted(
    values: NDArray[np.float64], weights: NDArray[np.float64], roughness: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(T, D) the x that minimises the sums of w |x - y|^2 and |R x|^2, R in the form of `_roughness`.

    Solved with s = -R x / a as unknowns of their own (the augmented system of Björck, Numerical Methods for
    Least Squares Problems, 1996, section 2.5.3, with his scale a): the normal equations' condition is the
    square of this one's, and too much for double precision at several hundred frames a second.
    """
    count, reach = len(values), 2 * roughness.shape[1] - 1
    scale = math.sqrt(weights.min() / 2)
    system = np.zeros((2 * reach + 1, 2 * count))  # as `solve_banded` wants it, s and x in turn
    system[reach, ::2], system[reach, 1::2] = scale, weights / scale
    for offset, column in enumerate(roughness.T):
        apart, windows = 2 * offset + 1, 2 * len(column)
        system[reach - apart, apart : apart + windows : 2] = column
        system[reach + apart, :windows:2] = -column
    right = np.zeros((2 * count, values.shape[1]))
    right[1::2] = weights[:, None] / scale * values
    fitted: NDArray[np.float64] = solve_banded((reach, reach), system, right)[1::2]
    return fitted


def durations(intervals: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) seconds that each frame stands for, by the intervals (T - 1,) between frames.

    The mean of those that tie it to its neighbours, or LONGEST_GAP where none does.
    """
    tied = intervals <= LONGEST_GAP
    neighbours = np.append(0, tied) + np.append(tied, 0)
    total = np.append(0, intervals * tied) + np.append(intervals * tied, 0)
    return np.where(neighbours > 0, total / np.maximum(neighbours, 1), LONGEST_GAP)


def _roughness(intervals: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """(T - order, order + 1): by what neighbours are multiplied for the derivative between them, times the
    square root of the time that it stands for.

    The derivative on order + 1 neighbours is order! times their divided difference.
    """
    time = np.concatenate([[0.0], np.cumsum(intervals)])
    windows = np.lib.stride_tricks.sliding_window_view(time, order + 1)
    apart = windows[:, :, None] - windows[:, None, :] + np.eye(order + 1)
    derivative = math.factorial(order) / apart.prod(axis=2)
    tied = np.lib.stride_tricks.sliding_window_view(intervals, order).max(axis=1) <= LONGEST_GAP
    length = np.where(tied, (windows[:, -1] - windows[:, 0]) / order, 0.0)
    weighted: NDArray[np.float64] = np.sqrt(length)[:, None] * derivative
    return weighted
