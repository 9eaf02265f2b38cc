"""The same proportions for all recorded people.

Sources place the same joint differently on the body: the shoulders of the captures at hand are from 23 to
38 cm apart on people of one stature. What a detector gets wrong is known on MakeHuman's bodies
(`training.rendering`), so every body gets the average proportions of these; that people differ is left to
`training.tasks.variation`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifting_core.skeleton import JOINT_PARENTS, JOINTS, unsided
from training.datasets.anatomy import anatomy
from training.datasets.body_points import SURFACE_POINTS
from training.datasets.mocap import POINTS, Clip

_SURFACE_PARENTS = {"eye": "skull", "pinky": "wrist", "thumb": "wrist"}


def _parent(point: str) -> int:
    side, part = point.split("_")
    parent = _SURFACE_PARENTS[part]
    return JOINTS.index(parent if parent in JOINTS else f"{side}_{parent}")


PARENTS: tuple[int, ...] = (*JOINT_PARENTS, *map(_parent, SURFACE_POINTS))
"""Every point's parent among `POINTS`; the pelvis has none, -1."""


def _bones_from_points() -> NDArray[np.float32]:
    matrix = np.eye(len(POINTS), dtype=np.float32)
    matrix[range(1, len(POINTS)), PARENTS[1:]] = -1
    return matrix


BONES_FROM_POINTS = _bones_from_points()
"""(P, P) from positions to the vectors from every point's parent; the pelvis keeps its position."""
POINTS_FROM_BONES = np.linalg.inv(BONES_FROM_POINTS)
"""And back."""

_SEGMENTS = {
    "hip": ("hip", 1.0),
    "knee": ("thigh", 1.0),
    "ankle": ("shin", 1.0),
    "spine": ("trunk", 0.5),
    "thorax": ("trunk", 0.5),
    "shoulder": ("shoulder", 1.0),
    "elbow": ("upper_arm", 1.0),
    "wrist": ("forearm", 1.0),
    "skull": ("neck", 1.0),
}
"""The segment, and which share of it, that leads to a joint from its parent. Heads, hands and feet are those
of the average body already (`body_points`)."""


def proportioned(clip: Clip, stature: float) -> NDArray[np.float32]:
    """(T, P, 3) the clip's poses on an average body `stature` metres tall."""
    bones = BONES_FROM_POINTS @ scaled_to_stature(clip, stature)
    placed: NDArray[np.float32] = POINTS_FROM_BONES @ (bones * _factors(bones, stature)[:, None])
    return placed


def _factors(bones: NDArray[np.float32], stature: float) -> NDArray[np.float32]:
    """(P,) by which bones (T, P, 3) have to become longer to be as long as on the average body."""
    lengths = np.median(np.linalg.norm(bones, axis=-1), axis=0)
    factors = np.ones(len(POINTS), np.float32)
    for number, point in enumerate(POINTS):
        if unsided(point) in _SEGMENTS:
            segment, share = _SEGMENTS[unsided(point)]
            factors[number] = share * stature * np.exp(anatomy().mean[segment]) / lengths[number]
    return factors


def scaled_to_stature(clip: Clip, stature: float) -> NDArray[np.float32]:
    """The clip's points for a subject `stature` metres tall, of the proportions that its source gives.

    A subject's own height is estimated from the bones between ankle and shoulders, which make up 78 % of it:
    sources give the feet and the crown too differently to measure it from sole to crown.
    """
    joints = clip.points[:, : len(JOINTS)]
    lengths = np.linalg.norm(joints - joints[:, [max(parent, 0) for parent in JOINT_PARENTS]], axis=-1)
    median = dict(zip(JOINTS, np.median(lengths, axis=0), strict=True))
    legs = sum(median[f"{side}_{joint}"] for side in ("left", "right") for joint in ("knee", "ankle")) / 2
    height = (legs + median["spine"] + median["thorax"]) / 0.78
    scaled: NDArray[np.float32] = clip.points * np.float32(stature / height)
    return scaled
