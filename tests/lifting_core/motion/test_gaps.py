from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifting_core.motion.gaps import LONGEST_GAP, bridged_frames, fill


def test_bridges_gaps_by_time_not_by_frames() -> None:
    time = np.array([0.0, 0.1, 0.2, 0.3, 1.0, 1.1, 1.2, 1.25])
    seen = np.array([True, False, False, True, True, False, False, True])
    assert bridged_frames(time, seen).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    late = np.where(np.arange(8) == 7, 1.6, time)
    assert bridged_frames(late, seen).tolist() == [0, 1, 2, 3, 4, 7]


def test_leaves_the_ends_empty() -> None:
    seen = np.array([False, True, True, False])
    assert bridged_frames(np.arange(4) / 30, seen).tolist() == [1, 2]
    assert len(bridged_frames(np.arange(4) / 30, np.zeros(4, bool))) == 0


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 60))
def test_bridges_exactly_what_lies_between_near_sightings(flags: list[bool], fps: int) -> None:
    seen = np.array(flags)
    time = np.arange(len(seen)) / fps
    bridged = set(bridged_frames(time, seen).tolist())
    for frame in range(len(seen)):
        before, after = np.flatnonzero(seen[: frame + 1]), np.flatnonzero(seen[frame:]) + frame
        near = len(before) > 0 and len(after) > 0 and time[after[0]] - time[before[-1]] <= LONGEST_GAP
        assert (frame in bridged) == near


def test_fill_stays_between_what_was_seen_and_holds_the_ends() -> None:
    time = np.array([0.0, 0.1, 0.15, 0.4, 0.5, 0.6])
    known = np.array([False, True, False, False, True, False])
    filled = fill(time, np.where(known, [0, 1.0, 0, 0, 3, 0], np.nan), known)
    np.testing.assert_allclose(filled[[0, 1, 4, 5]], [1, 1, 3, 3])
    np.testing.assert_allclose(filled[2:4], [1.25, 2.5])


def test_fill_of_one_known_frame_is_constant_and_of_none_an_error() -> None:
    time = np.arange(3.0)
    values = np.array([[np.nan, np.nan], [1, 2], [np.nan, np.nan]])
    np.testing.assert_array_equal(fill(time, values, np.array([False, True, False])), [[1, 2]] * 3)
    with pytest.raises(ValueError, match="nothing"):
        fill(time, values, np.zeros(3, bool))
