"""One person's bone lengths, constant over the clip, and the rest pose made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.motion.kinematics import RestPose
from lifting_core.skeleton import BONES, JOINTS

# An average adult, metres. "hip" is from the pelvis to either hip, "sole" from the sole up to the ankle.
_AVERAGE = {
    "pelvis": 0.23, "spine": 0.26, "neck": 0.12, "head": 0.115, "clavicle": 0.15, "upper_arm": 0.28,
    "forearm": 0.25, "hip": 0.13, "thigh": 0.44, "shin": 0.45, "sole": 0.085,
}  # fmt: skip
_HARDLY_SEEN = 0.05
"""Bones of less confidence than this lean toward the average adult's."""

_NECK_FORWARD, _HEAD_BACK = math.radians(35), math.radians(15)

_SEGMENTS = (
    *((bone.name, bone.head, bone.tail) for bone in BONES),
    ("left_hip", "pelvis", "left_hip"),
    ("right_hip", "pelvis", "right_hip"),
)
_FROM = [JOINTS.index(head) for _, head, _ in _SEGMENTS]
_TO = [JOINTS.index(tail) for _, _, tail in _SEGMENTS]
_LENGTH_NAMES = [name.removeprefix("left_").removeprefix("right_") for name, _, _ in _SEGMENTS]


def length_to(joint: int, lengths: dict[str, float]) -> float:
    """The length (see `bone_lengths`) from the parent of a joint to the joint."""
    return lengths[_LENGTH_NAMES[_TO.index(joint)]]


def bone_lengths(joints: NDArray[Any], confidence: NDArray[Any]) -> dict[str, float]:
    """The weighted median over time of each bone's length, left and right taken together.

    What was hardly ever seen leans on the proportions of an average adult of the same size.
    Arguments: joints (T, 17, 3) metres; confidence (T, 17). Returns metres by bone name without its side,
    "hip" (pelvis to hip) and "sole" (sole to ankle).
    """
    lengths = np.linalg.norm(joints[:, _TO] - joints[:, _FROM], axis=-1)
    weights = np.minimum(confidence[:, _FROM], confidence[:, _TO])
    names = np.array(_LENGTH_NAMES)
    measured, evidence = {}, {}
    for name in dict.fromkeys(_LENGTH_NAMES):
        same = names == name
        measured[name] = weighted_median(lengths[:, same].ravel(), weights[:, same].ravel() + 1e-6)
        evidence[name] = float(weights[:, same].mean())
    average = np.array([_AVERAGE[name] for name in measured])
    weight = np.array(list(evidence.values())) ** 2 + 1e-9
    size = float((weight * list(measured.values())).sum() / (weight * average).sum())
    trust = weight / (weight + _HARDLY_SEEN**2)
    adjusted = trust * list(measured.values()) + (1 - trust) * size * average
    return {**dict(zip(measured, adjusted.tolist(), strict=True)), "sole": size * _AVERAGE["sole"]}


def frame_scale(
    joints: NDArray[Any], confidence: NDArray[Any], lengths: dict[str, float]
) -> NDArray[np.float64]:
    """(T,) by how much each frame's bones are longer than `lengths` (least squares)."""
    measured = np.linalg.norm(joints[:, _TO] - joints[:, _FROM], axis=-1)
    weights = np.minimum(confidence[:, _FROM], confidence[:, _TO]) + 1e-6
    constant = np.array([lengths[name] for name in _LENGTH_NAMES])
    scale: NDArray[np.float64] = (weights * measured * constant).sum(1) / (weights * constant**2).sum(1)
    return scale


def weighted_median(values: NDArray[Any], weights: NDArray[Any]) -> float:
    """The value that half of the weight lies below. Arguments: values (N,); weights (N,), not all 0."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


def rest_pose(lengths: dict[str, float]) -> RestPose:
    """The T-pose of docs/architecture.md with the given lengths in metres (see `bone_lengths`).

    A bone's y axis runs along it. Its x axis is the axis of flexion: knees and elbows bend by a positive
    angle about x, which takes y toward z. So z points forward in the trunk and the arms, backward in
    the legs. The nose lies in front of the throat.
    """
    left, forward, up = np.array([1.0, 0, 0]), np.array([0, -1.0, 0]), np.array([0, 0, 1.0])
    joints = np.zeros((len(JOINTS), 3))
    joints[JOINTS.index("pelvis")] = (lengths["sole"] + lengths["shin"] + lengths["thigh"]) * up
    for side, sign in (("left", 1), ("right", -1)):
        joints[JOINTS.index(f"{side}_hip")] = joints[0] + sign * lengths["hip"] * left
    rotations = []
    for bone in BONES:
        side, name = bone.name.split("_", 1) if "_" in bone.name else ("", bone.name)
        outward = left if side == "left" else -left
        along, z = {
            "neck": (math.cos(_NECK_FORWARD) * up + math.sin(_NECK_FORWARD) * forward, forward),
            "head": (math.cos(_HEAD_BACK) * up - math.sin(_HEAD_BACK) * forward, forward),
            "clavicle": (outward, forward),
            "upper_arm": (outward, forward),
            "forearm": (outward, forward),
            "thigh": (-up, -forward),
            "shin": (-up, -forward),
        }.get(name, (up, forward))
        joints[JOINTS.index(bone.tail)] = joints[JOINTS.index(bone.head)] + lengths[name] * along
        x = np.cross(along, z)
        x /= np.linalg.norm(x)
        rotations.append(Rotation.from_matrix(np.column_stack([x, along, np.cross(x, along)])))
    return RestPose(joints, tuple(rotations))
