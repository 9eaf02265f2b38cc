from __future__ import annotations

import numpy as np
import pytest

from training.heatmaps.measures import scores

_NAMES = ("pelvis", "head", "left_knee", "right_knee")


def test_pckh_counts_joints_within_half_a_head() -> None:
    truth = np.zeros((2, 4, 2))
    found = np.zeros((2, 4, 2))
    found[0, 1] = [3, 4]  # 5 px, of a head of 10 px: just a hit
    found[0, 2] = [5.1, 0]
    found[:, 0] = 100  # the pelvis does not count
    truth[1, 3] = np.nan  # not annotated
    result = scores(found, truth, np.array([10.0, 20.0]), _NAMES)
    assert result.pckh == pytest.approx(100 * 4 / 5)
    assert result.by_joint == {"pelvis": 0.0, "head": 100.0, "left_knee": 50.0, "right_knee": 100.0}
    distances = [5, 5.1, 0, 0, 0, 100 * np.sqrt(2), 100 * np.sqrt(2)]
    assert result.pixels == pytest.approx(np.mean(distances))


def test_without_heads_there_are_pixels_only() -> None:
    result = scores(np.ones((1, 4, 2)), np.zeros((1, 4, 2)), np.array([np.nan]), _NAMES)
    assert result.pckh is None
    assert set(result.by_joint.values()) == {None}
    assert result.pixels == pytest.approx(np.sqrt(2))
