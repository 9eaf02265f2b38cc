from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from mathutils import Vector

from blender_addon.viewing.frames import Frame, fitted

sizes = st.integers(1, 8000)
places = st.floats(-5000, 5000)


@given(st.tuples(places, places), st.floats(0.01, 10), st.tuples(places, places))
def test_there_and_back(corner: tuple[float, float], scale: float, pixel: tuple[float, float]) -> None:
    frame = Frame(*corner, scale, scale)
    x, y = frame.to_region(np.array(pixel))
    np.testing.assert_allclose(frame.to_clip(x, y), pixel, atol=1e-6 / scale + 1e-6)


@given(
    st.tuples(places, places), st.tuples(st.floats(10, 4000), st.floats(10, 4000)), st.tuples(sizes, sizes)
)
def test_the_whole_picture_fits_in_the_middle(
    low: tuple[float, float], extent: tuple[float, float], size: tuple[int, int]
) -> None:
    high = (low[0] + extent[0], low[1] + extent[1])
    corners = [Vector((x, y)) for x in (low[0], high[0]) for y in (low[1], high[1])]
    frame = fitted(corners, size)
    left, top = frame.to_region(np.array([0, 0]))
    right, bottom = frame.to_region(np.array(size))
    slack = 1e-3 * (1 + max(map(abs, (*low, *high))))  # Vector has single precision
    assert left >= low[0] - slack
    assert bottom >= low[1] - slack
    assert right <= high[0] + slack
    assert top <= high[1] + slack
    np.testing.assert_allclose(
        [left + right, top + bottom], [low[0] + high[0], low[1] + high[1]], atol=4 * slack
    )
    touching = abs(right - left - extent[0]) < 4 * slack or abs(top - bottom - extent[1]) < 4 * slack
    assert touching
