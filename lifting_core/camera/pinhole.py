"""The pinhole camera that a clip was filmed with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEFAULT_FIELD_OF_VIEW = 60.0
"""Degrees along the longer side of the image: a phone's main camera in video mode."""


def focal_length_from_field_of_view(degrees: float, width: int, height: int) -> float:
    """Focal length in pixels; `degrees` belong to the longer side of the image."""
    return max(width, height) / 2 / math.tan(math.radians(degrees) / 2)


def camera_matrix(focal_length: float, width: int, height: int) -> NDArray[np.float64]:
    """(3, 3) intrinsics with square pixels and the principal point in the middle of the image."""
    return np.array([[focal_length, 0, width / 2], [0, focal_length, height / 2], [0, 0, 1]])


def rays(keypoints: NDArray[Any], matrix: NDArray[Any]) -> NDArray[np.float64]:
    """(..., 2) pixels to (..., 3) directions in camera axes, with z = 1."""
    xy = (np.asarray(keypoints, np.float64) - matrix[:2, 2]) / np.diagonal(matrix)[:2]
    return np.concatenate([xy, np.ones_like(xy[..., :1])], axis=-1)


def project(points: NDArray[Any], matrix: NDArray[Any]) -> NDArray[np.float64]:
    """(..., 3) points in camera axes to (..., 2) pixels."""
    points = np.asarray(points, np.float64)
    pixels: NDArray[np.float64] = points[..., :2] / points[..., 2:] * np.diagonal(matrix)[:2] + matrix[:2, 2]
    return pixels
