"""Knees that keep their bend in swings."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from blender_addon.retargeting.knees import unhurried
from blender_addon.retargeting.legs import Leg
from blender_addon.retargeting.sole import FootPath, Sole

Array = NDArray[np.float64]
_TIME = np.arange(40) / 30
_SWING = slice(11, 30)
_CONTACTS = [(0, 10), (30, 39)]


def _leg(bend: Array) -> Leg:
    """Thigh and shin of 0.4 m below a hip, the knee bent by radians."""
    thigh = 0.4 * np.column_stack([0 * bend, -np.sin(bend / 2), -np.cos(bend / 2)])
    shin = thigh * [1, -1, 1]
    still = np.tile([1.0, 0, 0, 0], (len(bend), 1))
    forward = np.tile([0, -1.0, 0], (len(bend), 1))
    return Leg(0 * thigh, thigh, shin, forward, FootPath(thigh + shin, still), Sole(0.1, np.zeros((0, 3))))


def _way(bend: Array) -> Array:
    """(T, 3) from the hip to the ankle, slanted."""
    return np.outer(0.8 * np.cos(bend / 2), [0.6, 0, -0.8])


def _bend(way: Array) -> Array:
    """What halves of 0.4 m need for it: an isosceles triangle."""
    return 2 * np.arccos(np.linalg.norm(way, axis=1) / 0.8)


@pytest.fixture
def own() -> Array:
    return 0.5 + 0.1 * np.sin(4 * _TIME)


def test_a_leg_that_would_snap_straight_keeps_its_bend(own: Array) -> None:
    wanted = own.copy()
    wanted[18:23] = [0.4, 0.2, 0.1, 0.2, 0.4]
    way = unhurried(_TIME, _leg(own), _way(wanted), _CONTACTS)
    np.testing.assert_allclose(_bend(way), own, atol=0.005)
    np.testing.assert_allclose(np.cross(way, _way(wanted)), 0, atol=1e-12)  # on the same line


def test_a_leg_that_is_bent_enough_and_one_that_stands_are_left_alone(own: Array) -> None:
    wanted = own.copy()
    wanted[_SWING] += 0.2
    wanted[5], wanted[35] = 0.05, 0.05
    way = unhurried(_TIME, _leg(own), _way(wanted), _CONTACTS)
    np.testing.assert_allclose(way, _way(wanted), atol=1e-12)


def test_what_a_knee_is_off_in_a_contact_eases_off(own: Array) -> None:
    wanted = own.copy()
    wanted[:11] -= 0.3
    wanted[_SWING] = 0.01
    bend = _bend(unhurried(_TIME, _leg(own), _way(wanted), _CONTACTS))
    off = own - bend
    assert off[10] == pytest.approx(0.3)
    assert np.all(np.diff(off[10:20]) < 0)
    np.testing.assert_allclose(off[20:30], 0, atol=0.005)
    assert abs(np.diff(off[9:20], 2)).max() < 0.02


def test_without_contacts_nothing_changes(own: Array) -> None:
    way = unhurried(_TIME, _leg(own), _way(own - 0.3), [])
    np.testing.assert_array_equal(way, _way(own - 0.3))
