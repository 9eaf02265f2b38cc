from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.motion.contacts import foot_contacts, still_in_picture, stillness
from lifting_core.motion.smoothing import smooth
from lifting_core.skeleton import JOINTS

ANKLES = [[JOINTS.index(f"{side}_ankle")] for side in ("left", "right")]
SOLES = [[JOINTS.index(f"{side}_{end}") for end in ("heel", "toe")] for side in ("left", "right")]
VARIABLE = np.cumsum(np.random.default_rng(0).choice([1 / 60, 1 / 30, 1 / 20], 120))


@pytest.mark.parametrize(
    ("points", "standing"), [(ANKLES, [0.085]), (SOLES, [0.043, 0.027])], ids=["ankle", "sole"]
)
@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize(
    "time", [np.arange(0, 4, 1 / 24), np.arange(0, 4, 1 / 60), VARIABLE], ids=["24", "60", "variable"]
)
def test_finds_the_stance_of_a_walk(
    time: NDArray[np.float64],
    noise: float,
    points: list[list[int]],
    standing: list[float],
    walk: Callable[..., Any],
) -> None:
    walker = walk(time)
    feet = walker.joints[:, points]
    feet = feet + np.random.default_rng(1).normal(size=feet.shape) * noise
    contacts = foot_contacts(time, feet, np.array(standing))
    assert ((contacts >= 0) & (contacts <= 1)).all()
    assert ((contacts > 0.5) == walker.contacts).mean() > 0.85


def test_a_foot_held_still_in_the_air_is_not_on_the_floor() -> None:
    ankles = np.tile([0.0, 0, 0.085], (30, 2, 1, 1))
    ankles[:, 1, :, 2] = 0.5
    contacts = foot_contacts(np.arange(30) / 30, ankles, np.array([0.085]))
    assert (contacts[:, 0] > 0.95).all()
    assert (contacts[:, 1] < 0.05).all()


def test_speed_is_measured_by_time_stamps() -> None:
    """Two metres a second, whatever the frame rate; a jump over a long gap is not speed."""
    for fps in (10, 30, 120):
        time = np.arange(40) / fps
        moving = np.outer(time, [2.0, 0, 0])[:, None]
        assert (stillness(time, moving)[2:-2] < 0.02).all()
    time = np.concatenate([np.arange(20) / 30, 9 + np.arange(20) / 30])
    jumping = np.where(time < 5, 0.0, 7.0)[:, None, None] * np.ones((1, 1, 3))
    assert (stillness(time, jumping) > 0.99).all()


def test_one_frame_is_judged_by_height_alone() -> None:
    ankles = np.array([[[[0, 0, 0.08]], [[0, 0, 0.6]]]])
    contacts = foot_contacts(np.zeros(1), ankles, np.array([0.085]))
    np.testing.assert_allclose(contacts, [[1, 0]], atol=0.01)


@pytest.mark.parametrize("rise", [0.0, 0.1])
def test_noise_of_a_video_and_a_floor_that_seems_to_rise_do_not_hide_the_steps(
    rise: float, walk: Callable[..., Any]
) -> None:
    """Errors that change over a tenth of a second, as those of lifters do; a false slope along the way."""
    time = np.arange(0, 8, 1 / 30)
    walker = walk(time)
    noise = smooth(
        time, np.random.default_rng(3).normal(size=(len(time), 2, 3)), np.ones((len(time), 2)), 3.0
    )
    ankles = walker.joints[:, ANKLES] + 0.02 * noise[:, :, None] / noise.std()
    ankles[..., 2] += rise * np.sin(np.pi * time / 8)[:, None, None] ** 2
    contacts = foot_contacts(time, ankles, np.array([0.085]))
    assert ((contacts > 0.5) == walker.contacts).mean() > 0.85


def test_somebody_in_the_air_stands_on_nothing() -> None:
    """A jump of half a second, standing before and after."""
    time = np.arange(60) / 30
    height = np.maximum(0, 2.5 * (time - 0.75) * (1.25 - time) * 4)
    ankles = np.zeros((60, 2, 1, 3))
    ankles[..., 2] = 0.085 + height[:, None, None]
    contacts = foot_contacts(time, ankles, np.array([0.085]))
    assert (contacts[height > 0.3] < 0.3).all()
    assert (contacts[(time < 0.6) | (time > 1.4)] > 0.9).all()


@pytest.mark.parametrize(("speed", "still"), [(0.0, 1.0), (0.3, 0.5), (1.5, 0.01)])
def test_the_stillest_point_tells_whether_a_foot_moves_in_the_picture(speed: float, still: float) -> None:
    """In a rolling foot, which stands, the toes are still while the heel moves."""
    time = np.arange(60) / 30
    points, confidence = np.zeros((60, 2, 3, 2)), np.ones((60, 2, 3))
    points[:, 0, :, 0] = speed * time[:, None]
    points[:, 1, :2, 0] = -1.5 * speed * time[:, None]  # so the middle of both stays where it is
    found = still_in_picture(time, points, confidence)[5:-5]
    np.testing.assert_allclose(found[:, 0], still, atol=0.03)
    assert (found[:, 1] > 0.95).all()


def test_a_foot_that_is_not_seen_is_neither_still_nor_moving() -> None:
    time, confidence = np.arange(30) / 30, np.ones((30, 2, 1))
    confidence[10:20, 1] = 0.1
    found = still_in_picture(time, np.zeros((30, 2, 1, 2)), confidence)
    assert np.isnan(found[10:20, 1]).all()
    assert (found[:, 0] > 0.95).all()


def test_the_picture_settles_what_errors_of_depth_leave_open() -> None:
    """Both ankles seem to move in depth; the picture shows that one of them stands."""
    time = np.arange(90) / 30
    ankles = np.tile([0.0, 0, 0.085], (90, 2, 1, 1))
    ankles[..., 1] += 0.12 * np.sin(2 * np.pi * time)[:, None, None]
    in_picture = np.tile([1.0, 0.0], (90, 1))
    standing = np.array([0.085])
    assert foot_contacts(time, ankles, standing).min() < 0.7
    contacts = foot_contacts(time, ankles, standing, in_picture)
    assert (contacts[:, 0] > 0.9).all()
    assert (contacts[:, 1] == 0).all()
    unseen = np.full((90, 2), np.nan)
    np.testing.assert_array_equal(
        foot_contacts(time, ankles, standing, unseen), foot_contacts(time, ankles, standing)
    )
