from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from training.cameras import Camera, differences
from training.datasets.human36m.calibration import published_calibration

CAMERA = published_calibration()["S9", "55011271"]  # the one with the strongest tangential distortion
coordinates = st.floats(-2.0, 2.0)


def views(camera: Camera = CAMERA) -> NDArray[np.float64]:
    """(N, 3) points all over a picture at 4 to 6 metres."""
    random = np.random.default_rng(0)
    pixels = random.uniform(0, 1000, (500, 2))
    xy = (pixels - camera.principal_point) / camera.focal
    points: NDArray[np.float64] = np.append(xy, np.ones((500, 1)), 1) * random.uniform(4, 6, (500, 1))
    return points


def written_out(camera: Camera, x: float, y: float, z: float) -> tuple[float, float]:
    """Human3.6M's formula, number by number."""
    (k1, k2, k3), (p0, p1) = camera.radial, camera.tangential
    u, v = x / z, y / z
    r2 = u * u + v * v
    factor = 1 + k1 * r2 + k2 * math.pow(r2, 2) + k3 * math.pow(r2, 3) + p0 * v + p1 * u
    return (
        camera.focal[0] * (u * factor + p1 * r2) + camera.principal_point[0],
        camera.focal[1] * (v * factor + p0 * r2) + camera.principal_point[1],
    )


@given(coordinates, coordinates, st.floats(3.0, 8.0))
def test_projection_is_the_formula_of_the_data_set(x: float, y: float, z: float) -> None:
    assert CAMERA.project(np.array([x, y, z])) == pytest.approx(written_out(CAMERA, x, y, z), abs=1e-9)


def opencv(camera: Camera, points: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix = np.diag([*camera.focal, 1.0])
    matrix[:2, 2] = camera.principal_point
    coefficients = np.array([*camera.radial[:2], *camera.tangential, camera.radial[2]])
    pixels, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, coefficients)
    return np.asarray(pixels[:, 0], np.float64)


def test_opencv_has_twice_the_tangential_factor_and_nothing_else_differs() -> None:
    points = views()
    xy = points[:, :2] / points[:, 2:]
    tangential = xy @ CAMERA.tangential[::-1]
    difference = opencv(CAMERA, points) - CAMERA.project(points)
    np.testing.assert_allclose(difference, CAMERA.focal * xy * tangential[:, None], atol=1e-9)
    # The amount is small, but far above the data's own precision.
    assert 0.02 < np.linalg.norm(difference, axis=1).mean() < 0.5


@given(st.lists(st.tuples(coordinates, coordinates, coordinates), min_size=1, max_size=5))
def test_the_cameras_axes_are_the_worlds_turned_and_moved(points: list[tuple[float, float, float]]) -> None:
    world = np.array(points)
    seen = CAMERA.from_world(world)
    np.testing.assert_allclose(seen @ CAMERA.rotation + CAMERA.centre, world, atol=1e-12)
    np.testing.assert_allclose(
        np.linalg.norm(seen, axis=-1), np.linalg.norm(world - CAMERA.centre, axis=-1), atol=1e-12
    )


def test_a_camera_sees_what_is_before_it_upright() -> None:
    for camera in published_calibration().values():
        feet, head = camera.from_world(np.array([[0, 0, 0], [0, 0, 1.7]]))
        assert 3 < feet[2] < 7
        assert feet[1] > head[1] + 1.5  # y points down
        assert (camera.project(np.stack([feet, head])) > 0).all()


def test_differences_are_the_greatest_by_parameter() -> None:
    turned = Camera(
        CAMERA.rotation @ Rotation.from_euler("x", 1, degrees=True).as_matrix(),
        CAMERA.centre + np.array([0, 0.25, -0.5]),
        CAMERA.focal + 2,
        CAMERA.principal_point,
        CAMERA.radial,
        CAMERA.tangential,
    )
    found = differences(turned, CAMERA)
    assert found["centre"] == 0.5
    assert found["focal"] == 2
    assert found["rotation"] == pytest.approx(math.radians(1), rel=0.2)
    assert found["radial"] == found["tangential"] == found["principal_point"] == 0
