"""Directions, and the turns between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Vectors = NDArray[np.float64]


def unit(vectors: NDArray[Any]) -> Vectors:
    """Vectors (..., 3) at length 1; those without a length stay as they are."""
    directions: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return directions


def shortest_turn(start: Vectors, end: Vectors) -> Rotation:
    """The smallest rotation that brings unit vectors (T, 3) to others; of half turns, one about any axis."""
    w = 1 + (start * end).sum(axis=-1)
    axis = np.cross(start, end)
    axis[w < 1e-9] = [1, 0, 0]
    return Rotation.from_quat(np.column_stack([axis, w]))


def tilt_of(up: Vectors) -> Vectors:
    """(2,) the tilt (a, b) of a direction that is (a, -1, b) times a length in camera axes.

    Against the camera's own up: sideways (the camera's roll) and along the view (its pitch).
    """
    tilt: Vectors = up[[0, 2]] / -up[1]
    return tilt


def direction_of(tilt: Vectors) -> Vectors:
    """(3,) the unit vector of a tilt (2,)."""
    return unit(np.insert(tilt, 1, -1.0))
