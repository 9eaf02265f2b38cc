"""Short stretches in which the person was not found are bridged, longer ones stay empty."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

LEAST_INTERVAL = 1e-3
"""Seconds. Frames closer together count as so far apart."""
LONGEST_GAP = 0.5
"""Seconds. Frames further apart than this are not tied to one another."""


def bridged_frames(time: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Frames that get a pose: those in which the person was seen, and those in short gaps between them.

    Arguments: time (T,) seconds, increasing; seen (T,). Returns (M,) frame numbers, increasing.
    """
    frames = np.flatnonzero(seen)
    if len(frames) == 0:
        return frames
    following = np.clip(np.searchsorted(frames, np.arange(len(time))), 0, len(frames) - 1)
    preceding = np.clip(np.searchsorted(frames, np.arange(len(time)), side="right") - 1, 0, None)
    inside = (np.arange(len(time)) >= frames[0]) & (np.arange(len(time)) <= frames[-1])
    gap = time[frames[following]] - time[frames[preceding]]
    return np.flatnonzero(seen | (inside & (gap <= LONGEST_GAP)))


def fill(time: NDArray[Any], values: NDArray[Any], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values (T, ...) with the unknown frames interpolated over time; the ends are held.

    The interpolation is monotone and cubic (Fritsch and Carlson, SIAM J. Numer. Anal. 17, 1980), so that
    nothing swings beyond what was seen. Raises ValueError when no frame is known.
    """
    if not known.any():
        raise ValueError("nothing to interpolate between")
    filled = np.array(values, np.float64)
    unknown = ~known
    if not unknown.any():
        return filled
    if known.sum() == 1:
        filled[unknown] = filled[known][0]
        return filled
    times = np.clip(time[unknown], time[known][0], time[known][-1])
    filled[unknown] = PchipInterpolator(time[known], filled[known], axis=0)(times)
    return filled
