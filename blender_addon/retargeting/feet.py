"""Feet that stand still where they stand, and never sink below the floor, before keys are written.

The legs are bent by two-bone IK, so that the ankles are where the feet want them; the hips are lowered where
a leg would be overstretched. The floor is the one that the rig stands on at rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import bpy
import numpy as np
from numpy.typing import NDArray

from ..rigs.bone_map import BoneMap
from .body import Body
from .contacts import SIDES, Contact, Side
from .foot_path import FootPath, planted
from .legs import Leg, LegReader, Poses
from .rotations import inverse, multiply, rotate
from .two_bone_ik import reach

Feet = Literal["OFF", "AUTOMATIC", "ALWAYS", "FLOOR"]
"""Feet as in the motion; still in their contacts; still all the time; only kept from sinking."""
_STRETCH = 0.998
"""Part of its length to which a leg may be stretched; further only where the motion itself stretches it."""
_MOST_LOWERED = 0.15
"""Part of a leg's length by which the hips are lowered at most."""
_SLOW = 0.2
"""Seconds in which the hips go down before a leg would be overstretched, and up again afterwards."""


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
    """The poses with feet that stand still, legs that reach them, and hips low enough for that.

    A leg of which the map lacks the thigh or the shin stays as it is.
    """
    reader = LegReader(poses, armature, bone_map, body)
    legs = {side: reader.leg(side) for side in SIDES if reader.has_leg(side)}
    paths = {
        side: planted(
            standing.time,
            leg.foot,
            standing.stretches(side),
            standing.sureness[:, SIDES.index(side)],
            leg.sole,
        )
        for side, leg in legs.items()
    }
    needed = [_overstretch(leg, paths[side]) for side, leg in legs.items()]
    down = np.outer(
        _smoothly_above(standing.time, np.max([np.zeros(len(standing.time)), *needed], 0)), [0, 0, -1.0]
    )
    oriented = dict(poses.orientations)
    for side, leg in legs.items():
        thigh, shin = reach(leg.thigh, leg.shin, paths[side].ankle - leg.hip - down, leg.forward)
        foot = multiply(paths[side].turn, inverse(leg.foot.turn))
        for part, turn in ((f"{side}_thigh", thigh), (f"{side}_shin", shin), (f"{side}_foot", foot)):
            turn = multiply(multiply(body.axes, turn), inverse(body.axes))
            for bone in reader.bones(part):
                oriented[bone] = multiply(turn, reader.orientation(part, bone))
    return Poses(oriented, poses.hips + rotate(body.axes, down))


def _overstretch(leg: Leg, path: FootPath) -> NDArray[np.float64]:
    """(T,) by how much the hip has to go down for the ankle to be in reach."""
    longest = np.maximum(_STRETCH * leg.length, np.linalg.norm(leg.thigh + leg.shin, axis=1))
    way = path.ankle - leg.hip
    across = np.hypot(way[:, 0], way[:, 1])
    needed = -way[:, 2] - np.sqrt(np.maximum(longest**2 - across**2, 0))
    clipped: NDArray[np.float64] = np.clip(needed, 0, _MOST_LOWERED * leg.length)
    return clipped


def _smoothly_above(time: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) a smooth curve that is nowhere below the values: means of their maxima over the same windows."""
    if len(time) == 1:
        return values
    half = max(1, round(_SLOW / float(np.median(np.diff(time)))))
    weights = np.hanning(2 * half + 3)[1:-1]
    smooth: NDArray[np.float64] = _windows(_windows(values, half).max(axis=1), half) @ (
        weights / weights.sum()
    )
    return smooth


def _windows(values: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """(T, 2 half + 1) the values around each; beyond the ends the last ones go on."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, half, mode="edge"), 2 * half + 1)
