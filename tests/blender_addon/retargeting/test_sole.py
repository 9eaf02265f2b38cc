"""How a sole meets the floor, against points turned by another library and angles found by search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from blender_addon.retargeting.sole import FootPath, Sole, above_floor, tilt_toward, tilt_within, tilted

Rotation: Any = pytest.importorskip("scipy.spatial.transform", reason="needs SciPy").Rotation
Array = NDArray[np.float64]
_POINTS = np.array([[0.01, -0.2, -0.08], [0, 0.05, -0.08], [-0.04, -0.15, -0.08], [0.05, -0.14, -0.08]])
_SOLE = Sole(0.08, _POINTS)  # the floor is at z = 0
_angles = st.floats(-1.4, 1.4)


def _path(ankle: Array, turn: Rotation) -> FootPath:
    return FootPath(np.atleast_2d(ankle), np.atleast_2d(turn.as_quat()[..., [3, 0, 1, 2]]))


def _soles(path: FootPath) -> Array:
    """(T, P, 3)"""
    turns = Rotation.from_quat(path.turn[:, [1, 2, 3, 0]])
    return np.stack([path.ankle + turns.apply(point) for point in _POINTS], axis=1)


@given(st.floats(-3, 3), _angles, _angles, st.floats(-0.2, 0.4))
def test_nothing_is_below_the_floor(yaw: float, pitch: float, roll: float, height: float) -> None:
    turn = Rotation.from_euler("ZXY", [yaw, pitch, roll])
    path = above_floor(_path(np.array([0.3, -2, height]), turn), _SOLE)
    assert _soles(path)[..., 2].min() > -1e-9
    # Raised for the heel alone, which is 0.094 m from the ankle.
    assert max(height, 0.08) <= path.ankle[0, 2] <= max(height, np.hypot(0.05, 0.08) + 1e-9)
    np.testing.assert_array_equal(path.ankle[0, :2], [0.3, -2])


@given(st.floats(-3, 3), _angles, st.floats(0.25, 1))
def test_foot_in_the_air_is_left_alone(yaw: float, pitch: float, height: float) -> None:
    before = _path(np.array([0, 0, height]), Rotation.from_euler("ZX", [yaw, pitch]))
    after = above_floor(before, _SOLE)
    np.testing.assert_array_equal(after.ankle, before.ankle)
    assert abs((after.turn * before.turn).sum()) == pytest.approx(1, abs=1e-12)


def test_sinking_toes_come_to_lie_on_the_floor() -> None:
    before = _path(np.array([0, 0, 0.1]), Rotation.from_euler("X", 0.7))  # the heel up, the toes down
    assert _soles(before)[..., 2].min() < -0.05
    after = above_floor(before, _SOLE)
    assert _soles(after)[..., 2].min() == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(
        np.cross(Rotation.from_quat(after.turn[:, [1, 2, 3, 0]]).as_rotvec()[0], [1, 0, 0]), 0, atol=1e-9
    )


@given(st.floats(-3, 3), st.floats(0.01, 0.4), st.sampled_from([0, 1]))
def test_foot_turns_over_a_point_that_stays(yaw: float, angle: float, index: int) -> None:
    pivot = (_SOLE.toes, _SOLE.heel)[index]
    flat = _path(np.array([1.0, 2, 0.08]), Rotation.from_euler("Z", yaw))
    after = tilted(flat, pivot, np.array([angle]))
    np.testing.assert_allclose(_soles(after)[0, index], _soles(flat)[0, index], atol=1e-12)
    assert after.ankle[0, 2] > 0.08
    np.testing.assert_allclose(tilt_toward(flat, pivot, after.ankle), [angle], atol=1e-9)


@given(st.floats(-0.9, 0.9), st.floats(0.6, 1.1))
def test_heel_is_raised_no_more_than_needed(ahead: float, length: float) -> None:
    """Against a search over all angles."""
    flat = _path(np.array([0, 0, 0.08]), Rotation.identity())
    hip = np.array([[0.05, -ahead, 0.9]])
    found = tilt_within(flat, _SOLE.toes, hip, np.array([length]))[0]
    angles = np.linspace(0, _SOLE.toes.most, 2000)
    many = tilted(_path(np.tile(flat.ankle, (2000, 1)), Rotation.identity(2000)), _SOLE.toes, angles)
    fits = np.linalg.norm(many.ankle - hip, axis=1) <= length + 1e-9
    if fits[0]:
        assert found == 0
    elif fits.any():
        assert found == pytest.approx(angles[fits.argmax()], abs=1e-3)
    else:
        assert found <= _SOLE.toes.most
