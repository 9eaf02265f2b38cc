from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifting_core.detection.windows import Window, search_windows

sizes = st.tuples(st.integers(1, 5000), st.integers(1, 5000))
numbers = st.floats(-1e4, 1e4)


@given(numbers, numbers, st.floats(0, 1e4), sizes)
def test_a_window_lies_inside_the_picture(x: float, y: float, side: float, size: tuple[int, int]) -> None:
    window = Window.around(x, y, side, size)
    assert 0 <= window.left <= window.left + window.width <= size[0]
    assert 0 <= window.top <= window.top + window.height <= size[1]
    assert (window.width, window.height) == tuple(min(max(round(side), 1), limit) for limit in size)


def test_a_window_is_centred_where_the_picture_allows() -> None:
    assert Window.around(50, 60, 20, (100, 100)) == Window(40, 50, 20, 20)
    assert Window.around(5, 98, 20, (100, 100)) == Window(0, 80, 20, 20)


def test_doubling_keeps_the_middle() -> None:
    assert Window(40, 50, 20, 10).doubled((100, 100)) == Window(30, 35, 40, 40)


@given(st.tuples(st.integers(1, 1000), st.integers(1, 1000)), st.floats(0.2, 1))
def test_the_tiles_of_every_size_cover_the_picture(size: tuple[int, int], share: float) -> None:
    smallest = max(share * size[1], 1)
    windows = search_windows(size, smallest)
    assert windows[0] == Window(0, 0, *size)
    for side in {(w.width, w.height) for w in windows}:
        level = [w for w in windows if (w.width, w.height) == side]
        for axis in (0, 1):
            spans = sorted({((w.left, w.width), (w.top, w.height))[axis] for w in level})
            reached = 0
            for start, length in spans:
                assert start <= reached
                reached = start + length
            assert reached == size[axis]


@given(st.tuples(st.integers(100, 1000), st.integers(100, 1000)), st.floats(0.2, 1))
def test_window_sizes_fall_by_half_at_most_down_to_the_smallest(size: tuple[int, int], share: float) -> None:
    smallest = max(share * size[1], 1)
    sides = [max(w.width, w.height) for w in search_windows(size, smallest)]
    # A tile that nearly spans the picture spans it, and is up to a tenth larger for that.
    assert all(later >= 0.5 / 1.1 * earlier - 1 for earlier, later in itertools.pairwise(sides))
    assert sides[-1] <= max(1.1 * smallest + 1, 1) or sides[-1] == max(size)


def test_cut_takes_the_part_and_paints_over_the_hidden() -> None:
    image = np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3)
    window = Window(2, 3, 6, 8)
    part = window.cut(image)
    assert part.flags.c_contiguous
    np.testing.assert_array_equal(part, image[3:11, 2:8])

    before = image.copy()
    hidden = [Window(0, 0, 4, 5), Window(9, 11, 1, 1)]  # one overlaps the corner, one lies outside
    painted = window.cut(image, hidden)
    assert (painted[:2, :2] == painted[0, 0]).all()
    np.testing.assert_array_equal(painted[2:], part[2:])
    np.testing.assert_array_equal(image, before)


def test_the_window_of_points_is_clipped_and_may_be_empty() -> None:
    points = np.array([[-5.0, 10.0], [20.5, 40.2]])
    assert Window.containing(points, 2, (100, 42)) == Window(0, 8, 23, 34)
    assert Window.containing(points - 200, 2, (100, 42)).width == 0
