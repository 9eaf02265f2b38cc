from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.rendering.pose import heading_turn, knee_position, turn_between

_FORWARD = np.array([0.0, -1.0, 0.0])
_coordinates = st.tuples(*[st.floats(-1, 1) for _ in range(3)]).map(np.array)
_directions = _coordinates.filter(lambda v: np.linalg.norm(v) > 0.1)


@given(st.floats(0.2, 0.85), st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_knee_keeps_the_lengths_and_bends_forward(reach: float, sideways: float, forwards: float) -> None:
    hip = np.array([0.1, 0.2, 0.9])
    direction = np.array([sideways, forwards, -1])
    ankle = hip + direction / np.linalg.norm(direction) * reach
    knee = knee_position(hip, ankle, 0.45, 0.42, _FORWARD)
    assert np.linalg.norm(knee - hip) == pytest.approx(0.45)
    assert np.linalg.norm(knee - ankle) == pytest.approx(0.42)
    assert (knee - (hip + ankle) / 2) @ _FORWARD > -0.45 * abs(forwards)
    normal = np.cross(ankle - hip, _FORWARD)
    assert (knee - hip) @ normal == pytest.approx(0, abs=1e-9)  # in the plane of the leg


def test_a_leg_that_is_too_short_is_straight() -> None:
    knee = knee_position(np.zeros(3), np.array([0.0, 0.0, -2.0]), 0.45, 0.42, _FORWARD)
    np.testing.assert_allclose(knee, [0, 0, -0.45], atol=1e-12)


@given(_directions, _directions, _directions, _directions)
def test_turn_between_takes_the_direction_and_the_plane_of_the_axis(
    before: np.ndarray, after: np.ndarray, axis_before: np.ndarray, axis_after: np.ndarray
) -> None:
    if min(np.linalg.norm(np.cross(before, axis_before)), np.linalg.norm(np.cross(after, axis_after))) < 0.01:
        return
    turn = turn_between(before, after, axis_before, axis_after)
    turned = turn.apply(before / np.linalg.norm(before))
    np.testing.assert_allclose(turned, after / np.linalg.norm(after), atol=1e-9)
    turned_axis = turn.apply(axis_before)
    assert turned_axis @ np.cross(after, axis_after) == pytest.approx(0, abs=1e-9)
    rejected = axis_after - after * (axis_after @ after) / (after @ after)
    assert turned_axis @ rejected > 0


def test_heading_grows_counter_clockwise_from_minus_y() -> None:
    np.testing.assert_allclose(heading_turn(np.pi / 2).apply(_FORWARD), [1, 0, 0], atol=1e-12)
