"""Zero-lag smoothing that trusts each value by its confidence and keeps to the true time stamps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

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
    penalty = _roughness(intervals, order) * (2 * math.pi * cutoff) ** (-2 * order)
    data = np.maximum(weights, _LEAST_WEIGHT) * _durations(intervals)[:, None]
    smoothed = np.empty_like(values)
    for n in range(values.shape[1]):
        system = penalty.copy()
        system[-1] += data[:, n]
        smoothed[:, n] = solveh_banded(system, data[:, n, None] * values[:, n])
    return smoothed


def _durations(intervals: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) the time that each frame stands for: the mean of the intervals that tie it to its neighbours."""
    tied = intervals <= LONGEST_GAP
    neighbours = np.append(0, tied) + np.append(tied, 0)
    total = np.append(0, intervals * tied) + np.append(intervals * tied, 0)
    return np.where(neighbours > 0, total / np.maximum(neighbours, 1), LONGEST_GAP)


def _roughness(intervals: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """The integral of the squared derivative: (order + 1, T), the upper form of `solveh_banded`.

    The derivative on order + 1 neighbours is order! times their divided difference.
    """
    time = np.concatenate([[0.0], np.cumsum(intervals)])
    windows = np.lib.stride_tricks.sliding_window_view(time, order + 1)
    apart = windows[:, :, None] - windows[:, None, :] + np.eye(order + 1)
    derivative = math.factorial(order) / apart.prod(axis=2)
    tied = np.lib.stride_tricks.sliding_window_view(intervals, order).max(axis=1) <= LONGEST_GAP
    length = np.where(tied, (windows[:, -1] - windows[:, 0]) / order, 0.0)
    banded = np.zeros((order + 1, len(time)))
    for row in range(order + 1):
        for column in range(row, order + 1):
            product = length * derivative[:, row] * derivative[:, column]
            banded[order - (column - row), column : column + len(windows)] += product
    return banded
