"""Where the person is in front of the camera, from how the lifted joints must project.

Coordinates are camera axes in metres; rays are image points as directions with z = 1, of which x and y
are given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.gaps import fill
from lifting_core.motion.smoothing import smooth
from lifting_core.skeleton import JOINT_KEYPOINTS, JOINTS

_OUTLIER = 0.08
"""Metres: keypoints further than this from the projected joint count for less than half."""
_NEAREST = 0.3
"""Metres: nobody stands nearer to the camera."""
_DEPTH_CUTOFF = 0.3
"""Depth, which is seen far less exactly than the position in the picture, is smoothed to this share of the
cut-off frequency."""


def joint_keypoints(
    names: tuple[str, ...], keypoints: NDArray[Any], confidence: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The keypoints that stand for joints: (T, 28, 2), and their confidence (T, 28), 0 where there is none.

    A joint and a keypoint of the same name are the same point; the joint "neck" lies at the nose, the pelvis
    midway between the hips, the thorax midway between the shoulders.
    """
    points = np.zeros((len(keypoints), len(JOINTS), 2))
    trust = np.zeros(points.shape[:2])
    for joint, sources in enumerate(JOINT_KEYPOINTS.get(name, (name,)) for name in JOINTS):
        if set(sources) <= set(names):
            columns = [names.index(source) for source in sources]
            points[:, joint] = keypoints[:, columns].mean(axis=1)
            trust[:, joint] = confidence[:, columns].min(axis=1)
    trust[~np.isfinite(points).all(axis=2)] = 0
    return np.nan_to_num(points), np.nan_to_num(trust)


def fit_root(
    joints: NDArray[Any], rays: NDArray[Any], confidence: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The translation t that brings pelvis-relative joints X onto their rays r: (X_z + t_z) r = X_xy + t_xy.

    Linear least squares, in closed form: t_z is the slope of r_z X_xy over r, t_xy follows from the means.
    Repeated with Cauchy weights, so that a few wrong keypoints do not matter.

    Arguments: joints (T, J, 3); rays (T, J, 2); confidence (T, J).
    Returns: root (T, 3), NaN where the keypoints do not tell; how well they tell the depth (T,), the weighted
    sum of squares of the person's extent across the view in square metres.
    """
    weights = np.array(confidence, np.float64)
    for _ in range(4):
        total = weights.sum(1)[:, None] + 1e-12
        mean_ray = (weights[..., None] * rays).sum(1) / total
        off = rays * joints[..., 2:] - joints[..., :2]
        mean_off = (weights[..., None] * off).sum(1) / total
        spread = (weights[..., None] * (rays - mean_ray[:, None]) ** 2).sum((1, 2))
        slope = (weights[..., None] * (rays - mean_ray[:, None]) * (off - mean_off[:, None])).sum((1, 2))
        depth = -slope / (spread + 1e-12)
        root = np.column_stack([mean_off + depth[:, None] * mean_ray, depth])
        distance = np.linalg.norm(off + depth[:, None, None] * rays - root[:, None, :2], axis=2)
        weights = confidence / (1 + (distance / _OUTLIER) ** 2)
    evidence = spread * depth**2
    behind = (depth + joints[..., 2].min(1) < _NEAREST / 2) | (depth < _NEAREST) | (evidence < 1e-4)
    return np.where(behind[:, None], np.nan, root), np.where(behind, 0.0, evidence)


def smooth_root(
    time: NDArray[Any], root: NDArray[Any], evidence: NDArray[Any], cutoff: float
) -> NDArray[np.float64]:
    """The root's path (T, 3) with unknown (NaN) frames filled; its picture position keeps the cut-off
    frequency, the logarithm of its depth is smoothed more.

    `evidence` (T,) is how well the depth is known, in square metres (`fit_root`).
    """
    known = np.isfinite(root).all(axis=1)
    away = np.maximum(np.where(known, root[:, 2], 1.0), _NEAREST)
    depth = fill(time, np.log(away), known)
    direction = fill(time, root[:, :2] / away[:, None], known)
    trust = np.where(known, np.minimum(evidence, 1.0), 0.0)[:, None]
    depth = smooth(time, depth[:, None, None], trust, cutoff * _DEPTH_CUTOFF, order=2)[:, 0, 0]
    direction = smooth(time, direction[:, None], np.sqrt(trust), cutoff)[:, 0]
    z = np.exp(depth)
    return np.column_stack([direction * z[:, None], z])
