"""Rotations in bulk, against Blender's own arithmetic one by one."""

from __future__ import annotations

import itertools
import math
from typing import Any

import bpy  # noqa: F401 - mathutils comes with it
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mathutils import Euler, Matrix, Quaternion, Vector
from numpy.typing import NDArray

from blender_addon.kinematics import rotations

_ORDERS = ["".join(order) for order in itertools.permutations("XYZ")]
_VECTORS = arrays(np.float64, 3, elements=st.floats(-1, 1)).filter(lambda v: np.linalg.norm(v) > 0.01)
_ROTATIONS = (
    arrays(np.float64, 4, elements=st.floats(-1, 1))
    .filter(lambda v: np.linalg.norm(v) > 0.01)
    .map(rotations.unit)
)


def _same(a: Any, b: Any) -> bool:
    """Whether two quaternions are one rotation, within 3e-3 radians: Blender's have single precision."""
    return abs(float(np.dot(np.array(a), np.array(b)))) > 1 - 1e-6


@given(_ROTATIONS, _ROTATIONS, _VECTORS)
def test_products_and_turns(a: NDArray[Any], b: NDArray[Any], v: NDArray[Any]) -> None:
    assert _same(rotations.multiply(a, b), Quaternion(a) @ Quaternion(b))
    np.testing.assert_allclose(rotations.rotate(a, v), Quaternion(a) @ Vector(v), atol=1e-5)
    np.testing.assert_allclose(rotations.rotate(rotations.inverse(a), rotations.rotate(a, v)), v, atol=1e-9)


@given(_ROTATIONS, st.tuples(*[st.floats(0.01, 100)] * 3))
def test_rotation_of_a_scaled_matrix(q: NDArray[Any], scale: tuple[float, float, float]) -> None:
    matrix = Quaternion(q).to_matrix() @ Matrix.Diagonal(scale)
    assert _same(rotations.from_matrix(matrix), q)


@given(_VECTORS, _VECTORS)
def test_shortest_turn(start: NDArray[Any], end: NDArray[Any]) -> None:
    turn = rotations.shortest_turn(start, end)
    np.testing.assert_allclose(rotations.rotate(turn, rotations.unit(start)), rotations.unit(end), atol=1e-6)
    angle = 2 * math.atan2(float(np.linalg.norm(turn[1:])), float(turn[0]))
    assert angle == pytest.approx(Vector(start).angle(Vector(end)), abs=1e-3)


def test_shortest_turn_right_about() -> None:
    for axis in np.vstack([np.eye(3), -np.eye(3), [[0.6, 0.8, 0]]]):
        turned = rotations.rotate(rotations.shortest_turn(axis, -axis), axis)
        np.testing.assert_allclose(turned, -axis, atol=1e-12)


@pytest.mark.parametrize("order", _ORDERS)
@given(q=_ROTATIONS)
def test_euler_angles_are_blenders(order: Any, q: NDArray[Any]) -> None:
    angles = rotations.to_euler(q[None], order)
    assert _same(Euler(angles[0], order).to_quaternion(), q)
    assert _same(rotations.from_euler(angles, order)[0], q)


@pytest.mark.parametrize("order", _ORDERS)
def test_euler_angles_are_continuous_for_several_turns_and_at_gimbal_lock(order: str) -> None:
    t = np.linspace(0, 1, 200)
    for axis in range(3):
        turning = rotations.to_euler(rotations.about(np.eye(3)[axis], 6 * math.pi * t), order)
        assert abs(np.diff(turning, axis=0)).max() < 0.1
        assert abs(turning[-1, axis] - turning[0, axis]) == pytest.approx(6 * math.pi)
    locked = np.zeros((200, 3))
    locked[:, "XYZ".index(order[0])], locked[:, "XYZ".index(order[1])] = t, math.pi / 2
    turns = rotations.from_euler(locked, order)
    angles = rotations.to_euler(turns, order)
    assert abs(np.diff(angles, axis=0)).max() < 0.02
    assert abs((rotations.from_euler(angles, order) * turns).sum(1)).min() > 1 - 1e-9


@given(arrays(np.float64, (20, 4), elements=st.floats(-1, 1)))
def test_quaternions_keep_their_signs(values: NDArray[Any]) -> None:
    quaternions = rotations.unit(values + np.array([1e-3, 0, 0, 0]))
    signed = rotations.continuous(quaternions)
    assert ((signed[1:] * signed[:-1]).sum(1) >= -1e-12).all()
    np.testing.assert_allclose(abs(signed), abs(quaternions))


def test_axis_and_angle_are_continuous_through_no_rotation() -> None:
    axis = np.array([0.6, 0, 0.8])
    angle = np.linspace(-4, 9, 300)
    found = rotations.to_axis_angle(rotations.continuous(rotations.about(axis, angle)))
    assert abs(np.diff(found, axis=0)).max() < 0.1
    for row, turn in zip(found[::29], angle[::29], strict=True):
        assert _same(Quaternion(Vector(row[1:]), row[0]), Quaternion(Vector(axis), turn))
    still = rotations.to_axis_angle(np.tile(rotations.IDENTITY, (3, 1)))
    np.testing.assert_array_equal(still[:, 0], 0)


@given(_ROTATIONS, st.floats(0, 1))
def test_part_of_a_turn(q: NDArray[Any], share: float) -> None:
    between = Quaternion().slerp(Quaternion(q if q[0] >= 0 else -q), share)
    assert _same(rotations.power(q, share), between.normalized())  # of small turns it comes out shorter


def test_twist_goes_on_past_half_a_turn() -> None:
    axis = np.array([0, 0.6, 0.8])
    angle = np.linspace(0, 7, 100)
    swing = rotations.shortest_turn(axis, np.array([0.5, 0.6, 0.3]))
    np.testing.assert_allclose(
        rotations.twist_angle(rotations.multiply(swing, rotations.about(axis, angle)), axis), angle, atol=1e-9
    )
