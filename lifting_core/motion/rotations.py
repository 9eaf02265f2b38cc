"""From joints to bone rotations on the canonical skeleton.

Every bone is aimed from where its head really is to where its tail should be, so that errors do not add up
along a limb.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.motion.directions import Vectors, shortest_turn, unit
from lifting_core.motion.ends import ENDS, end_turn, leg_twist
from lifting_core.motion.kinematics import RestPose
from lifting_core.motion.smoothing import smooth
from lifting_core.motion.twist import Bend, bend_twist
from lifting_core.skeleton import BONE_HEADS, BONE_NAMES, BONE_PARENTS, BONE_TAILS, BONES, JOINTS

_UNSEEN = 0.05
"""Limbs of less confidence than this lean toward the rest pose rather than follow a guess."""
_UNSEEN_CUTOFF = 1.0
"""Hz: how fast a limb may turn from followed to unseen."""
_MOST_FLEXION = math.radians(165)

_NECK_SHARE = 0.5
"""The neck's part of the head's twist; the other half of it is between skull and atlas."""

# The natural twist of a limb counts as much as a bend of 6 degrees. That of a leg points the knee where the
# foot points.
_BENDS = {
    "left_upper_arm": Bend("left_wrist", 0.01),
    "right_upper_arm": Bend("right_wrist", 0.01),
    "left_thigh": Bend("left_ankle", 0.01, forward_only=True),
    "right_thigh": Bend("right_ankle", 0.01, forward_only=True),
}
_HINGES = ("left_forearm", "right_forearm", "left_shin", "right_shin")


def solve_rotations(
    rest: RestPose, time: NDArray[Any], joints: NDArray[Any], confidence: NDArray[Any]
) -> Vectors:
    """The rotations (T, 18, 4), w x y z, relative to rest, that bring the skeleton closest to the joints.

    Arguments: time (T,) seconds; joints (T, 28, 3) metres in world axes, relative to the pelvis; confidence
    (T, 28). Forearms and shins turn about their own x axis only, by 0 to 165 degrees; clavicles swing
    without twist; the neck takes half of the head's. The quaternions keep their sign from frame to frame.
    """
    seen = _Seen(rest, time, joints, confidence, _followed(time, confidence))
    posed = np.zeros_like(joints, np.float64)
    pelvis = _axes(_line(joints, "right_hip", "left_hip"), _line(joints, "pelvis", "spine"))
    orientations, turns = [pelvis], [rest.rotations[0].inv() * pelvis]
    for index, bone in enumerate(BONES[1:], start=1):
        parent, head = BONE_PARENTS[index], BONE_HEADS[index]
        posed[:, head] = posed[:, BONE_HEADS[parent]] + rest.offset(parent, head, orientations[parent])
        carried = rest.carried(index, orientations[parent])
        if bone.name in ENDS:
            turn = end_turn(bone.name, rest, joints, seen.followed, carried)
        else:
            turn = _swing(seen, index, posed[:, head], carried)
            turn = turn * _about_y(_twist(seen, index, posed[:, head], carried, turn))
        orientations.append(carried * turn)
        turns.append(turn)
    return _continuous(np.stack([turn.as_quat()[:, [3, 0, 1, 2]] for turn in turns], axis=1))


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is solved for, and how surely it was seen."""

    rest: RestPose
    time: NDArray[Any]
    joints: NDArray[Any]
    confidence: NDArray[Any]
    followed: Vectors


def _swing(seen: _Seen, index: int, head: Vectors, carried: Rotation) -> Rotation:
    """The turn that aims a bone from its head (T, 3) at where its tail should be."""
    tail = BONE_TAILS[index]
    share = seen.followed[:, tail, None]
    aim = share * unit(seen.joints[:, tail] - head) + (1 - share) * carried.apply([0, 1, 0])
    return _aimed(BONES[index].name, carried.inv().apply(unit(aim)), carried, seen.joints)


