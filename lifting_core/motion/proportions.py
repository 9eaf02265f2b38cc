"""One person's bone lengths, constant over the clip, and the rest pose made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.motion.kinematics import RestPose
from lifting_core.skeleton import BONES, JOINTS

Vectors = NDArray[np.float64]

# An average adult, metres. "hip" is from the pelvis to either hip, "nose" and "ear" from the skull, "heel"
# from the ankle, "index" from the wrist to the knuckle, "sole" from the sole up to the ankle.
_AVERAGE = {
    "pelvis": 0.23, "spine": 0.26, "neck": 0.18, "head": 0.12, "clavicle": 0.15, "upper_arm": 0.28,
    "forearm": 0.25, "hand": 0.085, "thigh": 0.44, "shin": 0.45, "foot": 0.19, "hip": 0.13, "nose": 0.11,
    "ear": 0.072, "heel": 0.085, "index": 0.092, "sole": 0.085,
}  # fmt: skip
_HARDLY_SEEN = 0.05
"""Bones of less confidence than this lean toward the average adult's."""
_SHORT = ("head", "nose", "ear", "hand", "index", "foot", "heel", "sole")
_LEAST, _MOST = 0.75, 1.3
"""Short parts, which errors of a centimetre make look longer, keep to these times the average adult's."""
_TREAD = 0.235
"""The height of heel and toes above the floor, where the foot is flat on it, in heights of the ankle."""

_NECK_FORWARD, _CROWN_FORWARD, _NOSE_DOWN, _INDEX_ASIDE = (math.radians(angle) for angle in (13, 5, 5, 22))

_LEFT, _FORWARD, _UP = np.array([1.0, 0, 0]), np.array([0, -1.0, 0]), np.array([0, 0, 1.0])

_CARRIED_NAMES = {"neck": "nose"}  # the joint; "neck" is the length of the bone
_SEGMENTS = (
    *((bone.name, bone.head, bone.tail) for bone in BONES),
    *((_CARRIED_NAMES.get(joint, joint), bone.head, joint) for bone in BONES for joint in bone.carried),
    ("left_hip", "pelvis", "left_hip"),
    ("right_hip", "pelvis", "right_hip"),
)
_FROM = [JOINTS.index(head) for _, head, _ in _SEGMENTS]
_TO = [JOINTS.index(tail) for _, _, tail in _SEGMENTS]
_LENGTH_NAMES = [name.removeprefix("left_").removeprefix("right_") for name, _, _ in _SEGMENTS]
_ANKLES, _HEELS, _TOES = (
    [JOINTS.index(f"{side}_{part}") for side in ("left", "right")] for part in ("ankle", "heel", "toe")
)


def length_to(joint: int, lengths: dict[str, float]) -> float:
    """The length (see `bone_lengths`) from the parent of a joint to the joint."""
    return lengths[_LENGTH_NAMES[_TO.index(joint)]]


def bone_lengths(joints: NDArray[Any], confidence: NDArray[Any]) -> dict[str, float]:
    """The weighted median over time of each bone's length, left and right taken together.

    What was hardly ever seen leans on the proportions of an average adult of the same size.
    Arguments: joints (T, 28, 3) metres; confidence (T, 28). Returns metres by bone name without its side, and
    from a bone's head to what else hangs on it: "hip", "nose", "ear", "heel", "index" and "sole".
    """
    lengths = np.linalg.norm(joints[:, _TO] - joints[:, _FROM], axis=-1)
    weights = np.minimum(confidence[:, _FROM], confidence[:, _TO])
    names = np.array(_LENGTH_NAMES)
    seen = {name: (lengths[:, names == name], weights[:, names == name]) for name in _LENGTH_NAMES}
    seen["sole"] = _ankle_heights(joints, confidence)
    measured = np.array([weighted_median(seen[n][0].ravel(), seen[n][1].ravel() + 1e-6) for n in _AVERAGE])
    average = np.array(list(_AVERAGE.values()))
    weight = np.array([seen[name][1].mean() for name in _AVERAGE]) ** 2 + 1e-9
    size = float((weight * measured).sum() / (weight * average).sum())
    trust = weight / (weight + _HARDLY_SEEN**2)
    adjusted = trust * measured + (1 - trust) * size * average
    short = np.array([name in _SHORT for name in _AVERAGE])
    kept = np.where(short, np.clip(adjusted, _LEAST * size * average, _MOST * size * average), adjusted)
    return dict(zip(_AVERAGE, kept.tolist(), strict=True))


