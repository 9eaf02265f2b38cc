"""Which way is up, and where the floor is: world axes from what the camera saw.

"Up" in camera axes is written as (a, -1, b): its tilt against the camera's own up, sideways (a, the camera's
roll) and along the view (b, its pitch). The tilt has a normal prior from how people hold cameras, and is
corrected by the body of somebody who stands, by the lines of what is built (`camera.perspective`) and by the
floor under feet that do not move.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.camera.perspective import Perspective
from lifting_core.motion.contacts import stillness
from lifting_core.motion.directions import Vectors
from lifting_core.motion.proportions import weighted_median
from lifting_core.skeleton import JOINTS

# Standard deviations of the tilt (sideways, along the view).
_CAMERA = np.tan(np.radians([4.0, 20.0]))
_STANDING = np.tan(np.radians([4.0, 7.0]))
_TRUNK = np.tan(np.radians([10.0, 20.0]))

_STRAIGHT = math.cos(math.radians(35))
"""The cosine of the most that knees and hips bend in somebody who stands."""
_UPRIGHT = math.cos(math.radians(60))
"""Bodies further from the camera's own up than this tell nothing about gravity."""
_ASKEW, _CONTRARY = math.cos(math.radians(30)), 5.0
"""What nobody's body differs from gravity by, as a cosine, and in its standard deviations."""
_STEP_TIME = 0.5
"""Seconds that a foot stays in one place: what it tells about the floor in this time counts once."""
_MOST_STEPS = 20.0
"""More steps than this do not make the floor better known: their errors are not independent."""
_STEP_ERROR = 0.05
"""Metres, standard deviation of the height of a standing ankle."""
_DEPTH_ERROR = 0.3
"""Metres: errors of the depth put the ankles on a false slope, until somebody walks further than this."""
_SAME_FLOOR = 0.1
"""Metres: ankles higher than this above the lower one, or above the floor, do not stand on it."""
_FIRST = 0.25
"""Seconds over which the direction is averaged that somebody faces at first."""

_ANKLES = [JOINTS.index("left_ankle"), JOINTS.index("right_ankle")]


def up_direction(
    time: NDArray[Any],
    joints: NDArray[Any],
    root: NDArray[Any],
    confidence: NDArray[Any],
    perspective: Perspective | None = None,
) -> Vectors:
    """(3,) the unit vector against gravity in camera axes.

    Arguments: time (T,) seconds; joints (T, 28, 3) metres in camera axes, relative to the pelvis;
    root (T, 3); confidence (T, 28); perspective, what lines in the pictures tell, where they do.
    """
    tilt, information = np.zeros(2), np.diag(_CAMERA**-2.0)
    measured = _body_tilt(joints, confidence)
    if measured is not None:
        tilt, information = _fused(tilt, information, *measured)
    if perspective is not None:
        told = perspective.up[[0, 2]] / -perspective.up[1]
        if not _contradicted(told, measured):
            tilt, information = _fused(tilt, information, told, np.full(2, math.tan(perspective.deviation)))
    ankles = (joints + root[:, None])[:, _ANKLES]
    tilt = _floor_tilt(time, ankles, confidence[:, _ANKLES], tilt, information)
    return _direction(tilt)


def world_axes(up: Vectors, time: NDArray[Any], joints: NDArray[Any]) -> Vectors:
    """(3, 3) the world's axes as columns, in camera axes: z up, and the person facing -y at first.

    Somebody who lies on the side faces nowhere in particular; then the world's -y points toward the camera.
    Arguments: time (T,) seconds; joints (T, 28, 3).
    """
    first = joints[time <= time[0] + _FIRST].mean(axis=0)
    at = dict(zip(JOINTS, first, strict=True))
    left = at["left_hip"] - at["right_hip"] + at["left_shoulder"] - at["right_shoulder"]
    facing = np.cross(left, up) + 1e-6 * np.array([0, 0, -1.0])
    y = facing @ up * up - facing
    y /= np.linalg.norm(y)
    return np.column_stack([np.cross(y, up), y, up])


def floor_height(
    time: NDArray[Any], points: NDArray[Any], confidence: NDArray[Any], standing: NDArray[Any]
) -> float:
    """The floor's z, from where the lowest point of the feet stands still.

    Arguments: points (T, N, 3) metres in axes with z up; confidence (T, N); standing (N,), the points'
    heights above the floor when the feet are flat on it.
    """
    above = points[..., 2] - standing
    frames, lowest_point = np.arange(len(time)), above.argmin(axis=1)
    height = above[frames, lowest_point]
    weight = (stillness(time, points) * confidence)[frames, lowest_point] + 1e-3
    lowest = np.percentile(height, 5)
    near = height <= lowest + _SAME_FLOOR
    return weighted_median(height[near], weight[near])


