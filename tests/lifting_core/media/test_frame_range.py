from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifting_core.errors import InvalidInput
from lifting_core.media.frame_range import FrameRange


@given(st.integers(0, 30), st.none() | st.integers(0, 30), st.integers(1, 9))
def test_the_range_is_pythons_with_the_end_included(start: int, length: int | None, step: int) -> None:
    end = None if length is None else start + length
    expected = list(range(start, 100 if end is None else end + 1, step))
    chosen = FrameRange(start, end, step)
    assert [index for index in range(100) if index in chosen] == expected
    assert [index for index in range(100) if chosen.ends_at(index)] == (
        [] if end is None else list(range(end, 100))
    )


@pytest.mark.parametrize(("start", "end", "step"), [(-1, None, 1), (5, 4, 1), (0, None, 0), (0, 3, -2)])
def test_ranges_without_sense_are_refused(start: int, end: int | None, step: int) -> None:
    with pytest.raises(InvalidInput):
        FrameRange(start, end, step)


def test_a_range_outside_the_clip_names_what_there_is() -> None:
    FrameRange(9, 9).check_within("walk.mp4", 10)
    FrameRange(9).check_within("walk.mp4", 10)
    for outside in (FrameRange(10), FrameRange(0, 10)):
        with pytest.raises(InvalidInput, match=r"10 is outside walk.mp4, which has 10 frames. .*0 to 9"):
            outside.check_within("walk.mp4", 10)
