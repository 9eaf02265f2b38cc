from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lifting_core.camera.perspective import Perspective
from lifting_core.motion.balance import centre_of_mass
from lifting_core.motion.gravity import gravity
from lifting_core.motion.proportions import rest_pose
from lifting_core.skeleton import JOINTS

LENGTHS = {
    "pelvis": 0.23, "spine": 0.26, "neck": 0.18, "head": 0.12, "clavicle": 0.16, "upper_arm": 0.28,
    "forearm": 0.25, "hand": 0.085, "thigh": 0.44, "shin": 0.45, "foot": 0.19, "hip": 0.12, "nose": 0.11,
    "ear": 0.072, "heel": 0.085, "index": 0.092, "sole": 0.085,
}  # fmt: skip
STANDING = rest_pose(LENGTHS).joints
TIME = np.arange(0, 4, 1 / 30)


def _error(filmed: Any, joints: Any = None, perspective: Perspective | None = None) -> float:
    """Degrees between the found and the true up direction."""
    joints = filmed.joints if joints is None else joints
    count = len(joints)
    sure = np.full((count, len(JOINTS)), 0.9)
    up = gravity(TIME[:count], joints - joints[:, :1], joints[:, 0], sure, perspective).up
    assert np.linalg.norm(up) == pytest.approx(1)
    return float(np.degrees(np.arccos(min(1.0, up @ filmed.up))))


@pytest.mark.parametrize("azimuth", [0.0, 0.8, 1.57, 2.6, 4.0])
@pytest.mark.parametrize(("pitch", "roll"), [(0.0, 0.0), (0.3, 0.03), (-0.15, -0.05), (0.6, 0.0)])
def test_a_walk_shows_which_way_is_up(
    azimuth: float, pitch: float, roll: float, film: Callable[..., Any], walk: Callable[..., Any]
) -> None:
    filmed = film(TIME, walk(TIME).joints, azimuth=azimuth, pitch=pitch, roll=roll)
    assert _error(filmed) < 5


@pytest.mark.parametrize("pitch", [0.0, 0.3])
def test_standing_people_show_it_too(pitch: float, film: Callable[..., Any]) -> None:
    standing = np.tile(STANDING, (30, 1, 1))
    filmed = film(TIME[:30], standing, pitch=pitch)
    noisy = filmed.joints + np.random.default_rng(0).normal(size=filmed.joints.shape) * 0.02
    assert _error(filmed, noisy) < 6


def test_noise_of_the_depth_on_the_spot_is_no_slope(film: Callable[..., Any]) -> None:
    standing = np.tile(STANDING, (120, 1, 1))
    filmed = film(TIME, standing, pitch=0.2)
    drift = 1 + 0.03 * np.sin(TIME)[:, None, None]  # nearer and farther along the rays
    assert _error(filmed, filmed.joints * drift) < 6


def test_a_level_camera_is_assumed_when_the_body_does_not_tell(
    film: Callable[..., Any], walk: Callable[..., Any]
) -> None:
    lying = walk(TIME[:30]).joints[..., [0, 2, 1]] * np.array([1, 1, -1])
    assert _error(film(TIME[:30], lying, pitch=0.05)) < 5


def _told(pitch: float, roll: float) -> Perspective:
    up = np.array([np.sin(roll) * np.cos(pitch), -np.cos(roll) * np.cos(pitch), -np.sin(pitch)])
    return Perspective(up, math.radians(1), 1.0, 0.0)


def test_lines_tell_it_better_than_a_body_that_leans(film: Callable[..., Any]) -> None:
    lean = Rotation.from_euler("x", 0.3).as_matrix()
    leaning = np.tile(STANDING @ lean.T, (30, 1, 1))
    filmed = film(TIME[:30], leaning, pitch=0.2, roll=0.15)
    assert _error(filmed) > 8
    assert _error(filmed, perspective=_told(0.2, 0.15)) < 2


@pytest.mark.parametrize("roll", [0.45, 0.8])
def test_lines_by_which_people_would_fall_over_are_not_believed(
    film: Callable[..., Any], roll: float
) -> None:
    standing = np.tile(STANDING, (30, 1, 1))
    filmed = film(TIME[:30], standing, pitch=0.2)
    assert _error(filmed, perspective=_told(0.2, roll)) == _error(filmed)