def _direction(tilt: Vectors) -> Vectors:
    up = np.array([tilt[0], -1.0, tilt[1]])
    direction: Vectors = up / np.linalg.norm(up)
    return direction


def _fused(
    tilt: Vectors, information: Vectors, other: Vectors, deviation: Vectors
) -> tuple[Vectors, Vectors]:
    """The tilt (2,) known to `information` (2, 2), and another with its standard deviations, as one."""
    gain = np.diag(deviation**-2.0)
    total = information + gain
    return np.linalg.solve(total, information @ tilt + gain @ other), total


def _contradicted(told: Vectors, measured: tuple[Vectors, Vectors] | None) -> bool:
    """Whether no body would stand so askew: lines that lead elsewhere than up were taken for upright ones."""
    if measured is None:
        return False
    body, deviation = measured
    unlikely = np.linalg.norm((told - body) / deviation) > _CONTRARY
    return bool(unlikely or _direction(told) @ _direction(body) < _ASKEW)


def _body_tilt(joints: NDArray[Any], confidence: NDArray[Any]) -> tuple[Vectors, Vectors] | None:
    """The median tilt of the body while it stands, else of the trunk, and its standard deviation."""
    at = {name: joints[:, index] for index, name in enumerate(JOINTS)}
    trust = {name: confidence[:, index] for index, name in enumerate(JOINTS)}
    trunk = at["thorax"] - at["pelvis"]
    straight = np.minimum(trust["left_ankle"], trust["right_ankle"])
    for side in ("left", "right"):
        thigh = at[f"{side}_knee"] - at[f"{side}_hip"]
        shin = at[f"{side}_ankle"] - at[f"{side}_knee"]
        straight = straight * (_cosine(thigh, shin) > _STRAIGHT) * (_cosine(thigh, -trunk) > _STRAIGHT)
    body = at["thorax"] - (at["left_ankle"] + at["right_ankle"]) / 2
    for direction, weight, deviation in ((body, straight, _STANDING), (trunk, trust["thorax"], _TRUNK)):
        weight = weight * (_cosine(direction, np.array([0, -1.0, 0])) > _UPRIGHT)
        if weight.max() > 0.1:
            tilt = direction[:, [0, 2]] / np.maximum(-direction[:, 1:2], 1e-6)
            return np.array(
                [weighted_median(tilt[:, 0], weight), weighted_median(tilt[:, 1], weight)]
            ), deviation
    return None


def _floor_tilt(
    time: NDArray[Any], ankles: Vectors, confidence: NDArray[Any], tilt: Vectors, information: Vectors
) -> Vectors:
    """The tilt (2,), known to `information` (2, 2), corrected so that standing ankles lie in one plane.

    Ridge regression of a x + b z - h = y over the ankles' positions, repeated with Cauchy weights.
    """
    height = ankles @ _direction(tilt)
    lifted = (height - height.min(axis=1, keepdims=True)) / _SAME_FLOOR
    weight = stillness(time, ankles) * confidence / (1 + lifted**4)
    weight = (
        weight * np.minimum(np.gradient(time), _STEP_TIME)[:, None] / _STEP_TIME if len(time) > 1 else weight
    )
    weight = (weight * min(1, _MOST_STEPS / (weight.sum() + 1e-9)) / _STEP_ERROR**2).ravel()
    points = ankles.reshape(-1, 3)
    points = points - np.average(points, axis=0, weights=weight + 1e-12)
    spread = np.average((points**2).sum(axis=1), weights=weight + 1e-12)
    weight *= (spread / (spread + _DEPTH_ERROR**2)) ** 2
    design = np.column_stack([points[:, 0], points[:, 2], -np.ones(len(points))])
    prior = np.zeros((3, 3))
    prior[:2, :2], prior[2, 2] = information, 1e-6
    answer = np.append(tilt, 0.0)
    for _ in range(5):
        miss = (design @ answer - points[:, 1]) / _STEP_ERROR
        scaled = design * (weight / (1 + miss**2 / 4))[:, None]
        answer = np.linalg.solve(
            prior + design.T @ scaled, prior @ np.append(tilt, 0.0) + scaled.T @ points[:, 1]
        )
    return answer[:2]


def _cosine(a: Vectors, b: Vectors) -> Vectors:
    cosine: Vectors = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1) + 1e-12)
    return cosine
