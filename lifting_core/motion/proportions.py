"""One person's bone lengths, constant over the clip, and the rest pose made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.motion.directions import Vectors, unit
from lifting_core.motion.kinematics import RestPose
from lifting_core.skeleton import BONES, JOINTS, unsided

AVERAGE: dict[str, float] = {
    "pelvis": 0.23, "spine": 0.26, "neck": 0.19, "head": 0.125, "clavicle": 0.15, "upper_arm": 0.28,
    "forearm": 0.25, "hand": 0.105, "thigh": 0.44, "shin": 0.45, "foot": 0.206, "hip": 0.13, "nose": 0.118,
    "ear": 0.074, "heel": 0.075, "index": 0.117, "sole": 0.085,
}  # fmt: skip
"""An average adult, metres, by bone name without its side, and from a bone's head to what else hangs on it:
"hip" is from the pelvis to either hip, "nose" and "ear" from the skull, "heel" from the ankle, "index" from
the wrist to the knuckle, "sole" from the sole up to the ankle."""

# Directions at rest: outward, forward and up; those of head, hands and feet as on MakeHuman's bodies.
_WAYS = {
    "neck": (0, 0.04, 0.18), "head": (0, 0.0064, 0.125), "nose": (0, 0.1151, -0.0241), "ear": (1, 0, 0),
    "clavicle": (1, 0, 0), "upper_arm": (1, 0, 0), "forearm": (1, 0, 0), "hand": (1, 0, 0),
    "index": (0.1113, 0.0355, 0), "thigh": (0, 0, -1), "shin": (0, 0, -1),
    "foot": (-0.0239, 0.1958, -0.0583), "heel": (0.0039, -0.0621, -0.0416),
}  # fmt: skip
_UPWARD = (0, 0, 1)
_Z_AXES = {"thigh": (0, -1, 0), "shin": (0, -1, 0), "foot": (0, 0, -1)}
_FORWARD = (0, 1, 0)

_CARRIED_NAMES = {"neck": "nose"}  # the joint; "neck" is the length of the bone
_BONES_AND_HIPS = (
    *((bone.name, bone.head, bone.tail) for bone in BONES),
    *((_CARRIED_NAMES.get(joint, joint), bone.head, joint) for bone in BONES for joint in bone.carried),
    ("left_hip", "pelvis", "left_hip"),
    ("right_hip", "pelvis", "right_hip"),
)
SEGMENTS: tuple[tuple[str, int, int], ...] = tuple(
    (unsided(name), JOINTS.index(start), JOINTS.index(end)) for name, start, end in _BONES_AND_HIPS
)
"""Every length's name, without its side, and the joints that it leads from and to."""
_LENGTH_NAMES, _FROM, _TO = (list(part) for part in zip(*SEGMENTS, strict=True))


def body_size(joints: NDArray[Any], confidence: NDArray[Any]) -> float:
    """By how much somebody's bones are longer than an average adult's.

    Arguments: joints (T, 28, 3) metres; confidence (T, 28).
    """
    lengths = np.linalg.norm(joints[:, _TO] - joints[:, _FROM], axis=-1)
    weights = np.minimum(confidence[:, _FROM], confidence[:, _TO])
    measured = np.array(
        [weighted_median(own, trust + 1e-6) for own, trust in zip(lengths.T, weights.T, strict=True)]
    )
    average = np.array([AVERAGE[name] for name in _LENGTH_NAMES])
    weight = weights.mean(axis=0) ** 2 + 1e-9
    return float((weight * measured).sum() / (weight * average).sum())


def foot_height(lengths: dict[str, float]) -> float:
    """Metres from the sole up to the ankle, by the lengths of the foot."""
    foot = (lengths["foot"] / AVERAGE["foot"] + lengths["heel"] / AVERAGE["heel"]) / 2
    return foot * AVERAGE["sole"]


def weighted_median(values: NDArray[Any], weights: NDArray[Any]) -> float:
    """The value that half of the weight lies below. Arguments: values (N,); weights (N,), not all 0."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


def average_offset(name: str) -> Vectors:
    """(3,) metres outward, forward and up to a bone's tail, or to what else hangs on it, from its head.

    Of an average adult at rest; `name` as in `AVERAGE`.
    """
    return AVERAGE[name] * unit(np.array(_WAYS[name]))


def rest_pose(lengths: dict[str, float]) -> RestPose:
    """The T-pose of docs/architecture.md with the given lengths in metres (see `AVERAGE`).

    A bone's y axis runs along it. Its x axis is the axis of flexion: knees and elbows bend by a positive
    angle about x, which takes y toward z. So z points forward in the trunk, the head and the arms (the
    palms face the floor), backward in the legs, and to the sole in the feet. The feet are flat on the floor.
    """
    joints = np.zeros((len(JOINTS), 3))
    joints[JOINTS.index("pelvis"), 2] = lengths["sole"] + lengths["shin"] + lengths["thigh"]
    for side, sign in (("left", 1), ("right", -1)):
        joints[JOINTS.index(f"{side}_hip")] = joints[0] + [sign * lengths["hip"], 0, 0]
    rotations = []
    for bone in BONES:
        ways = {}
        for joint in (bone.tail, *bone.carried):
            name = _LENGTH_NAMES[_TO.index(JOINTS.index(joint))]
            ways[joint] = unit(_in_world(joint, _WAYS.get(name, _UPWARD)))
            joints[JOINTS.index(joint)] = joints[JOINTS.index(bone.head)] + lengths[name] * ways[joint]
        along = ways[bone.tail]
        part = unsided(bone.name)
        x = unit(np.cross(along, _in_world(bone.name, _Z_AXES.get(part, _FORWARD))))
        rotations.append(Rotation.from_matrix(np.column_stack([x, along, np.cross(x, along)])))
    return RestPose(joints, tuple(rotations))


def _in_world(name: str, way: tuple[float, float, float]) -> Vectors:
    """A direction outward, forward and up in world axes, on the side that the name says."""
    outward, forward, up = way
    return np.array([-outward if name.startswith("right_") else outward, -forward, up])
