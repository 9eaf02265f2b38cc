"""The floor under feet that do not move, and the axes of the world that stands on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.contacts import foot_contacts, joints_of_feet, stillness
from lifting_core.motion.directions import Vectors, direction_of
from lifting_core.motion.proportions import weighted_median
from lifting_core.skeleton import JOINTS

_STEP_TIME = 0.5
"""Seconds that a foot stays in one place: what it tells about the floor in this time counts once."""
_MOST_STEPS = 20.0
"""More steps than this do not make the floor better known: their errors are not independent."""
_STEP_ERROR = 0.05
"""Metres, standard deviation of the height of a standing ankle."""
_DEPTH_ERROR = 0.3
"""Metres: errors of the depth put the ankles on a false slope, until somebody walks further than this."""
_SAME_FLOOR = 0.1
"""Metres: points of feet higher than this above the lower one, or above the floor, do not stand on it."""
_FIRST = 0.25
"""Seconds over which the direction is averaged that somebody faces at first."""


def floor_tilt(
    time: NDArray[Any], ankles: Vectors, confidence: NDArray[Any], tilt: Vectors, information: Vectors
) -> Vectors:
    """The tilt (2,), known to `information` (2, 2), corrected so that standing ankles lie in one plane.

    Ridge regression of a x + b z - h = y over the ankles' positions, repeated with Cauchy weights.
    """
    height = ankles @ direction_of(tilt)
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
    time: NDArray[Any], joints: NDArray[Any], confidence: NDArray[Any], rest: NDArray[Any]
) -> float:
    """The floor's z, from where the lowest point of the feet stands still.

    Arguments: joints (T, 28, 3) metres in axes with z up; confidence (T, 28); rest (28, 3) the body at rest,
    feet flat on the floor z = 0.
    """
    feet = joints_of_feet(confidence).ravel()
    above = joints[:, feet, 2] - rest[feet, 2]
    frames, lowest_point = np.arange(len(time)), above.argmin(axis=1)
    height = above[frames, lowest_point]
    weight = (stillness(time, joints[:, feet]) * confidence[:, feet])[frames, lowest_point] + 1e-3
    lowest = np.percentile(height, 5)
    near = height <= lowest + _SAME_FLOOR
    return weighted_median(height[near], weight[near])


def standing_feet(
    time: NDArray[Any],
    joints: NDArray[Any],
    confidence: NDArray[Any],
    rest: NDArray[Any],
    in_picture: NDArray[Any] | None = None,
) -> NDArray[np.float64]:
    """(T, 2) how surely each foot is on the floor, wherever that is: see `contacts.foot_contacts`.

    Other arguments as of `floor_height`.
    """
    feet = joints_of_feet(confidence)
    floor = np.array([0, 0, floor_height(time, joints, confidence, rest)])
    return foot_contacts(time, joints[:, feet] - floor, rest[feet[0], 2], in_picture)
