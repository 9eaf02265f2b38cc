"""Values over time, smoothed over windows of frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def half_window(time: NDArray[np.float64], seconds: float) -> int:
    """The frames before and after a frame that are within so many seconds of it, as a rule."""
    return max(1, round(seconds / float(np.median(np.diff(time))))) if len(time) > 1 else 0


def smooth(values: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """(T,) means over the frames around, those far off counting less; the ends go on beyond themselves."""
    weights = np.hanning(2 * half + 3)[1:-1]
    means: NDArray[np.float64] = _windows(values, half) @ (weights / weights.sum())
    return means


def smoothly_above(values: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """(T,) a smooth curve that is nowhere below the values: means of their maxima over the same windows."""
    return smooth(_windows(values, half).max(axis=1), half)


def weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The value that half of the weight lies below. Arguments: values (N,); weights (N,), not all 0."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


def _windows(values: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """(T, 2 half + 1)"""
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, half, mode="edge"), 2 * half + 1)
