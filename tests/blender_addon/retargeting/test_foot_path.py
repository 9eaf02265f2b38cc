"""Feet that stand still: where, how they come and go, and that they do nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from blender_addon.retargeting.foot_path import planted
from blender_addon.retargeting.sole import FootPath, Sole

Rotation: Any = pytest.importorskip("scipy.spatial.transform", reason="needs SciPy").Rotation
Array = NDArray[np.float64]
_SOLE = Sole(0.08, np.array([[0, -0.2, -0.08], [0, 0.05, -0.08], [0, 0, -0.08]]))
_STEADY = np.arange(120) / 30
_UNSTEADY = np.cumsum(np.random.default_rng(0).choice([1 / 60, 1 / 30, 1 / 20], 120))


def _stumbling(time: Array) -> FootPath:
    """A foot that goes forward in waves, never quite still, somewhat under the floor, turning about."""
    forward = 0.5 * time + 0.1 * np.sin(5 * time)
    ankle = np.column_stack([0.02 * np.sin(7 * time), -forward, 0.12 + 0.06 * np.sin(3 * time)])
    turn = Rotation.from_euler("ZX", np.column_stack([0.2 * np.sin(time), 0.3 * np.sin(2 * time)]))
    return FootPath(ankle, turn.as_quat()[:, [3, 0, 1, 2]])


def _planted(time: Array, contacts: list[tuple[int, int]], behind: float = 0.0) -> FootPath:
    count = np.ones(len(time))
    return planted(time, _stumbling(time), contacts, count, _SOLE, behind * count)


def _toes(path: FootPath) -> Array:
    return path.ankle + Rotation.from_quat(path.turn[:, [1, 2, 3, 0]]).apply(_SOLE.points[0])


@pytest.mark.parametrize("time", [_STEADY, _UNSTEADY], ids=["steady", "unsteady"])
def test_foot_stands_flat_in_the_middle_of_its_path(time: Array) -> None:
    path, own = _planted(time, [(20, 40), (70, 84)]), _stumbling(time)
    for first, last in ((20, 40), (70, 84)):
        inside = slice(first, last + 1)
        assert np.ptp(path.ankle[inside], axis=0).max() < 1e-12
        assert path.ankle[first, 2] == pytest.approx(0.08)
        np.testing.assert_allclose(path.ankle[first, 1], np.median(own.ankle[inside, 1]), atol=1e-12)
        upright = Rotation.from_quat(path.turn[inside][:, [1, 2, 3, 0]]).apply([0, 0, 1])
        np.testing.assert_allclose(upright, np.tile([0, 0, 1.0], (len(upright), 1)), atol=1e-9)


def test_heel_rises_over_toes_that_stay() -> None:
    path = _planted(_STEADY, [(20, 40)], behind=1.0)
    assert path.ankle[20:41, 2].max() > 0.1
    assert np.ptp(_toes(path)[20:41], axis=0).max() < 1e-12


@given(st.integers(1, 60), st.integers(1, 40), st.integers(1, 30))
def test_foot_neither_jumps_nor_starts_with_a_jerk(first: int, length: int, gap: int) -> None:
    """No step exceeds the path's own by more than easing in 0.3 s, or the gap, asks for."""
    second = first + length + gap
    contacts = [(first, first + length)] + ([(second, min(second + 20, 118))] if second < 110 else [])
    path, own = _planted(_STEADY, contacts), _stumbling(_STEADY)
    steps, own_steps = (np.linalg.norm(np.diff(p.ankle, axis=0), axis=1).max() for p in (path, own))
    shortest = min(gap + 1, 9) if len(contacts) > 1 else 9
    off = max(np.linalg.norm(path.ankle[e] - own.ankle[e]) for contact in contacts for e in contact)
    assert steps <= 2.2 * own_steps + 2 * 2 * 1.6 * off / shortest


def test_far_from_contacts_the_path_is_its_own() -> None:
    path, own = _planted(_STEADY, [(50, 60)]), _stumbling(_STEADY)
    for far in (slice(0, 41), slice(70, 120)):
        clear = own.ankle[far, 2] > 0.15  # elsewhere the floor may have a say
        assert clear.any()
        np.testing.assert_array_equal(path.ankle[far][clear, :2], own.ankle[far][clear, :2])


def test_foot_comes_to_rest_instead_of_stopping_dead() -> None:
    """Sampled finely, the speed has no step at the edge of a contact."""
    time = np.arange(4000) / 1000
    ankle = np.column_stack([0 * time, -0.8 * time, np.full(4000, 0.08)])
    turn = np.tile([1.0, 0, 0, 0], (4000, 1))
    path = planted(time, FootPath(ankle, turn), [(1000, 2000)], np.ones(4000), _SOLE, np.zeros(4000))
    speed = np.linalg.norm(np.diff(path.ankle, axis=0), axis=1) * 1000
    assert speed[1000:2000].max() < 1e-9
    assert speed[998] < 0.1
    assert speed[2001] < 0.1
    assert abs(np.diff(speed)).max() < 0.1


def test_without_contacts_only_the_floor_matters() -> None:
    path, own = _planted(_STEADY, []), _stumbling(_STEADY)
    np.testing.assert_array_equal(path.ankle[:, :2], own.ankle[:, :2])
    raised = path.ankle[:, 2] - np.maximum(own.ankle[:, 2], 0.08)
    assert raised.min() > -1e-12
    assert raised.max() < np.hypot(0.05, 0.08) - 0.08  # for the heel


def test_foot_on_the_floor_all_the_time() -> None:
    path = _planted(_STEADY, [(0, 119)])
    assert np.ptp(path.ankle, axis=0).max() < 1e-12
