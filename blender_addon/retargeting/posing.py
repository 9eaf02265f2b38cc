"""How the bones of a rig must be oriented, and where its hips go, to take the poses of a Motion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput
from ..kinematics.rotations import (
    IDENTITY,
    UP,
    Quaternions,
    Vectors,
    about,
    from_matrix,
    inverse,
    multiply,
    power,
    rotate,
    shortest_turn,
    twist_angle,
    unit,
)
from ..motion_file import Motion
from ..rigs.bone_map import BoneMap
from .body import LIMBS, Body


def orientations(
    motion: Motion, armature: bpy.types.Object, bone_map: BoneMap, body: Body
) -> dict[str, Quaternions]:
    """(T, 4) in armature space for each bone that moves, in the T known frames; parents come first.

    A chain of bones shares the bend of a part of the trunk, and the twist of a limb. Hands that were never
    seen are left out: they keep the user's pose. Hands rest on forearms as they do on the rig; feet stand at
    rest as the rig's do, and go along with the person's shins where they were never seen.
    """
    turns = [multiply(multiply(body.axes, turn), inverse(body.axes)) for turn in turns_from_rest(motion)]
    along = motion.rest_joints[motion.bone_tails] - motion.rest_joints[motion.bone_heads]
    directions = rotate(body.axes, unit(along))
    person = _Person(motion, turns, directions, rest_poses(motion, body, directions))
    made: dict[str, Quaternions] = {}
    for index, part in enumerate(motion.bone_names):
        if part in bone_map.bones and person.shows(index):
            for name, turn in person.turned(index, bone_map):
                made[name] = multiply(turn, from_matrix(armature.data.bones[name].matrix_local))
    return made


@dataclass(frozen=True, eq=False)
class _Person:
    """The poses of a Motion by its bones, in the rig's axes."""

    motion: Motion
    turns: list[Quaternions]
    """(T, 4) of each bone, away from rest."""
    directions: Vectors
    """(B, 3) along the bones at rest."""
    poses: dict[str, Quaternions]
    """As of `rest_poses`."""

    def shows(self, index: int) -> bool:
        """Whether a bone tells how the rig's is to turn: all do, but hands that were never seen."""
        seen = self.motion.joint_confidence[:, self.motion.bone_tails[index]] > 0
        return bool(seen.any()) or not self.motion.bone_names[index].endswith("_hand")

    def turned(self, index: int, bone_map: BoneMap) -> Iterator[tuple[str, Quaternions]]:
        """The rig's bones of a part, and how (T, 4) they turn away from their rest."""
        part, parent = self.motion.bone_names[index], int(self.motion.bone_parents[index])
        chain, twists = bone_map.bones[part], bone_map.twists.get(part, ())
        if part in LIMBS:
            for name, share, onward in _shares(chain, twists):
                roll = about(self.directions[index], self._roll(index, share, onward))
                yield name, multiply(multiply(self.turns[index], roll), self.poses[part])
            return
        hangs_on = self.motion.bone_names[parent]
        rest = self.poses.get(hangs_on, IDENTITY) if part.endswith("_hand") else IDENTITY
        for place, name in enumerate(chain, start=1):
            bend = _part_of_bend(self.turns[max(parent, 0)], self.turns[index], place / len(chain))
            yield name, multiply(bend, rest)

    def _roll(self, index: int, share: float, onward: float) -> NDArray[np.float64]:
        """(T,) about a limb: what it lacks of its own twist, and its part of the twist of the hand on it."""
        twist = self._twist(index, max(int(self.motion.bone_parents[index]), 0), index)
        roll = (share - 1) * twist
        hand = self.motion.bone_names[index].replace("forearm", "hand")
        if onward and hand.endswith("_hand") and hand in self.motion.bone_names:
            roll = roll + onward * self._twist(self.motion.bone_names.index(hand), index, index)
        return roll

    def _twist(self, index: int, parent: int, axis: int) -> NDArray[np.float64]:
        """(T,) how far a bone twists against its parent, about the direction of a bone."""
        against = multiply(inverse(self.turns[parent]), self.turns[index])
        return twist_angle(against, self.directions[axis])


