"""Keys the IK controls of limbs so that the limbs keep the poses that their rotations give them."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..animation.channels import allowed, key_location, key_rotation
from ..animation.fcurves import Curves, Keys
from ..errors import InvalidInput
from ..kinematics.following import Carriers
from ..kinematics.rotations import Quaternions, Vectors, from_matrix, inverse, multiply, rotate, unit
from ..rigs.bone_map import BoneMap

_UPPER = {"forearm": "upper_arm", "shin": "thigh"}
_ENDS = {"forearm": "hand", "shin": "foot"}
_STRAIGHT, _BENT = 0.003, 0.015
"""Part of its length by which a limb's middle is off the line between its ends: from there the bend counts
for the pole, and from here on it alone."""


@dataclass(frozen=True, eq=False)
class Posed:
    """The rig as its rotations pose it, in armature space."""

    orientations: dict[str, Quaternions]
    """(T, 4) of the bones that are moved."""
    pelvis: Vectors
    """(T, 3) the head of the pelvis's bone."""
    carried: Carriers

    def turn(self, bone: bpy.types.PoseBone) -> Quaternions:
        """(T, 4) away from rest."""
        return multiply(self.orientations[bone.name], inverse(from_matrix(bone.bone.matrix_local)))

    def head(self, name: str, pelvis: str) -> Vectors:
        """(T, 3) the head of a moved bone. Raises InvalidInput when the pelvis does not carry it."""
        if name == pelvis:
            return self.pelvis
        carrier = self.carried.of[name]
        if carrier.leader is None or carrier.head is None:
            raise InvalidInput(f"The hips do not carry the bone {name}.", "Turn IK off.")
        way = rotate(self.orientations[carrier.leader], carrier.head)
        head: Vectors = self.head(carrier.leader, pelvis) + way
        return head


def ik_limbs(armature: bpy.types.Object, bone_map: BoneMap) -> tuple[tuple[str, str, str, str, str], ...]:
    """The bones upper, lower, end, control and pole of each limb that has them."""
    limbs = []
    for part, (control, pole) in bone_map.ik.items():
        side, _, lower = part.partition("_")
        parts = [f"{side}_{_UPPER[lower]}", part, f"{side}_{_ENDS[lower]}"]
        if all(name in bone_map.bones for name in parts):
            upper, middle, end = (bone_map.bones[name][0] for name in parts)
            limbs.append((upper, middle, end, control, pole))
    return tuple(limbs)


def key_ends(
    armature: bpy.types.Object, bone_map: BoneMap, posed: Posed, curves: list[Curves], keys: Keys
) -> None:
    """Key the control and the pole of each limb that has them.

    An end of a limb that is not moved goes along with its lower half.
    """
    bones, pelvis = armature.pose.bones, bone_map.bones["pelvis"][0]
    for names in ik_limbs(armature, bone_map):
        upper, lower, end, control, pole = (bones[name] for name in names)
        start = posed.head(upper.name, pelvis)
        middle = _onward(posed, upper, start, lower)
        tip = _onward(posed, lower, middle, end)
        turn = posed.turn(end if end.name in posed.orientations else lower)
        _key_control(control, posed, turn, tip + rotate(turn, _between(end, control)), curves, keys)
        aside = rotate(posed.turn(upper), _between(lower, pole))
        heads = middle + _toward_bend(start, middle, tip, aside)
        key_location(pole, curves, keys, heads, posed.carried.parent_poses[pole.name])


def _onward(posed: Posed, bone: bpy.types.PoseBone, head: Vectors, onward: bpy.types.PoseBone) -> Vectors:
    """(T, 3) the head of the bone at the other end of a bone whose head is there."""
    reached: Vectors = head + rotate(posed.turn(bone), _between(bone, onward))
    return reached


def _between(start: bpy.types.PoseBone, end: bpy.types.PoseBone) -> Vectors:
    """(3,) from head to head at rest."""
    return np.array(end.bone.head_local - start.bone.head_local)


def _key_control(
    bone: bpy.types.PoseBone,
    posed: Posed,
    turn: Quaternions,
    heads: Vectors,
    curves: list[Curves],
    keys: Keys,
) -> None:
    oriented = multiply(turn, from_matrix(bone.bone.matrix_local))
    rotations = multiply(inverse(posed.carried.of[bone.name].offset), oriented)
    key_rotation(bone, curves, keys, allowed(bone, rotations))
    key_location(bone, curves, keys, heads, posed.carried.parent_poses[bone.name])


def _toward_bend(start: Vectors, middle: Vectors, tip: Vectors, aside: Vectors) -> Vectors:
    """(T, 3) from the middle joint to its pole: as far as `aside`, to the side that the limb bends to.

    A straight limb bends to no side: there `aside` itself, which goes along with the upper half, decides.
    """
    line = unit(tip - start)
    bend = (middle - start) - ((middle - start) * line).sum(-1, keepdims=True) * line
    size = np.linalg.norm(bend, axis=-1, keepdims=True) / np.linalg.norm(tip - start, axis=-1, keepdims=True)
    share = np.clip((size - _STRAIGHT) / (_BENT - _STRAIGHT), 0, 1)
    across = aside - (aside * line).sum(-1, keepdims=True) * line
    direction = unit(share * unit(bend) + (1 - share) * unit(across))
    way: Vectors = direction * np.linalg.norm(aside, axis=-1, keepdims=True)
    return way
