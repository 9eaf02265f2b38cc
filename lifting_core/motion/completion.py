"""Joints that the weights do not give, placed so that the skeleton can be solved all the same.

The skull is placed by the proportions of an average head between a nose and a crown that are known, in the
plane in which these and the thorax lie. Hands and feet keep their rest pose on forearms and shins, and need
no place of their own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.directions import Vectors, unit
from lifting_core.motion.proportions import average_offset
from lifting_core.skeleton import HUMAN36M_JOINTS, JOINT_PARENTS, JOINTS

# Forward of the skull and above it, metres.
_NOSE, _CROWN = average_offset("nose")[1:], average_offset("head")[1:]
_EAR = float(average_offset("ear")[0])
_MOST_NOD = math.radians(60)
_AHEAD = 0.02
"""Metres: what the chest's own heading counts beside a nose off the line from thorax to crown."""


def given_joints(joints: NDArray[Any]) -> NDArray[np.bool_]:
    """(28,) which joints have a place in every one of the frames (T, 28, 3)."""
    given: NDArray[np.bool_] = np.isfinite(joints).all(axis=(0, 2))
    return given


def completed(
    joints: NDArray[Any], confidence: NDArray[Any], given: NDArray[np.bool_]
) -> tuple[Vectors, Vectors]:
    """All joints (T, 28, 3) and how far to trust them (T, 28), from those of Human3.6M and some others.

    A skull that is not given is trusted as far as nose, crown and thorax, all else that is not given not at
    all. Arguments: joints (T, 28, 3); confidence (T, 28); given (28,), from `given_joints`.
    Raises ValueError when a joint of Human3.6M is not given.
    """
    if not given[: len(HUMAN36M_JOINTS)].all():
        raise ValueError("the joints of Human3.6M must be given")
    whole, trust = np.array(joints, np.float64), np.where(given, confidence, 0.0)
    if not given[_SKULL]:
        whole[:, _SKULL], left = _skull(whole)
        trust[:, _SKULL] = trust[:, [_THORAX, _NOSE_TIP, _TOP]].min(axis=1)
        for ear, side in zip(_EARS, (left, -left), strict=True):
            if not given[ear]:
                whole[:, ear] = whole[:, _SKULL] + _EAR * side
    for joint in np.flatnonzero(~given):
        if joint not in (_SKULL, *_EARS):
            whole[:, joint] = whole[:, JOINT_PARENTS[joint]]
    return whole, trust


_THORAX, _NOSE_TIP, _TOP, _SKULL = (JOINTS.index(name) for name in ("thorax", "neck", "head", "skull"))
_EARS = [JOINTS.index("left_ear"), JOINTS.index("right_ear")]
_SHOULDERS = [JOINTS.index("left_shoulder"), JOINTS.index("right_shoulder")]


def _skull(joints: Vectors) -> tuple[Vectors, Vectors]:
    """(T, 3) the middle between the ears, and the direction to the left one."""
    thorax, nose, crown = (joints[:, joint] for joint in (_THORAX, _NOSE_TIP, _TOP))
    up = unit(crown - thorax)
    left = joints[:, _SHOULDERS[0]] - joints[:, _SHOULDERS[1]]
    ahead = nose - thorax + _AHEAD * unit(np.cross(left, up))
    forward = unit(ahead - (ahead * up).sum(1)[:, None] * up)
    rise = crown - nose
    across, above = (rise * forward).sum(1), (rise * up).sum(1)
    at_rest = _CROWN - _NOSE
    nod = np.arctan2(above, across) - math.atan2(at_rest[1], at_rest[0])
    nod = np.clip((nod + math.pi) % (2 * math.pi) - math.pi, -_MOST_NOD, _MOST_NOD)[:, None]
    facing = np.cos(nod) * forward + np.sin(nod) * up
    upright = np.cos(nod) * up - np.sin(nod) * forward
    scale = np.linalg.norm(rise, axis=1, keepdims=True) / math.hypot(*at_rest)
    middle = (nose + crown) / 2
    forth, aloft = (_NOSE + _CROWN) / 2
    return middle - scale * (forth * facing + aloft * upright), np.cross(upright, facing)