def _ankle_heights(joints: NDArray[Any], confidence: NDArray[Any]) -> tuple[Vectors, Vectors]:
    """(T, 2) how high the ankles are above a floor under heel and toes, and the confidence."""
    ankle, heel, toe = (joints[:, part] for part in (_ANKLES, _HEELS, _TOES))
    across = np.cross(ankle - heel, toe - heel)
    height = np.linalg.norm(across, axis=-1) / (np.linalg.norm(toe - heel, axis=-1) + 1e-9)
    parts = (confidence[:, part] for part in (_ANKLES, _HEELS, _TOES))
    return height / (1 - _TREAD), np.minimum.reduce(list(parts))


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
    angle about x, which takes y toward z. So z points forward in the trunk, the head and the arms (the
    palms face the floor), backward in the legs, and to the sole in the feet. The feet are flat on the floor.
    """
    joints = np.zeros((len(JOINTS), 3))
    joints[JOINTS.index("pelvis")] = (lengths["sole"] + lengths["shin"] + lengths["thigh"]) * _UP
    for side, sign in (("left", 1), ("right", -1)):
        joints[JOINTS.index(f"{side}_hip")] = joints[0] + sign * lengths["hip"] * _LEFT
    rotations = []
    for bone in BONES:
        along, z = _directions(bone.name, lengths)
        head = joints[JOINTS.index(bone.head)]
        for joint in (bone.tail, *bone.carried):
            name = _LENGTH_NAMES[_TO.index(JOINTS.index(joint))]
            way = along if joint == bone.tail else _directions(_CARRIED_NAMES.get(joint, joint), lengths)[0]
            joints[JOINTS.index(joint)] = head + lengths[name] * way
        x = np.cross(along, z)
        x /= np.linalg.norm(x)
        rotations.append(Rotation.from_matrix(np.column_stack([x, along, np.cross(x, along)])))
    return RestPose(joints, tuple(rotations))


def _directions(name: str, lengths: dict[str, float]) -> tuple[Vectors, Vectors]:
    """Along a bone, or to what else hangs on it, and roughly its z axis, at rest."""
    side, _, sided = name.partition("_")
    outward, part = (
        (_LEFT if side == "left" else -_LEFT, sided) if side in ("left", "right") else (_LEFT, name)
    )
    below = (1 - _TREAD) * lengths["sole"]
    foot, heel = (math.asin(min(below / lengths[end], 0.9)) for end in ("foot", "heel"))
    return {
        "neck": (_between(_UP, _FORWARD, _NECK_FORWARD), _FORWARD),
        "head": (_between(_UP, _FORWARD, _CROWN_FORWARD), _FORWARD),
        "nose": (_between(_FORWARD, -_UP, _NOSE_DOWN), _FORWARD),
        "ear": (outward, _FORWARD),
        "clavicle": (outward, _FORWARD),
        "upper_arm": (outward, _FORWARD),
        "forearm": (outward, _FORWARD),
        "hand": (outward, _FORWARD),
        "index": (_between(outward, _FORWARD, _INDEX_ASIDE), _FORWARD),
        "thigh": (-_UP, -_FORWARD),
        "shin": (-_UP, -_FORWARD),
        "foot": (_between(_FORWARD, -_UP, foot), -_UP),
        "heel": (_between(-_FORWARD, -_UP, heel), -_UP),
    }.get(part, (_UP, _FORWARD))


def _between(start: Vectors, end: Vectors, angle: float) -> Vectors:
    """The unit vector at an angle from one toward another at right angles to it."""
    way: Vectors = math.cos(angle) * start + math.sin(angle) * end
    return way
