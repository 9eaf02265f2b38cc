from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifting_core.media.orientation import Orientation

# The eight symmetries of the square as (a, b, c, d).
MATRICES = [(a, 0, 0, d) for a in (1, -1) for d in (1, -1)] + [(0, b, c, 0) for b in (1, -1) for c in (1, -1)]


@given(st.sampled_from(MATRICES), st.integers(1, 7), st.integers(1, 7))
def test_every_point_lands_where_the_matrix_says(matrix: tuple[int, ...], width: int, height: int) -> None:
    a, b, c, d = matrix
    stored = np.arange(width * height * 3, dtype=np.uint8).reshape(height, width, 3)
    fixed_point = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 14], np.int32) * (1 << 16)
    orientation = Orientation.from_display_matrix(fixed_point.tobytes())
    upright = orientation.apply(stored)

    p, q = np.meshgrid(np.arange(width), np.arange(height))
    x, y = a * p + c * q, b * p + d * q
    expected = np.zeros((np.ptp(y) + 1, np.ptp(x) + 1, 3), np.uint8)
    expected[y - y.min(), x - x.min()] = stored
    np.testing.assert_array_equal(upright, expected)
    assert orientation.size(width, height) == (upright.shape[1], upright.shape[0])
    assert upright.flags.c_contiguous


@pytest.mark.parametrize("degrees", [-40, 0, 40])
def test_an_odd_angle_becomes_the_nearest_quarter_turn(degrees: float) -> None:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = (np.array([cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 14]) * (1 << 16)).astype(np.int32)
    assert Orientation.from_display_matrix(matrix.tobytes()) == Orientation()
