"""A room of straight lines, and cameras that film it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.camera.pinhole import camera_matrix, focal_length_from_field_of_view, project

_WIDTH, _HEIGHT = 1280, 720


@dataclass(frozen=True, eq=False)
class FilmedRoom:
    up: NDArray[np.float64]
    """(3,) camera axes."""
    matrix: NDArray[np.float64]
    """(3, 3) pixels."""
    segments: NDArray[np.float64]
    """(N, 2, 2) pixels, with the errors of real ones; the last ones lead nowhere."""

    def picture(self) -> NDArray[np.uint8]:
        """(720, 1280, 3), the segments as dark lines."""
        picture = np.full((_HEIGHT, _WIDTH, 3), 180, np.uint8)
        for start, end in self.segments.round().astype(int):
            cv2.line(picture, start.tolist(), end.tolist(), (40, 40, 40), 2, cv2.LINE_AA)
        return picture


def _film_room(
    roll: float,
    pitch: float,
    azimuth: float,
    field_of_view: float = 60,
    seed: int = 0,
    count: int = 150,
    strays: int = 40,
) -> FilmedRoom:
    """By a camera that leans to its right, looks down and around; degrees."""
    random = np.random.default_rng(seed)
    level = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    tilt = Rotation.from_euler("xz", [pitch, roll], degrees=True).as_matrix()
    rotation = tilt @ level @ Rotation.from_euler("z", azimuth, degrees=True).as_matrix()
    matrix = camera_matrix(focal_length_from_field_of_view(field_of_view, _WIDTH, _HEIGHT), _WIDTH, _HEIGHT)
    directions = np.eye(3)[random.integers(0, 3, 60 * count)]
    start = random.uniform([-6, -6, -2], [6, 6, 2], (60 * count, 3))
    ends = np.stack([start, start + random.uniform(0.4, 1.5, (60 * count, 1)) * directions], 1)
    around = ends @ rotation.T
    pixels = project(around[(around[..., 2] > 1.5).all(1)], matrix)
    inside = ((pixels > 0) & (pixels < (_WIDTH, _HEIGHT))).all((1, 2))
    lines = pixels[inside][:count]
    middles = random.uniform(0, (_WIDTH, _HEIGHT), (strays, 2))
    anywhere = middles[:, None] + [[[-0.5], [0.5]]] * random.normal(0, 60, (strays, 1, 2))
    segments = np.concatenate([lines + random.normal(0, 0.4, lines.shape), anywhere])
    return FilmedRoom(rotation[:, 2], matrix, segments)


@pytest.fixture(scope="session")
def film_room() -> Callable[..., FilmedRoom]:
    """See `_film_room`."""
    return _film_room