def _shares(chain: Sequence[str], twists: Sequence[str]) -> Iterator[tuple[str, float, float]]:
    """The bones of a limb, and how much each has of its twist and of that of the next part, from there on."""
    for place, name in enumerate(chain):
        yield name, (place + 1) / len(chain), place / len(chain)
    for place, name in enumerate(twists, start=1):
        yield name, place / (len(twists) + 1), place / (len(twists) + 1)


def turns_from_rest(motion: Motion) -> list[Quaternions]:
    """(T, 4) a bone: its turn away from rest in world axes, in the known frames."""
    turns: list[Quaternions] = []
    for index, parent in enumerate(motion.bone_parents):
        rest = motion.rest_rotations[index]
        own = multiply(multiply(rest, motion.rotations[motion.present, index]), inverse(rest))
        turns.append(own if parent < 0 else multiply(turns[parent], own))
    return turns


def turned(motion: Motion, angle: float) -> Motion:
    """The motion, its person turned to the left about the world's vertical; the camera stays where it is.

    `angle` is in radians.
    """
    left, rest = about(UP, np.array([angle]))[0], motion.rest_rotations[0]
    rotations = motion.rotations.copy()
    rotations[:, 0] = multiply(multiply(multiply(inverse(rest), left), rest), rotations[:, 0])
    return replace(motion, rotations=rotations, root_translation=rotate(left, motion.root_translation))


def rest_poses(motion: Motion, body: Body, directions: Vectors) -> dict[str, Quaternions]:
    """(4,) a limb: the turn from the rig's rest to a pose with its limbs along `directions` (B, 3).

    Each limb is taken along by the one before it, and turned further without twist.
    """
    poses: dict[str, Quaternions] = {}
    for index, part in enumerate(motion.bone_names):
        if part in body.limbs:
            carried = poses.get(motion.bone_names[motion.bone_parents[index]], IDENTITY)
            turn = shortest_turn(rotate(carried, body.limbs[part]), directions[index])
            poses[part] = multiply(turn, carried)
    return poses


def _part_of_bend(parent: Quaternions, own: Quaternions, share: float) -> Quaternions:
    return own if share == 1 else multiply(parent, power(multiply(inverse(parent), own), share))


def hips_path(motion: Motion, body: Body) -> Vectors:
    """(T, 3) where the point between the rig's hip joints goes, in armature space, in the known frames.

    Scaled by the length of the legs, so that the ankles are on the floor where the person's are.
    """
    rest, ends = motion.rest_joints, dict(zip(motion.bone_names, motion.bone_heads, strict=True))
    hips = (rest[ends["left_thigh"]] + rest[ends["right_thigh"]]) / 2
    sole = min(rest[motion.bone_tails[motion.bone_names.index(f"{s}_shin")], 2] for s in ("left", "right"))
    path = motion.root_translation[motion.present]
    path = path + rotate(turns_from_rest(motion)[0], hips - rest[motion.bone_heads[0]])
    scale = rig_scale(motion, body)
    ankles = body.ankles
    if ankles is None:
        ankles = body.hips - rotate(body.axes, np.array([0, 0, scale * (hips[2] - sole)]))
    way: Vectors = ankles + rotate(body.axes, scale * (path - [hips[0], hips[1], sole]))
    return way


def rig_scale(motion: Motion, body: Body) -> float:
    """How much larger the rig is than the person, by their legs, else by their arms."""
    along = motion.rest_joints[motion.bone_tails] - motion.rest_joints[motion.bone_heads]
    lengths = dict(zip(motion.bone_names, np.linalg.norm(along, axis=1), strict=True))
    for parts in (("thigh", "shin"), ("upper_arm", "forearm")):
        persons = sum(lengths[f"{side}_{part}"] for side in ("left", "right") for part in parts)
        if body.length(*parts) > 0:
            return body.length(*parts) / float(persons)
    raise InvalidInput("The bone map has neither whole legs nor whole arms.", "Complete the bone map.")
