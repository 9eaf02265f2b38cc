"""A rig at rest as a body: which way it stands, how long its legs are, where its limbs point."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..errors import InvalidInput
from ..kinematics.rotations import Quaternions, Vectors, from_matrix, unit
from ..rigs.bone_map import BoneMap

_ALMOST = np.cos(np.radians(25))
"""A body that stands this nearly along the armature's axes stands along them: rests lean a little."""
_ONWARD = {"upper_arm": "forearm", "forearm": "hand", "thigh": "shin", "shin": "foot"}
LIMBS: tuple[str, ...] = tuple(f"{side}_{part}" for side in ("left", "right") for part in _ONWARD)


@dataclass(frozen=True, eq=False)
class Body:
    """Points and directions in armature space, which the object's own transform does not touch."""

    axes: Quaternions
    """(4,) turns the world axes of a motion, whose person faces -Y at rest, into the armature's."""
    hips: Vectors
    """(3,) the point between the hip joints."""
    limbs: dict[str, Vectors]
    """(3,) along each of `LIMBS` that the rig has, from joint to joint."""
    ankles: Vectors | None
    """(3,) the point below the hips at the height of the lower ankle; None where the rig has no legs."""

    def length(self, *parts: str) -> float:
        """The length of these parts of both sides together; 0 where the rig lacks one of them."""
        names = [f"{side}_{part}" for side in ("left", "right") for part in parts]
        if not all(name in self.limbs for name in names):
            return 0.0
        return float(sum(np.linalg.norm(self.limbs[name]) for name in names))


def read_body(armature: bpy.types.Object, bone_map: BoneMap) -> Body:
    """Raises InvalidInput when the rig lacks mapped bones, or both a pair of legs and a pair of arms."""
    missing = [name for name in bone_map.names() if name not in armature.pose.bones]
    if missing:
        raise InvalidInput(
            f"The rig {armature.name} lacks the bones {', '.join(missing)}.", "Correct the bone map."
        )
    bones = armature.data.bones
    heads = {part: np.array(bones[chain[0]].head_local) for part, chain in bone_map.bones.items()}
    tails = {part: np.array(bones[chain[-1]].tail_local) for part, chain in bone_map.bones.items()}
    limbs = {}
    for limb in (limb for limb in LIMBS if limb in heads):
        side, _, part = limb.partition("_")
        limbs[limb] = heads.get(f"{side}_{_ONWARD[part]}", tails[limb]) - heads[limb]
    hips = _middle(heads, "thigh", "pelvis")
    left, up = _left(heads), _middle(heads, "upper_arm", "neck", "head", "spine") - hips
    axes = _axes(unit(left), unit(up))
    return Body(from_matrix(axes), hips, limbs, _ankles(heads, tails, axes[:, 2], hips))


def _middle(heads: dict[str, Vectors], pair: str, *others: str) -> Vectors:
    if f"left_{pair}" in heads and f"right_{pair}" in heads:
        middle: Vectors = (heads[f"left_{pair}"] + heads[f"right_{pair}"]) / 2
        return middle
    for part in others:
        if part in heads:
            return heads[part]
    raise InvalidInput("The bone map says too little to tell which way is up.", "Complete the bone map.")


def _left(heads: dict[str, Vectors]) -> Vectors:
    pairs = [p for p in ("thigh", "upper_arm") if f"left_{p}" in heads and f"right_{p}" in heads]
    if not pairs:
        raise InvalidInput("The bone map has no pair of legs or arms.", "Complete the bone map.")
    across: Vectors = sum((unit(heads[f"left_{p}"] - heads[f"right_{p}"]) for p in pairs), np.zeros(3))
    return across


def _axes(left: Vectors, up: Vectors) -> Vectors:
    """(3, 3) columns left, back and up at right angles: the armature's own axes where they nearly are."""
    snapped = [np.where(abs(v) > _ALMOST, np.sign(v), 0.0) for v in (left, up)]
    if all(np.any(v) for v in snapped):
        left, up = snapped
    up = unit(up - (up @ left) * left)
    axes: Vectors = np.column_stack([left, np.cross(up, left), up])
    return axes


def _ankles(
    heads: dict[str, Vectors], tails: dict[str, Vectors], up: Vectors, hips: Vectors
) -> Vectors | None:
    ends = [heads.get(f"{side}_foot", tails.get(f"{side}_shin")) for side in ("left", "right")]
    heights = [float((end - hips) @ up) for end in ends if end is not None]
    return hips + min(heights) * up if heights else None
