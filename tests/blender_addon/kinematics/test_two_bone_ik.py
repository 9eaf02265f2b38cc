"""Two-bone IK against the law of cosines, for legs of any lengths and targets in and out of reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from blender_addon.kinematics.two_bone_ik import reach

Rotation: Any = pytest.importorskip("scipy.spatial.transform", reason="needs SciPy").Rotation
Array = NDArray[np.float64]
_lengths = st.floats(0.05, 3)
_bends = st.floats(0.05, 2.6)
_ratios = st.floats(0.01, 1.6)
_units = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)


def _leg(first: float, second: float, bend: float, facing: Array) -> tuple[Array, Array]:
    """The halves of a leg that is bent by an angle in some plane, (1, 3) each."""
    turn = Rotation.align_vectors(facing[None], [[0, -1, 0]])[0]
    upper = np.array([0, 0, -first])
    lower = second * np.array([0, np.sin(bend), -np.cos(bend)])
    return turn.apply(upper)[None], turn.apply(lower)[None]


def _apply(turn: Array, vectors: Array) -> Array:
    return Rotation.from_quat(turn[:, [1, 2, 3, 0]]).apply(vectors)


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)


@given(_lengths, _lengths, _bends, _units, _units, _ratios)
def test_end_is_where_it_should_be_and_bones_keep_their_lengths(
    first: float,
    second: float,
    bend: float,
    facing: tuple[float, ...],
    aim: tuple[float, ...],
    ratio: float,
) -> None:
    upper, lower = _leg(first, second, bend, _unit(np.array(facing)))
    forward = np.cross(upper, np.cross(upper, upper + lower))
    target = ratio * (first + second) * _unit(np.array(aim))[None]
    thigh, shin = reach(upper, lower, target, forward)
    knee = _apply(thigh, upper)
    end = knee + _apply(shin, lower)
    distance = np.clip(np.linalg.norm(target), abs(first - second), first + second)
    np.testing.assert_allclose(np.linalg.norm(end), distance, atol=2e-6 * (first + second))
    np.testing.assert_allclose(end[0], distance * _unit(target[0]), atol=1e-5 * (first + second))
    cosine = (first**2 + second**2 - distance**2) / (2 * first * second)
    inside = -_unit(knee[0]) @ _unit(end[0] - knee[0])
    assert inside == pytest.approx(np.clip(cosine, -1, 1), abs=1e-4)


@given(_lengths, _lengths, st.floats(0.2, 2.0), st.floats(0.3, 0.95), st.floats(-1.2, 1.2))
def test_knee_stays_in_the_plane_of_the_leg_and_on_its_side(
    first: float, second: float, bend: float, ratio: float, swing: float
) -> None:
    """The leg is in the plane x = 0, with the knee at the side of -y, and so is the target."""
    upper, lower = _leg(first, second, bend, np.array([0, -1.0, 0]))
    line = (upper + lower)[0]
    length = abs(first - second) + ratio * (first + second - abs(first - second))
    direction = Rotation.from_rotvec([swing, 0, 0]).apply(_unit(line))
    thigh, shin = reach(upper, lower, length * direction[None], np.array([[0, -1.0, 0]]))
    knee = _apply(thigh, upper)[0]
    assert abs(knee[0]) < 1e-9 * (first + second)
    before, after = np.cross(line, upper[0])[0], np.cross(direction, knee)[0]
    assert before * after > 0
    assert abs(_apply(shin, lower)[0, 0]) < 1e-9 * (first + second)


def test_leg_that_is_there_already_stays_as_it_is() -> None:
    upper, lower = _leg(0.44, 0.45, 0.6, np.array([0.3, -1, 0.1]))
    for turn in reach(upper, lower, upper + lower, np.array([[0, -1.0, 0]])):
        np.testing.assert_allclose(abs(turn[:, 0]), 1, atol=1e-12)


def test_straight_leg_bends_to_where_the_knee_points() -> None:
    upper, lower = np.array([[0, 0, -0.44]]), np.array([[0, 0, -0.45]])
    thigh, _ = reach(upper, lower, np.array([[0, 0, -0.8]]), np.array([[0.6, -0.8, 0]]))
    knee = _apply(thigh, upper)[0]
    assert knee[0] / knee[1] == pytest.approx(-0.75)
    assert knee[1] < -0.1


def test_turns_are_continuous_while_the_target_moves_through_the_edge_of_reach() -> None:
    """A knee that opens to its full length does not jump: no turn beyond what the law of cosines asks."""
    count = 4000
    upper, lower = (np.tile(half, (count, 1)) for half in _leg(0.44, 0.45, 0.5, np.array([0, -1.0, 0])))
    target = np.outer(np.linspace(0.7, 1.0, count), _unit(np.array([0.1, -0.2, -1])))
    thigh, shin = reach(upper, lower, target, np.tile([0, -1.0, 0], (count, 1)))
    for turn in (thigh, shin):
        steps = 2 * np.arccos(np.clip(abs((turn[1:] * turn[:-1]).sum(1)), -1, 1))
        # Near the full length the angle grows as the square root of what is missing.
        assert np.degrees(steps).max() < 1.5
