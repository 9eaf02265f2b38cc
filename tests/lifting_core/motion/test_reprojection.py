from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lifting_core.motion.proportions import bone_lengths
from lifting_core.motion.reprojection import agree_with_picture
from lifting_core.skeleton import JOINT_PARENTS, JOINTS, LIMB_JOINTS

LIMBS = [JOINTS.index(name) for name in LIMB_JOINTS]


def _walker(film: Callable[..., Any], walk: Callable[..., Any]) -> tuple[Any, Any, dict[str, float]]:
    """(T, 28, 3) joints in the camera's axes, (T, 28, 2) rays, and bone lengths."""
    time = np.arange(60) / 30
    joints = film(time, walk(time).joints).joints
    return joints, joints[..., :2] / joints[..., 2:], bone_lengths(joints, np.ones((60, len(JOINTS))))


def test_right_joints_stay_where_they_are(film: Callable[..., Any], walk: Callable[..., Any]) -> None:
    joints, rays, lengths = _walker(film, walk)
    relative = joints - joints[:, :1]
    fitted = agree_with_picture(relative, joints[:, 0], rays, np.ones((60, len(JOINTS))), lengths)
    assert np.linalg.norm(fitted - relative, axis=2).mean() < 0.01


def test_brings_noisy_joints_nearer_to_the_picture_and_to_the_truth(
    film: Callable[..., Any], walk: Callable[..., Any]
) -> None:
    joints, rays, lengths = _walker(film, walk)
    truth = joints - joints[:, :1]
    noisy = truth + np.random.default_rng(0).normal(size=joints.shape) * 0.04
    noisy -= noisy[:, :1]
    root = joints[:, 0]
    fitted = agree_with_picture(noisy, root, rays, np.ones((60, len(JOINTS))), lengths)

    def off_the_rays(relative: Any) -> float:
        placed = relative + root[:, None]
        return float(np.linalg.norm(placed[..., :2] / placed[..., 2:] - rays, axis=2)[:, LIMBS].mean())

    assert off_the_rays(fitted) < 0.4 * off_the_rays(noisy)
    errors = [np.linalg.norm(j - truth, axis=2)[:, LIMBS].mean() for j in (fitted, noisy)]
    assert errors[0] < 0.8 * errors[1]


def test_bones_get_their_lengths_even_where_nothing_is_seen(
    film: Callable[..., Any], walk: Callable[..., Any]
) -> None:
    joints, rays, lengths = _walker(film, walk)
    noisy = joints - joints[:, :1] + np.random.default_rng(0).normal(size=joints.shape) * 0.04
    fitted = agree_with_picture(noisy, joints[:, 0], rays, np.zeros((60, len(JOINTS))), lengths)
    bones = np.linalg.norm(fitted[:, 1:] - fitted[:, list(JOINT_PARENTS[1:])], axis=2)
    np.testing.assert_allclose(bones.std(axis=0), 0, atol=1e-9)
    assert bones[0, JOINTS.index("left_knee") - 1] == np.float64(lengths["thigh"]).round(12) or np.isclose(
        bones[0, JOINTS.index("left_knee") - 1], lengths["thigh"]
    )
