"""Motion capture as poses of the figure.

Every segment has an aim, which the body's points tell: where it points, and an axis beside it. The figure at
rest has the same points and so aims of its own; the rotation from its aim to that of the capture is its pose.
So the figure keeps its own proportions, and head, palms and feet turn as those of the recorded person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.motion.directions import unit
from lifting_core.skeleton import mirrored
from training.datasets.mocap import POINTS
from training.rendering.pose import Pose

Array = NDArray[np.float64]
_Point = Callable[[str], Array]

_SIDES = ("left", "right")
_HINGE_WEIGHT = 3.0
"""Of the bend of a knee or an elbow against what else tells how the limb is turned about itself."""


def captured_poses(points: NDArray[Any], rest: NDArray[Any]) -> list[Pose]:
    """The poses of a figure of which `rest` (P, 3) are the points at rest, as it stands facing -Y.

    `points` (T, P, 3) metres are those of a recorded person (`training.datasets.mocap.POINTS`).
    The figure moves in steps of its own size.
    """
    frames, own = aims(points), aims(rest)
    turns = {
        segment: Rotation.from_matrix(frames[segment] @ own[segment].swapaxes(-1, -2)) for segment in frames
    }
    for side in _SIDES:
        along = rest[POINTS.index(f"{side}_wrist")] - rest[POINTS.index(f"{side}_elbow")]
        turns[f"{side}_forearm"] = _shared_twist(turns[f"{side}_forearm"], turns[f"{side}_hand"], along)
    places = points[:, POINTS.index("pelvis")].astype(np.float64) * (_leg(rest) / _leg(points))
    return [
        Pose(place, {segment: turn[number] for segment, turn in turns.items()})
        for number, place in enumerate(places)
    ]


def mirror_image(pose: Pose) -> Pose:
    """The pose of somebody's mirror image, left and right exchanged."""
    turns = {}
    for segment, turn in pose.turns.items():
        x, y, z, w = turn.as_quat()
        turns[mirrored(segment)] = Rotation.from_quat([x, -y, -z, w])
    return Pose(pose.pelvis * [-1, 1, 1], turns)


def moved(pose: Pose, turn: Rotation, by: Array) -> Pose:
    """The pose turned about the world's origin, then moved by (3,) metres."""
    turns = {segment: turn * own for segment, own in pose.turns.items()}
    return Pose(turn.apply(pose.pelvis) + by, turns)


def aims(points: NDArray[Any]) -> dict[str, Array]:
    """Axes (..., 3, 3) of every segment as orthonormal columns, from points (..., P, 3)."""
    points = np.asarray(points, np.float64)

    def at(name: str) -> Array:
        return points[..., POINTS.index(name), :]

    hips, shoulders = (at(f"left_{name}") - at(f"right_{name}") for name in ("hip", "shoulder"))
    ears = at("left_ear") - at("right_ear")
    axes = {
        "pelvis": _axes(hips, at("spine") - at("pelvis")),
        "spine": _axes(shoulders, at("thorax") - at("spine")),
        "neck": _axes(at("skull") - at("thorax"), unit(shoulders) + unit(ears)),
        "head": _axes(ears, at("head") - at("skull")),
    }
    for side in _SIDES:
        axes |= {f"{side}_{part}": found for part, found in _limbs(at, side, hips).items()}
        axes[f"{side}_clavicle"] = _axes(at(f"{side}_shoulder") - at("thorax"), axes["spine"][..., 1])
    return axes


def _limbs(at: _Point, side: str, hips: Array) -> Mapping[str, Array]:
    """The aims of one side; a straight limb is turned as the thumb's side or the hips are."""

    def between(start: str, end: str) -> Array:
        return unit(at(f"{side}_{end}") - at(f"{side}_{start}"))

    upper_arm, forearm = between("shoulder", "elbow"), between("elbow", "wrist")
    thumbward = between("pinky", "index")
    elbow = np.cross(upper_arm, _HINGE_WEIGHT * forearm + thumbward)
    thigh, shin = between("hip", "knee"), between("knee", "ankle")
    knee = _HINGE_WEIGHT * np.cross(thigh, shin) + unit(hips)
    sole = between("heel", "toe")
    return {
        "upper_arm": _axes(upper_arm, elbow),
        "forearm": _axes(forearm, elbow),
        "hand": _axes(between("wrist", "hand"), thumbward),
        "thigh": _axes(thigh, knee),
        "shin": _axes(shin, knee),
        "foot": _axes(sole, np.cross(sole, between("heel", "ankle"))),
    }


def _shared_twist(forearm: Rotation, hand: Rotation, along: Array) -> Rotation:
    """The forearm turned about itself by half of the hand's turn, as the skin of a forearm is."""
    along = along / np.linalg.norm(along)
    quaternion = (forearm.inv() * hand).as_quat()
    quaternion *= np.where(quaternion[:, 3:] < 0, -1, 1)
    half = np.arctan2(quaternion[:, :3] @ along, quaternion[:, 3])
    return forearm * Rotation.from_rotvec(half[:, None] * along)


def _leg(points: NDArray[Any]) -> float:
    """Metres from hip over knee to ankle."""
    hip, knee, ankle = (points[..., POINTS.index(f"left_{name}"), :] for name in ("hip", "knee", "ankle"))
    length = np.linalg.norm(knee - hip, axis=-1) + np.linalg.norm(ankle - knee, axis=-1)
    return float(np.median(length))


def _axes(first: Array, second: Array) -> Array:
    """(..., 3, 3) columns: the first direction, the second at right angles to it, and their cross product."""
    first = unit(first)
    second = unit(second - (second * first).sum(-1, keepdims=True) * first)
    return np.stack([first, second, np.cross(first, second)], -1)
