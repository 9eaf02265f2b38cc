from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifting_core.camera.pinhole import rays
from lifting_core.motion.trajectory import fit_root, joint_keypoints, smooth_root
from lifting_core.skeleton import JOINTS, LIMB_JOINTS

SURE = np.ones((1, len(JOINTS)))


@given(st.integers(0, 10_000), st.tuples(st.floats(-3, 3), st.floats(-2, 2), st.floats(1.5, 30)))
def test_finds_the_position_exactly(seed: int, position: tuple[float, float, float]) -> None:
    joints = np.random.default_rng(seed).uniform(-0.8, 0.8, (1, len(JOINTS), 3))
    placed = joints + np.array(position)
    root, evidence = fit_root(joints, placed[..., :2] / placed[..., 2:], SURE)
    np.testing.assert_allclose(root[0], position, rtol=1e-6, atol=1e-6)
    assert evidence[0] > 0


def test_a_few_wrong_keypoints_do_not_matter(film: Callable[..., Any], walk: Callable[..., Any]) -> None:
    filmed = film(np.arange(10) / 30, walk(np.arange(10) / 30).joints)
    image = filmed.joints[..., :2] / filmed.joints[..., 2:]
    image[:, JOINTS.index("left_wrist")] += 0.3
    image[:, JOINTS.index("right_ankle")] -= 0.2
    root, _ = fit_root(filmed.observation.joints, image, np.ones((10, len(JOINTS))))
    assert np.abs(root - filmed.joints[:, 0])[:, :2].max() < 0.02
    assert np.abs(root - filmed.joints[:, 0])[:, 2].max() < 0.3


def test_keypoints_that_do_not_tell_give_no_position() -> None:
    joints = np.random.default_rng(0).uniform(-0.8, 0.8, (3, len(JOINTS), 3))
    placed = joints + np.array([0, 0, 5.0])
    image = placed[..., :2] / placed[..., 2:]
    confidence = np.zeros((3, len(JOINTS)))
    confidence[1, 4] = 1  # one point alone
    confidence[2] = 1
    root, evidence = fit_root(joints, image * np.array([1, 1, -1])[:, None, None], confidence)
    assert np.isnan(root).all(), "unseen, one point, and mirrored behind the camera"
    assert (evidence == 0).all()


def test_keypoints_of_joints() -> None:
    names = ("nose", "left_eye", *LIMB_JOINTS)
    keypoints = np.random.default_rng(0).uniform(0, 900, (2, len(names), 2))
    confidence = np.random.default_rng(1).uniform(0.1, 1, (2, len(names)))
    keypoints[1, names.index("left_hip")] = np.nan
    points, trust = joint_keypoints(names, keypoints, confidence)
    knee = names.index("left_knee")
    np.testing.assert_array_equal(points[:, JOINTS.index("left_knee")], keypoints[:, knee])
    np.testing.assert_array_equal(trust[:, JOINTS.index("left_knee")], confidence[:, knee])
    np.testing.assert_array_equal(points[:, JOINTS.index("neck")], keypoints[:, 0])
    hips = keypoints[0, [names.index("left_hip"), names.index("right_hip")]].mean(0)
    np.testing.assert_allclose(points[0, 0], hips)
    assert trust[1, 0] == trust[1, JOINTS.index("left_hip")] == 0, "unknown"
    assert (trust[:, [JOINTS.index("spine"), JOINTS.index("head")]] == 0).all(), "no keypoint of their own"
    assert np.isfinite(points).all()


def test_depth_is_smoothed_and_the_place_in_the_picture_kept() -> None:
    time = np.arange(90) / 30
    truth = np.column_stack([np.sin(2 * time), 0.1 * np.cos(3 * time), 5 + 0.5 * time])
    noisy = truth * (1 + np.random.default_rng(0).normal(size=(90, 1)) * 0.02)  # along the ray
    smoothed = smooth_root(time, noisy, np.ones(90), 6.0)
    assert np.abs(smoothed - truth)[:, 2].mean() < 0.4 * np.abs(noisy - truth)[:, 2].mean()
    place = smoothed[:, :2] / smoothed[:, 2:] - truth[:, :2] / truth[:, 2:]
    assert np.abs(place).max() < 0.002


def test_frames_without_a_position_are_filled() -> None:
    time = np.arange(30) / 30
    truth = np.column_stack([time, 0 * time, 4 + time])
    gappy = truth.copy()
    gappy[10:14] = np.nan
    evidence = np.where(np.isnan(gappy[:, 0]), 0.0, 1.0)
    np.testing.assert_allclose(smooth_root(time, gappy, evidence, np.inf), truth, atol=0.01)
    with pytest.raises(ValueError, match="nothing"):
        smooth_root(time, np.full((30, 3), np.nan), np.zeros(30), 6.0)


def test_agrees_with_the_camera_module(film: Callable[..., Any], walk: Callable[..., Any]) -> None:
    time = np.arange(20) / 30
    filmed = film(time, walk(time).joints, azimuth=2.0)
    seen = filmed.observation
    points, trust = joint_keypoints(seen.keypoint_names, seen.keypoints, seen.keypoint_confidence)
    root, _ = fit_root(seen.joints, rays(points, seen.camera_matrix)[..., :2], trust)
    # The thorax lies a little above the middle of the shoulders, which stands for it.
    np.testing.assert_allclose(root, filmed.joints[:, 0], atol=0.03)
