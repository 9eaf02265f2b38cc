from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.motion.balance import balance, centre_of_mass
from lifting_core.motion.proportions import AVERAGE, rest_pose
from lifting_core.skeleton import JOINTS

UP = np.array([0, 0, 1.0])
STANDING = rest_pose(AVERAGE).joints
TIME = np.arange(0, 3, 1 / 30)


def _sure(joints: NDArray[Any]) -> NDArray[np.float64]:
    return np.ones(joints.shape[:2])


def _off_vertical(joints: NDArray[Any], time: NDArray[Any] = TIME) -> float:
    """Degrees."""
    stance = balance(time, joints, _sure(joints), UP)
    assert stance is not None
    return float(np.degrees(np.arccos(stance.mean @ UP / np.linalg.norm(stance.mean))))


def _bent(name: str, degrees: float, members: tuple[str, ...], body: Any = STANDING) -> NDArray[Any]:
    """A body with some of its joints turned forward about another."""
    turn = Rotation.from_euler("x", degrees, degrees=True)
    moved, joint = body.copy(), JOINTS.index(name)
    for member in members:
        moved[JOINTS.index(member)] = body[joint] + turn.apply(body[JOINTS.index(member)] - body[joint])
    return moved


def test_the_centre_of_mass_is_where_it_is_measured() -> None:
    """With arms at the sides 55 to 57 % of the stature (de Leva's own sums); arms stretched out raise it."""
    lowered = STANDING.copy()
    for side in ("left", "right"):
        shoulder = JOINTS.index(f"{side}_shoulder")
        for part in ("elbow", "wrist", "hand", "index"):
            out = STANDING[JOINTS.index(f"{side}_{part}")] - STANDING[shoulder]
            lowered[JOINTS.index(f"{side}_{part}")] = STANDING[shoulder] + [0, out[1], -abs(out[0])]
    height = STANDING[JOINTS.index("head"), 2]
    centre, raised = centre_of_mass(np.stack([lowered, STANDING]))
    assert 0.54 < centre[2] / height < 0.58
    assert raised[2] > centre[2] + 0.02
    np.testing.assert_allclose([centre[0], raised[0]], 0, atol=1e-12)


def test_it_moves_with_the_body() -> None:
    rng = np.random.default_rng(0)
    bodies = rng.normal(size=(5, len(JOINTS), 3))
    turn, way = Rotation.random(random_state=0).as_matrix(), rng.normal(size=3)
    moved = centre_of_mass(bodies @ turn.T + way)
    np.testing.assert_allclose(moved, centre_of_mass(bodies) @ turn.T + way, atol=1e-12)


def test_who_stands_is_in_balance() -> None:
    assert _off_vertical(np.tile(STANDING, (len(TIME), 1, 1))) < 4


def test_who_walks_is_so_on_average(walk: Callable[..., Any]) -> None:
    assert _off_vertical(walk(TIME).joints) < 3


def test_on_one_foot_it_is_that_foot_that_counts() -> None:
    """The standing foot beneath the body, the other leg stretched out sideways."""
    body = STANDING.copy()
    left = [JOINTS.index(f"left_{part}") for part in ("knee", "ankle", "heel", "toe")]
    hip = STANDING[JOINTS.index("left_hip")]
    body[left] = hip + (STANDING[left] - hip) @ Rotation.from_euler("y", 50, degrees=True).as_matrix()
    stance = balance(TIME, np.tile(body, (len(TIME), 1, 1)), np.ones((len(TIME), len(JOINTS))), UP)
    assert stance is not None
    centre = centre_of_mass(body[None])[0]
    foot = body[[JOINTS.index("right_heel"), JOINTS.index("right_toe")]].mean(0)
    np.testing.assert_allclose(stance.mean, centre - foot, atol=0.01)


def test_who_sits_kneels_or_is_in_the_air_tells_nothing() -> None:
    legs = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("knee", "ankle", "heel", "toe"))
    sitting = _bent("pelvis", 90, legs)
    for side in ("left", "right"):
        sitting = _bent(
            f"{side}_knee", -90, tuple(f"{side}_{part}" for part in ("ankle", "heel", "toe")), sitting
        )
    still = np.tile(sitting, (len(TIME), 1, 1))
    assert balance(TIME, still, _sure(still), UP) is None
    falling = np.tile(STANDING, (len(TIME), 1, 1)) + np.outer(TIME, [0, -1.0, 2.0])[:, None]
    assert balance(TIME, falling, _sure(falling), UP) is None


def test_feet_that_are_not_seen_tell_nothing() -> None:
    still = np.tile(STANDING, (len(TIME), 1, 1))
    sure = _sure(still)
    sure[
        :, [JOINTS.index(f"{side}_{end}") for side in ("left", "right") for end in ("ankle", "heel", "toe")]
    ] = 0
    assert balance(TIME, still, sure, UP) is None


@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_the_longer_it_is_seen_the_surer(seconds: float) -> None:
    time = np.arange(0, seconds, 1 / 30)
    still = np.tile(STANDING, (len(time), 1, 1))
    stance = balance(time, still, _sure(still), UP)
    assert stance is not None
    assert np.degrees(stance.deviation) == pytest.approx(np.hypot(2, 2 / seconds**0.5), rel=0.05)
