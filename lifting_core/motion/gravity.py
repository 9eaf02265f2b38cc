"""Which way is up, and how far lifted poses lean against it.

The camera's tilt has a prior from how people hold cameras, and is corrected by the balance of somebody on
their feet, or else by the posture, by the lines of what is built (`camera.perspective`), and by the floor
under feet that do not move.

How far a body leans toward the camera or away from it is what a picture tells least. So where gravity is
known by other means, a body that seems out of balance along the view is in part lifted wrongly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.camera.perspective import Perspective
from lifting_core.motion.balance import Balance, balance
from lifting_core.motion.directions import Vectors, direction_of, tilt_of, unit
from lifting_core.motion.ground import floor_tilt
from lifting_core.motion.proportions import weighted_median
from lifting_core.motion.smoothing import durations, smooth
from lifting_core.skeleton import JOINTS

# Standard deviations of tilts (sideways, along the view), as `directions.tilt_of` tells them.
_CAMERA = np.tan(np.radians([4.0, 20.0]))
_STANDING = np.tan(np.radians([4.0, 7.0]))
_TRUNK = np.tan(np.radians([10.0, 20.0]))
_LIFTED = np.tan(np.radians([1.0, 6.0]))
"""Of lifted bodies as a whole, on average over a clip. Along the view it is 3 degrees from about eye level
(`benchmarks/balance.py`) and more from above; turned poses come out best with 6 (docs/training.md)."""

_FAR = 2.0
"""Cameras tilted further than this, in standard deviations, are rare, but not as rare as in a normal law."""
_REPEATS = 5
_STRAIGHT = math.cos(math.radians(35))
"""The cosine of the most that knees and hips bend in somebody who stands stretched out."""
_UPRIGHT = math.cos(math.radians(60))
"""Bodies further from the camera's own up than this tell nothing about gravity."""
_LEAN_CUTOFF = 0.3
"""Hz: faster than this people sway, and lifting seldom changes its mind."""
_CONTRARY = 8.0
"""Standard deviations that nobody's body differs from gravity by."""

_ANKLES = [JOINTS.index("left_ankle"), JOINTS.index("right_ankle")]


@dataclass(frozen=True, eq=False)
class Gravity:
    """What is known of gravity, camera axes."""

    up: Vectors
    """(3,) the unit vector against it."""
    turn: Rotation
    """T rotations by which lifted poses should be turned, to lean as the person most probably does."""


class _Tilt(NamedTuple):
    """A tilt as something tells it."""

    tilt: Vectors
    """(2,)"""
    deviation: Vectors
    """(2,) standard deviations."""


def gravity(
    time: NDArray[Any],
    joints: NDArray[Any],
    root: NDArray[Any],
    confidence: NDArray[Any],
    perspective: Perspective | None = None,
) -> Gravity:
    """Which way is up by all that tells.

    Arguments: time (T,) seconds; joints (T, 28, 3) metres in camera axes, relative to the pelvis;
    root (T, 3); confidence (T, 28); perspective, what lines in the pictures tell, where they do.
    """
    placed = joints + root[:, None]
    lines = None if perspective is None else _lines_tilt(perspective)
    posture = _posture_tilt(joints, confidence)
    stance = balance(time, placed, confidence, direction_of(_fused(posture, lines)[0]))
    if stance is not None and not _upright(stance.mean):
        stance = None
    body = posture if stance is None else _balance_tilt(stance)
    if lines is not None and body is not None and _contradicted(lines.tilt, body):
        return gravity(time, joints, root, confidence)
    tilt, information = _fused(body, lines)
    tilt = floor_tilt(time, placed[:, _ANKLES], confidence[:, _ANKLES], tilt, information)
    up = direction_of(tilt)
    turn = Rotation.identity(len(time)) if stance is None else _turn(time, stance, up)
    return Gravity(up, turn)


def _fused(*told: _Tilt | None) -> tuple[Vectors, Vectors]:
    """The most probable tilt (2,) by what is known, and the inverse of its covariance (2, 2)."""
    known = [one for one in told if one is not None]
    tilt = np.zeros(2)
    for _ in range(_REPEATS):
        camera = _CAMERA**-2.0 / (1 + (tilt / (_FAR * _CAMERA)) ** 2)
        precision = camera + sum(one.deviation**-2.0 for one in known)
        tilt = sum((one.deviation**-2.0 * one.tilt for one in known), np.zeros(2)) / precision
    return tilt, np.diag(precision)


def _contradicted(lines: Vectors, body: _Tilt) -> bool:
    """Whether nobody would stand so askew: lines that lead elsewhere than up were taken for upright ones."""
    return bool(np.linalg.norm((lines - body.tilt) / body.deviation) > _CONTRARY)


def _lines_tilt(perspective: Perspective) -> _Tilt:
    return _Tilt(tilt_of(perspective.up), np.full(2, math.tan(perspective.deviation)))


def _posture_tilt(joints: NDArray[Any], confidence: NDArray[Any]) -> _Tilt | None:
    """The median tilt of the body while it is stretched out, else of the trunk."""
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
        weight = weight * _upright(direction)
        if weight.max() > 0.1:
            tilt = direction[:, [0, 2]] / np.maximum(-direction[:, 1:2], 1e-6)
            return _Tilt(np.array([weighted_median(part, weight) for part in tilt.T]), deviation)
    return None


def _upright(direction: Vectors) -> NDArray[np.bool_]:
    """(...) whether directions (..., 3) may be that of somebody upright."""
    upright: NDArray[np.bool_] = -direction[..., 1] > _UPRIGHT * np.linalg.norm(direction, axis=-1)
    return upright


def _balance_tilt(stance: Balance) -> _Tilt:
    """The tilt by which the body would be in balance."""
    return _Tilt(tilt_of(stance.mean), np.hypot(_LIFTED, stance.deviation))


def _turn(time: NDArray[Any], stance: Balance, up: Vectors) -> Rotation:
    """Turns that undo what of the body's lean along the view is the fault of lifting.

    Of the sum of two normal errors, each is as much as its share of the variance.
    """
    along = unit(np.array([0, 0, 1.0]) - up[2] * up)
    lean = (stance.direction @ along / (stance.mean @ up))[:, None, None]
    spent = stance.seconds / durations(np.diff(time))
    deviation = math.hypot(_LIFTED[1], stance.deviation)
    surprise = np.average(lean[:, 0, 0], weights=stance.seconds) / (_FAR * deviation)
    share = (_LIFTED[1] / deviation) ** 2 / (1 + surprise**2)
    fault = share * smooth(time, lean, spent[:, None], _LEAN_CUTOFF, order=1)[:, 0]
    return Rotation.from_rotvec(np.arctan(fault) * np.cross(along, up))


def _cosine(a: Vectors, b: Vectors) -> Vectors:
    cosine: Vectors = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1) + 1e-12)
    return cosine
