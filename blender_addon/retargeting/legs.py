"""The legs of a rig over time, and the feet that it stands on at rest, in axes whose z points up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np
from numpy.typing import NDArray

from ..kinematics.rotations import (
    UP,
    Quaternions,
    Vectors,
    about,
    from_matrix,
    inverse,
    multiply,
    rotate,
    twist_angle,
)
from ..rigs.bone_map import BoneMap
from .body import Body
from .sole import FootPath, Sole

_STRETCH = 0.998
"""Part of its length to which a leg may be stretched."""
_HEEL = 0.3
"""How far the heel is behind the ankle, as a part of how far the toes are in front of it."""
_LONGEST_FOOT = 0.7
"""Part of the shin's length by which bones may reach in front of the ankle and still be the foot's."""
_RAISED = 0.05
"""Part of the leg's length by which the lowest bone of a foot may be above the armature's own floor."""
_FORWARD = np.array([0, -1.0, 0])


@dataclass(frozen=True, eq=False)
class Poses:
    """The rig as it is posed, in armature space."""

    orientations: dict[str, Quaternions]
    """(T, 4) of each bone that moves."""
    hips: Vectors
    """(T, 3) the point between the hip joints."""


@dataclass(frozen=True, eq=False)
class Leg:
    """One leg over time."""

    hip: Vectors
    """(T, 3)"""
    thigh: Vectors
    """(T, 3) from the hip to the knee."""
    shin: Vectors
    """(T, 3) from the knee to the ankle."""
    forward: Vectors
    """(T, 3) to where the knee points."""
    foot: FootPath
    sole: Sole

    @property
    def length(self) -> NDArray[np.float64]:
        """(T,) of thigh and shin together."""
        length: NDArray[np.float64] = np.linalg.norm(self.thigh, axis=1) + np.linalg.norm(self.shin, axis=1)
        return length

    @property
    def longest(self) -> NDArray[np.float64]:
        """(T,) the reach of the hip: a little less than the length, but where the motion itself needs it."""
        return np.maximum(_STRETCH * self.length, np.linalg.norm(self.thigh + self.shin, axis=1))

    def lead(self, path: FootPath) -> NDArray[np.float64]:
        """(T,) how far the hip is in front of the foot, in lengths of the foot, from -1 to 1."""
        forward = rotate(about(UP, twist_angle(path.turn, UP)), _FORWARD)
        way = ((self.hip - path.ankle) * forward).sum(-1)
        part: NDArray[np.float64] = np.clip(
            way / max(float(np.linalg.norm(self.sole.toes.point)), 1e-9), -1, 1
        )
        return part

    def moved(self, way: Vectors) -> Leg:
        """The same leg elsewhere."""
        return replace(self, hip=self.hip + way, foot=replace(self.foot, ankle=self.foot.ankle + way))


@dataclass(frozen=True, eq=False)
class LegReader:
    """Reads the legs out of the poses of a rig, and tells which bones they are made of."""

    poses: Poses
    armature: bpy.types.Object
    bone_map: BoneMap
    body: Body

    def has_leg(self, side: str) -> bool:
        """Whether the map has both halves of it."""
        return all(f"{side}_{part}" in self.bone_map.bones for part in ("thigh", "shin"))

    def bones(self, part: str) -> tuple[str, ...]:
        """The bones of a part, those that share its twist too."""
        return (*self.bone_map.bones.get(part, ()), *self.bone_map.twists.get(part, ()))

    def orientation(self, part: str, bone: str) -> Quaternions:
        """(T, 4) of a bone of a leg; a foot that the motion says nothing about goes along with its shin."""
        known = self.poses.orientations
        if bone in known:
            return known[bone]
        shin = self.bone_map.bones[part.replace("foot", "shin")][-1]
        return multiply(multiply(known[shin], inverse(self._rest(shin))), self._rest(bone))

    def leg(self, side: str) -> Leg:
        """One of the legs that there are."""
        shins, thighs = (self.bone_map.bones[f"{side}_{part}"] for part in ("shin", "thigh"))
        feet = self.bone_map.bones.get(f"{side}_foot", ())
        hips = self._level(self.poses.hips)
        lever = self._level(self._head(thighs[0]) - self.body.hips)
        hip = hips + rotate(self._turn("pelvis", self.bone_map.bones["pelvis"][0]), lever)
        knee, ankle = self._head(shins[0]), self.ankle(side)
        thigh, shin = self._along(f"{side}_thigh", knee), self._along(f"{side}_shin", ankle)
        forward = rotate(self._turn(f"{side}_thigh", thighs[-1]), _FORWARD)
        turn = self._turn(f"{side}_foot", feet[0]) if feet else self._turn(f"{side}_shin", shins[-1])
        return Leg(hip, thigh, shin, forward, FootPath(hip + thigh + shin, turn), self._sole(side))

    def ankle(self, side: str) -> Vectors:
        """(3,) at rest, in armature space."""
        feet = self.bone_map.bones.get(f"{side}_foot", ())
        return self._head(feet[0]) if feet else self._tail(self.bone_map.bones[f"{side}_shin"][-1])

    def _sole(self, side: str) -> Sole:
        """At rest the ankle, the heel and the toes are above the floor, which the sole lies on."""
        ankle = self._level(self.ankle(side))
        toes = [point - ankle for point in self._toes(side)]
        if not toes:
            return Sole(float(ankle[2]), np.zeros((0, 3)))
        foremost = max(toes, key=lambda toe: float(toe @ _FORWARD))
        widest = [extreme(toes, key=lambda toe: float(toe[0])) for extreme in (min, max)]
        points = np.array([foremost, -_HEEL * foremost, *widest, np.zeros(3)])
        points[:, 2] = self._floor() - ankle[2]
        return Sole(float(ankle[2]), points)

    def _toes(self, side: str) -> list[Vectors]:
        """Ends of the foot's bones, in front of the ankle; none where the rig has no foot."""
        feet = self.bone_map.bones.get(f"{side}_foot", ())
        if not feet:
            return []
        foot = self.armature.data.bones[feet[0]]
        knee, ankle = self._head(self.bone_map.bones[f"{side}_shin"][0]), self.ankle(side)
        longest = _LONGEST_FOOT * float(np.linalg.norm(ankle - knee))
        ends = [self._level(self._tail(bone.name)) for bone in (foot, *foot.children_recursive)]
        return [end for end in ends if 0 < (end - self._level(ankle)) @ _FORWARD < longest]

    def _floor(self) -> float:
        """The height that the rig stands on at rest: the armature's own floor where it is near."""
        points = [
            point
            for side in ("left", "right")
            if self.has_leg(side)
            for point in (self._level(self.ankle(side)), *self._toes(side))
        ]
        lowest = min(float(point[2]) for point in points)
        return 0.0 if 0 <= lowest < _RAISED * self.body.length("thigh", "shin") / 2 else lowest

    def _along(self, part: str, end: Vectors) -> Vectors:
        """(T, 3) from the start of a limb to its `end` (3,) at rest, along the bones that share its twist."""
        chain = self.bone_map.bones[part]
        joints = [*(self._head(name) for name in chain), end]
        steps = zip(chain, joints[:-1], joints[1:], strict=True)
        way: Vectors = sum(
            (rotate(self._turn(part, name), self._level(after - before)) for name, before, after in steps),
            np.zeros(3),
        )
        return way

    def _turn(self, part: str, bone: str) -> Quaternions:
        """(T, 4) away from rest."""
        turn = multiply(self.orientation(part, bone), inverse(self._rest(bone)))
        return multiply(multiply(inverse(self.body.axes), turn), self.body.axes)

    def _level(self, vectors: Vectors) -> Vectors:
        return rotate(inverse(self.body.axes), vectors)

    def _rest(self, bone: str) -> Quaternions:
        return from_matrix(self.armature.data.bones[bone].matrix_local)

    def _head(self, bone: str) -> Vectors:
        return np.array(self.armature.data.bones[bone].head_local)

    def _tail(self, bone: str) -> Vectors:
        return np.array(self.armature.data.bones[bone].tail_local)
