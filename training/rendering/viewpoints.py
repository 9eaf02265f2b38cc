"""Cameras placed at random around people, from wherever people are filmed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.camera.pinhole import project
from training.rendering.filming import Camera

Array = NDArray[np.float64]

SIZES = ((480, 360), (360, 480), (400, 400), (512, 384), (384, 512))
"""Width and height of pictures, pixels."""
_NEAREST = 0.35
"""Metres from the camera to the nearest point."""


@dataclass(frozen=True)
class Viewpoints:
    """From where people are filmed, all around them."""

    fields_of_view: tuple[float, float] = (30.0, 100.0)
    """Degrees along the longer side of the picture, from the least to the greatest."""
    elevation: tuple[float, float] = (5.0, 13.0)
    """Mean and standard deviation of the angle from which the camera looks down, degrees."""
    roll: float = 5.0
    """Standard deviation, degrees."""
    wild: float = 0.2
    """Share of cameras that are held low or high, or tilted."""
    shares: tuple[float, float] = (0.5, 1.0)
    """Of the picture's side that people take; the largest are cut off where they stand aside."""
    beyond_edge: float = 0.4
    """Share of pictures in which people may reach beyond the edge."""


ANYWHERE = Viewpoints()
TRIPOD = Viewpoints(
    fields_of_view=(40.0, 75.0), elevation=(5.0, 6.0), roll=1.5, wild=0.0, shares=(0.6, 0.95), beyond_edge=0.0
)
"""As animators film themselves: level, at a fair distance, the whole body in the picture."""


def draw_camera(rng: np.random.Generator, points: Array, viewpoints: Viewpoints = ANYWHERE) -> Camera:
    """A camera that sees (N, 3) world points somewhere in its picture, mostly all of them."""
    width, height = SIZES[rng.integers(len(SIZES))]
    field_of_view = rng.uniform(*viewpoints.fields_of_view)
    rotation = _draw_rotation(rng, viewpoints)
    share = rng.uniform(*viewpoints.shares)
    low, high = points.min(0), points.max(0)
    middle = (low + high) / 2
    distance = float(np.linalg.norm(high - low))
    camera = Camera(width, height, field_of_view, middle - distance * rotation[2], rotation)
    for _ in range(4):  # the size in the picture falls nearly as the distance grows
        pixels = _pixels(camera, points)
        distance *= float((np.ptp(pixels, axis=0) / (share * np.array([width, height]))).max())
        distance = max(distance, float(((middle - points) @ rotation[2]).max()) + _NEAREST)
        camera = Camera(width, height, field_of_view, middle - distance * rotation[2], rotation)
    return _aimed_aside(rng, camera, points, viewpoints.beyond_edge)


def _draw_rotation(rng: np.random.Generator, viewpoints: Viewpoints) -> Array:
    """(3, 3) from the world's axes to the camera's; z looks at what is filmed."""
    if rng.random() < viewpoints.wild:
        elevation, roll = rng.uniform(-45, 70), rng.uniform(-40, 40)
    else:
        elevation, roll = rng.normal(*viewpoints.elevation), viewpoints.roll * rng.normal()
    azimuth = rng.uniform(-math.pi, math.pi)
    level = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])  # faces +Y
    tilt = Rotation.from_euler("xz", [elevation, roll], degrees=True).as_matrix()
    around: Array = tilt @ level @ Rotation.from_rotvec([0, 0, azimuth]).as_matrix()
    return around


def _aimed_aside(rng: np.random.Generator, camera: Camera, points: Array, beyond_edge: float) -> Camera:
    """The camera turned so that the points are anywhere in the picture, a share up to a tenth beyond it."""
    pixels = _pixels(camera, points)
    size = np.array([camera.width, camera.height])
    middle, half = (pixels.min(0) + pixels.max(0)) / 2, np.ptp(pixels, axis=0) / 2
    room = np.maximum(size / 2 - half, 0) + 0.1 * size * (rng.random() < beyond_edge)
    wanted = size / 2 + room * rng.uniform(-1, 1, 2)
    inverse = np.linalg.inv(camera.matrix())
    now, then = (ray / np.linalg.norm(ray) for ray in (inverse @ [*middle, 1], inverse @ [*wanted, 1]))
    axis = np.cross(now, then)
    length = float(np.linalg.norm(axis))
    if length < 1e-9:
        return camera
    turn = Rotation.from_rotvec(axis / length * math.atan2(length, float(now @ then))).as_matrix()
    return Camera(camera.width, camera.height, camera.field_of_view, camera.position, turn @ camera.rotation)


def _pixels(camera: Camera, points: Array) -> Array:
    return project((points - camera.position) @ camera.rotation.T, camera.matrix())
