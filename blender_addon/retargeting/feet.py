"""Feet that stand still where they stand, and never sink below the floor, before keys are written.

The legs are bent by two-bone IK, so that the ankles are where the feet want them; the hips are lowered where
a leg would be overstretched. The floor is the one that the rig stands on at rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import bpy
import numpy as np
from numpy.typing import NDArray

from ..kinematics.rotations import inverse, multiply, rotate
from ..kinematics.two_bone_ik import reach
from ..rigs.bone_map import BoneMap
from .body import Body
from .contacts import SIDES, Contact, Side
from .foot_path import SELDOM, planted
from .knees import unhurried
from .legs import Leg, LegReader, Poses
from .sole import FootPath, tilt_within, tilted
from .windows import half_window, smooth, smoothly_above, weighted_median

Feet = Literal["OFF", "AUTOMATIC", "ALWAYS", "FLOOR"]
"""Feet as in the motion; still in their contacts; still all the time; only kept from sinking."""
_MOST_LOWERED = 0.15
"""Part of a leg's length by which the hips are lowered at most."""
_SLOW, _QUICK = 0.25, 0.1
"""Seconds in which the hips move, and a heel is raised, before that is needed, and back again afterwards."""


@dataclass(frozen=True, eq=False)
class Standing:
    """When the feet are to stand still, in the T frames that have keys."""

    time: NDArray[np.float64]
    """(T,) seconds."""
    frames: NDArray[np.float64]
    """(T,) scene frames."""
    sureness: NDArray[np.float64]
    """(T, 2) how surely each foot is on the floor."""
    contacts: Sequence[Contact]

    def stretches(self, side: Side) -> list[tuple[int, int]]:
        """The first and last key of each contact of a foot; no key is in two of them."""
        found: list[tuple[int, int]] = []
        for contact in sorted(self.contacts):
            if contact.side == side:
                first = int(np.searchsorted(self.frames, contact.start - 0.5))
                last = int(np.searchsorted(self.frames, contact.end + 0.5)) - 1
                first = max(first, found[-1][1] + 1) if found else first
                if first <= last:
                    found.append((first, last))
        return found


def plant(
    poses: Poses, armature: bpy.types.Object, bone_map: BoneMap, body: Body, standing: Standing
) -> Poses:
    """The poses with feet that stand still, legs that reach them, and hips that let them.

    A leg of which the map lacks the thigh or the shin stays as it is.
    """
    reader = LegReader(poses, armature, bone_map, body)
    legs = {side: reader.leg(side) for side in SIDES if reader.has_leg(side)}
    moved = np.outer(_height(legs, standing), [0, 0, -1.0])
    legs = {side: leg.moved(moved) for side, leg in legs.items()}
    paths = {side: _path(side, leg, standing) for side, leg in legs.items()}
    down = np.outer(_lowering(legs, paths, standing.time), [0, 0, -1.0])
    oriented = dict(poses.orientations)
    for side, leg in legs.items():
        way = unhurried(standing.time, leg, paths[side].ankle - leg.hip - down, standing.stretches(side))
        thigh, shin = reach(leg.thigh, leg.shin, way, leg.forward)
        foot = multiply(paths[side].turn, inverse(leg.foot.turn))
        for part, turn in ((f"{side}_thigh", thigh), (f"{side}_shin", shin), (f"{side}_foot", foot)):
            turn = multiply(multiply(body.axes, turn), inverse(body.axes))
            for bone in reader.bones(part):
                oriented[bone] = multiply(turn, reader.orientation(part, bone))
    return Poses(oriented, poses.hips + rotate(body.axes, moved + down))


def _height(legs: Mapping[Side, Leg], standing: Standing) -> NDArray[np.float64]:
    """(T,) by how much the motion is too high, as its standing feet tell: smooth, level before and after."""
    weight, weighted = np.zeros(len(standing.time)), np.zeros(len(standing.time))
    for side, leg in legs.items():
        sureness = standing.sureness[:, SIDES.index(side)] + SELDOM
        for first, last in standing.stretches(side):
            inside = slice(first, last + 1)
            ankle = weighted_median(leg.foot.ankle[inside, 2], sureness[inside])
            weight[inside] += sureness[inside]
            weighted[inside] += sureness[inside] * (ankle - leg.sole.ankle)
    known = weight > 0
    if not known.any():
        return np.zeros(len(weight))
    height = weighted[known] / weight[known]
    height = np.interp(standing.time, standing.time[known], height)
    return smooth(height, half_window(standing.time, _SLOW))


def _path(side: Side, leg: Leg, standing: Standing) -> FootPath:
    """Where the foot goes.

    Where the leg would be overstretched, the heel is raised behind the body, and the toes in front of it.
    """
    sureness, behind = standing.sureness[:, SIDES.index(side)], np.maximum(leg.lead(leg.foot), 0)
    path = planted(standing.time, leg.foot, standing.stretches(side), sureness, leg.sole, behind)
    lead, half = leg.lead(path), half_window(standing.time, _QUICK)
    for pivot, there in ((leg.sole.toes, lead > 0), (leg.sole.heel, lead < 0)):
        needed = tilt_within(path, pivot, leg.hip, leg.longest) * there
        path = tilted(path, pivot, smoothly_above(needed, half))
    return path


def _lowering(
    legs: Mapping[Side, Leg], paths: Mapping[Side, FootPath], time: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(T,) by how much the hips go down, smoothly, for the ankles to be in reach."""
    needed = np.zeros(len(time))
    for side, leg in legs.items():
        way = paths[side].ankle - leg.hip
        across = np.hypot(way[:, 0], way[:, 1])
        down = -way[:, 2] - np.sqrt(np.maximum(leg.longest**2 - across**2, 0))
        needed = np.maximum(needed, np.minimum(down, _MOST_LOWERED * leg.length))
    return smoothly_above(needed, half_window(time, _QUICK))
