"""From joints to bone rotations on the canonical skeleton.

Every bone is aimed from where its head really is to where its tail should be, so that errors do not add up
along a limb.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.motion.kinematics import RestPose
from lifting_core.motion.smoothing import smooth
from lifting_core.motion.twist import Bend, bend_twist, shortest_turn
from lifting_core.skeleton import BONE_HEADS, BONE_PARENTS, BONE_TAILS, BONES, JOINTS

Vectors = NDArray[np.float64]

_UNSEEN = 0.05
"""Limbs of less confidence than this lean toward the rest pose rather than follow a guess."""
_UNSEEN_CUTOFF = 1.0
"""Hz: how fast a limb may turn from followed to unseen."""
_MOST_FLEXION = math.radians(165)

# The natural twist of a limb counts as much as a bend of 6 degrees; that of the neck counts more, because
# the short bones of the head are seen less exactly.
_BENDS = {
    "neck": Bend("head", -1, 0.1),
    "left_upper_arm": Bend("left_wrist", 1, 0.01),
    "right_upper_arm": Bend("right_wrist", 1, 0.01),
    "left_thigh": Bend("left_ankle", 1, 0.01, forward_only=True),
    "right_thigh": Bend("right_ankle", 1, 0.01, forward_only=True),
}
_HINGES = ("left_forearm", "right_forearm", "left_shin", "right_shin")


def solve_rotations(
    rest: RestPose, time: NDArray[Any], joints: NDArray[Any], confidence: NDArray[Any]
) -> Vectors:
    """The rotations (T, 14, 4), w x y z, relative to rest, that bring the skeleton closest to the joints.

    Arguments: time (T,) seconds; joints (T, 17, 3) metres in world axes, relative to the pelvis; confidence
    (T, 17). Forearms and shins turn about their own x axis only, by 0 to 165 degrees; clavicles and the head
    swing without twist. The quaternions keep their sign from frame to frame.
    """
    followed = _followed(time, confidence)
    posed = np.zeros_like(joints, np.float64)
    pelvis = _axes(_line(joints, "right_hip", "left_hip"), _line(joints, "pelvis", "spine"))
    orientations, turns = [pelvis], [rest.rotations[0].inv() * pelvis]
    for index, bone in enumerate(BONES[1:], start=1):
        parent, head, tail = BONE_PARENTS[index], BONE_HEADS[index], BONE_TAILS[index]
        posed[:, head] = posed[:, BONE_HEADS[parent]] + rest.offset(parent, head, orientations[parent])
        carried = rest.carried(index, orientations[parent])
        seen = followed[:, tail, None]
        aim = seen * _unit(joints[:, tail] - posed[:, head]) + (1 - seen) * carried.apply([0, 1, 0])
        turn = _aimed(bone.name, carried.inv().apply(_unit(aim)), carried, joints)
        if bone.name in _BENDS:
            bend = _BENDS[bone.name]
            onward = JOINTS.index(bend.onward)
            reached = posed[:, head] + rest.offset(index, tail, carried * turn)
            direction = (carried * turn).inv().apply(_unit(joints[:, onward] - reached))
            twist = bend_twist(bend, time, turn, direction, confidence[:, [onward, tail]].min(axis=1))
            turn = turn * Rotation.from_rotvec(twist[:, None] * [0, 1, 0])
        orientations.append(carried * turn)
        turns.append(turn)
    return _continuous(np.stack([turn.as_quat()[:, [3, 0, 1, 2]] for turn in turns], axis=1))


def _aimed(name: str, aim: Vectors, carried: Rotation, joints: NDArray[Any]) -> Rotation:
    """A bone's turn from where its parent carries it: it brings the y axis to `aim` (T, 3), in these axes."""
    if name in _HINGES:
        return _hinge(aim)
    if name == "spine":
        # The pelvis's left decides when the line of the shoulders does not.
        left = carried.inv().apply(_line(joints, "right_shoulder", "left_shoulder")) + np.array([0.1, 0, 0])
        return _axes(_unit(left - (left * aim).sum(1)[:, None] * aim), aim)
    return shortest_turn(np.array([0, 1.0, 0]), aim)


def _followed(time: NDArray[Any], confidence: NDArray[Any]) -> Vectors:
    """(T, 17) from 0, where a joint's position is a guess, to 1; it changes slowly."""
    slow = smooth(time, confidence[..., None], np.ones_like(confidence), _UNSEEN_CUTOFF, order=1)[..., 0]
    followed: Vectors = slow**2 / (slow**2 + _UNSEEN**2)
    return followed


def _hinge(aim: Vectors) -> Rotation:
    """The turn about the own x axis that brings the y axis near to `aim` (T, 3), from straight to folded.

    Where the twist is far off, z is small or negative; the bend itself still counts, so that nothing jumps.
    """
    x, y, z = aim.T
    angle = np.minimum(np.arctan2(np.maximum(z, 0.3 * np.hypot(x, z)), y), _MOST_FLEXION)
    return Rotation.from_rotvec(angle[:, None] * [1, 0, 0])


def _axes(x: Vectors, y: Vectors) -> Rotation:
    """The orientation with this x axis and y axis (T, 3), x exactly and y as near as can be."""
    z = _unit(np.cross(x, y))
    return Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=2))


def _line(joints: NDArray[Any], start: str, end: str) -> Vectors:
    """(T, 3) the direction from one joint to another."""
    return _unit(joints[:, JOINTS.index(end)] - joints[:, JOINTS.index(start)])


def _unit(vectors: NDArray[Any]) -> Vectors:
    unit: Vectors = vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-12)
    return unit


def _continuous(quaternions: Vectors) -> Vectors:
    """(T, B, 4) with the sign that keeps each quaternion near its predecessor, the first with w >= 0."""
    with_previous = np.concatenate([np.eye(4)[:1, None].repeat(quaternions.shape[1], 1), quaternions])
    turns = (with_previous[1:] * with_previous[:-1]).sum(axis=-1) < 0
    flips = np.cumsum(turns, axis=0) % 2
    continuous: Vectors = quaternions * (1 - 2 * flips)[..., None]
    return continuous