def _twist(seen: _Seen, index: int, head: Vectors, carried: Rotation, swing: Rotation) -> Vectors:
    """(T,) the angle about its own y axis by which a bone turns further than it swings."""
    name = BONES[index].name
    if name == "neck":
        skull = seen.rest.carried(BONE_NAMES.index("head"), carried * swing)
        turned = skull * end_turn("head", seen.rest, seen.joints, seen.followed, skull) * skull.inv()
        return _NECK_SHARE * np.unwrap(_angle_about(turned, (carried * swing).apply([0, 1, 0])))
    if name not in _BENDS:
        return np.zeros(len(head))
    onward, tail = JOINTS.index(_BENDS[name].onward), BONE_TAILS[index]
    reached = head + seen.rest.offset(index, tail, carried * swing)
    direction = (carried * swing).inv().apply(unit(seen.joints[:, onward] - reached))
    trust = seen.confidence[:, [onward, tail]].min(axis=1)
    natural = np.zeros(len(head))
    if name.endswith("thigh"):
        side = name.removesuffix("_thigh")
        natural = leg_twist(side, seen.rest, seen.joints, seen.followed, carried * swing)
    return bend_twist(_BENDS[name], seen.time, swing, direction, trust, natural)


def _aimed(name: str, aim: Vectors, carried: Rotation, joints: NDArray[Any]) -> Rotation:
    """A bone's turn from where its parent carries it: it brings the y axis to `aim` (T, 3), in these axes."""
    if name in _HINGES:
        return _hinge(aim)
    if name == "spine":
        # The pelvis's left decides when the line of the shoulders does not.
        left = carried.inv().apply(_line(joints, "right_shoulder", "left_shoulder")) + np.array([0.1, 0, 0])
        return _axes(unit(left - (left * aim).sum(1)[:, None] * aim), aim)
    return shortest_turn(np.array([0, 1.0, 0]), aim)


def _followed(time: NDArray[Any], confidence: NDArray[Any]) -> Vectors:
    """(T, 28) from 0, where a joint's position is a guess, to 1; it changes slowly."""
    slow = smooth(time, confidence[..., None], np.ones_like(confidence), _UNSEEN_CUTOFF, order=1)[..., 0]
    followed: Vectors = slow**2 / (slow**2 + _UNSEEN**2)
    return followed


def _angle_about(turns: Rotation, axes: Vectors) -> Vectors:
    """(T,) how far turns go about axes (T, 3) after a swing."""
    quaternions = turns.as_quat()
    angle: Vectors = 2 * np.arctan2((quaternions[:, :3] * axes).sum(axis=1), quaternions[:, 3])
    return (angle + math.pi) % (2 * math.pi) - math.pi


def _about_y(angle: Vectors) -> Rotation:
    return Rotation.from_rotvec(angle[:, None] * [0, 1, 0])


def _hinge(aim: Vectors) -> Rotation:
    """The turn about the own x axis that brings the y axis near to `aim` (T, 3), from straight to folded.

    Where the twist is far off, z is small or negative; the bend itself still counts, so that nothing jumps.
    """
    x, y, z = aim.T
    angle = np.minimum(np.arctan2(np.maximum(z, 0.3 * np.hypot(x, z)), y), _MOST_FLEXION)
    return Rotation.from_rotvec(angle[:, None] * [1, 0, 0])


def _axes(x: Vectors, y: Vectors) -> Rotation:
    """The orientation with this x axis and y axis (T, 3), x exactly and y as near as can be."""
    z = unit(np.cross(x, y))
    return Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=2))


def _line(joints: NDArray[Any], start: str, end: str) -> Vectors:
    """(T, 3) the direction from one joint to another."""
    return unit(joints[:, JOINTS.index(end)] - joints[:, JOINTS.index(start)])


def _continuous(quaternions: Vectors) -> Vectors:
    """(T, B, 4) with the sign that keeps each quaternion near its predecessor, the first with w >= 0."""
    with_previous = np.concatenate([np.eye(4)[:1, None].repeat(quaternions.shape[1], 1), quaternions])
    turns = (with_previous[1:] * with_previous[:-1]).sum(axis=-1) < 0
    flips = np.cumsum(turns, axis=0) % 2
    continuous: Vectors = quaternions * (1 - 2 * flips)[..., None]
    return continuous
