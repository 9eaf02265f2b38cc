from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifting_core.camera.pinhole import camera_matrix, focal_length_from_field_of_view, project, rays


def test_ninety_degrees_cover_the_longer_side() -> None:
    assert focal_length_from_field_of_view(90, 640, 480) == pytest.approx(320)
    assert focal_length_from_field_of_view(90, 480, 640) == pytest.approx(320)


@given(
    st.floats(100, 5000),
    st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.5, 20)), min_size=1, max_size=5),
)
def test_projection_agrees_with_opencv_and_rays_undo_it(
    focal: float, points: list[tuple[float, ...]]
) -> None:
    matrix = camera_matrix(focal, 1920, 1080)
    positions = np.array(points)
    expected, _ = cv2.projectPoints(positions, np.zeros(3), np.zeros(3), matrix, None)
    pixels = project(positions, matrix)
    np.testing.assert_allclose(pixels, expected[:, 0], rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(rays(pixels, matrix) * positions[:, 2:], positions, rtol=1e-9, atol=1e-9)