def _leaning_over(degrees: float) -> Any:
    """Somebody on straight legs who bends to the left from the waist, the hips moved to the right for it."""
    turn = Rotation.from_euler("y", degrees, degrees=True)
    body = STANDING.copy()
    upper = [JOINTS.index("spine"), JOINTS.index("thorax"), JOINTS.index("skull")]
    upper += [i for i, name in enumerate(JOINTS) if name.endswith(_UPPER_PARTS) or name in ("neck", "head")]
    body[upper] = body[0] + turn.apply(body[upper] - body[0])
    legs = [i for i, name in enumerate(JOINTS) if name.endswith(("ankle", "heel", "toe"))]
    knees = [JOINTS.index("left_knee"), JOINTS.index("right_knee")]
    aside = centre_of_mass(body[None])[0, 0]
    body[legs, 0] += aside
    body[knees, 0] += aside / 2
    return np.tile(body, (90, 1, 1))


def _roll(up: Any) -> float:
    """Degrees by which a direction leans to the side in the picture."""
    return float(np.degrees(np.arctan2(up[0], -up[1])))


_UPPER_PARTS = ("shoulder", "elbow", "wrist", "hand", "index", "ear")


@pytest.mark.parametrize("roll", [-0.2, 0.0, 0.45])
@pytest.mark.parametrize("degrees", [-35, 35])
def test_balance_shows_it_where_the_trunk_misleads(
    film: Callable[..., Any], degrees: float, roll: float
) -> None:
    filmed = film(TIME[:90], _leaning_over(degrees), azimuth=0.0, roll=roll)
    trunk = filmed.joints[0, JOINTS.index("thorax")] - filmed.joints[0, 0]
    assert abs(_roll(trunk) - _roll(filmed.up)) > 30
    sure = np.full(filmed.joints.shape[:2], 0.9)
    pelvis = filmed.joints[:, :1]
    up = gravity(TIME[:90], filmed.joints - pelvis, pelvis[:, 0], sure).up
    assert abs(_roll(up) - _roll(filmed.up)) < 6


def _turned(filmed: Any, axis: Any, degrees: float, perspective: Perspective | None) -> Any:
    """(T, 3) rotation vectors in degrees by which a body should be turned that was lifted wrongly."""
    pelvis = filmed.joints[:, :1]
    wrong = (filmed.joints - pelvis) @ Rotation.from_rotvec(np.radians(degrees) * axis).as_matrix().T
    sure = np.full(wrong.shape[:2], 0.9)
    turn = gravity(TIME[: len(wrong)], wrong, pelvis[:, 0], sure, perspective).turn
    return turn.as_rotvec(degrees=True)


@pytest.mark.parametrize("degrees", [-5.0, 5.0])
def test_a_body_lifted_as_if_it_fell_toward_the_camera_is_raised_where_lines_tell(
    film: Callable[..., Any], degrees: float
) -> None:
    """Not all of it, as standing people sway, too; where nothing tells, the camera may as well look down."""
    filmed = film(TIME[:90], np.tile(STANDING, (90, 1, 1)), pitch=0.3)
    across = np.array([1.0, 0, 0])
    undone, untold = (
        _turned(filmed, across, degrees, told) - _turned(filmed, across, 0.0, told)
        for told in (_told(0.3, 0.0), None)
    )
    assert -0.9 < undone[:, 0].mean() / degrees < -0.5
    np.testing.assert_allclose(undone[:, 1:], 0, atol=0.3)
    assert np.abs(untold).max() < 0.2 * abs(degrees)


def test_a_lean_across_the_view_is_left_alone(film: Callable[..., Any], walk: Callable[..., Any]) -> None:
    """It is seen, so it is the person's."""
    filmed = film(TIME[:90], walk(TIME[:90]).joints, pitch=0.3)
    aside = _turned(filmed, np.array([0, 0, 1.0]), 5.0, _told(0.3, 0.0))
    np.testing.assert_allclose(aside, _turned(filmed, np.array([0, 0, 1.0]), 0.0, _told(0.3, 0.0)), atol=1.0)


def test_lines_that_are_far_from_what_the_body_tells_turn_it_little(
    film: Callable[..., Any], walk: Callable[..., Any]
) -> None:
    filmed = film(TIME[:90], walk(TIME[:90]).joints, pitch=0.3)
    turned = _turned(filmed, np.array([1.0, 0, 0]), 0.0, _told(-0.02, 0.0))
    assert np.abs(turned[:, 0]).mean() < 5
