from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lifting_core.motion.contacts import SOLES
from lifting_core.motion.ground import floor_height, standing_feet, world_axes
from lifting_core.motion.proportions import AVERAGE, rest_pose
from lifting_core.skeleton import JOINTS

STANDING = rest_pose(AVERAGE).joints
TIME = np.arange(0, 4, 1 / 30)


def test_world_axes_are_a_rotation_in_which_the_person_faces_minus_y(
    film: Callable[..., Any], walk: Callable[..., Any]
) -> None:
    filmed = film(TIME, walk(TIME).joints, azimuth=2.0, roll=0.1)
    axes = world_axes(filmed.up, TIME, filmed.joints)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
    world = (filmed.joints - filmed.joints[:, :1]) @ axes
    np.testing.assert_allclose(world, walk(TIME).joints - walk(TIME).joints[:, :1], atol=1e-6)


def test_somebody_lying_on_the_side_still_gets_axes() -> None:
    joints = np.zeros((1, len(JOINTS), 3))
    for side, sign in (("left", 1), ("right", -1)):
        joints[0, JOINTS.index(f"{side}_hip"), 1] = joints[0, JOINTS.index(f"{side}_shoulder"), 1] = -sign
    axes = world_axes(np.array([0, -1.0, 0]), np.zeros(1), joints)
    np.testing.assert_allclose(axes @ [0, -1, 0], [0, 0, -1], atol=1e-9)


def test_floor_under_a_walker_and_a_jumper(walk: Callable[..., Any]) -> None:
    walking = walk(TIME).joints + np.array([0, 0, 3.0])
    sure = np.ones(walking.shape[:2])
    assert floor_height(TIME, walking, sure, STANDING) == pytest.approx(3, abs=0.01)
    jumping = np.tile(STANDING, (len(TIME), 1, 1))
    jumping[..., 2] += 0.4 * np.abs(np.sin(3 * TIME))[:, None]
    assert floor_height(TIME, jumping, sure, STANDING) == pytest.approx(0, abs=0.08)


@pytest.mark.parametrize("floor", [0.0, -1.3])
def test_which_foot_stands_is_known_wherever_the_floor_is(floor: float, walk: Callable[..., Any]) -> None:
    walker = walk(TIME)
    sure = np.ones(walker.joints.shape[:2])
    rest = STANDING.copy()
    rest[SOLES, 2] = walker.joints[:, SOLES, 2].min(axis=0)
    contacts = standing_feet(TIME, walker.joints + np.array([0, 0, floor]), sure, rest)
    assert ((contacts > 0.5) == walker.contacts).mean() > 0.85
