from __future__ import annotations

import numpy as np

from blender_addon.viewing.overlay import bone_lines, confidence_colours, limb_lines


def test_confidence_goes_from_red_to_green() -> None:
    red, yellow, green = confidence_colours(np.array([0.0, 0.5, 1.0]))[:, :2]
    assert red.tolist() == [1, 0]
    assert yellow.tolist() == [1, 1]
    assert green.tolist() == [0, 1]


def test_limbs_need_both_ends() -> None:
    names = ("left_shoulder", "left_elbow", "left_wrist", "nose")
    points = np.arange(8.0).reshape(4, 2)
    lines, colours = limb_lines(names, points, np.array([1, 1, 0.0, 1]))
    assert lines.tolist() == [[0, 1], [2, 3]]
    assert colours.shape == (2, 4)


def test_bones_join_joints_that_are_there() -> None:
    joints = np.array([[0.0, 0], [1, 1], [2, 2], [np.nan, 0]])
    assert bone_lines(np.array([-1, 0, 1, 2]), joints).tolist() == [[0, 0], [1, 1], [1, 1], [2, 2]]
