"""How the bones of a rig must be oriented, and where its hips go, to take the poses of a Motion."""

from __future__ import annotations

import bpy
import numpy as np

from ..errors import InvalidInput
from ..motion_file import Motion
from ..rigs.bone_map import BoneMap
from .body import LIMBS, Body
from .rotations import (
    IDENTITY,
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


def orientations(
    motion: Motion, armature: bpy.types.Object, bone_map: BoneMap, body: Body
) -> dict[str, Quaternions]:
    """(T, 4) in armature space for each bone that moves, in the T known frames; parents come first.

    A chain of bones shares the bend of a part of the trunk, and the twist of a limb.
    """
    turns = [multiply(multiply(body.axes, turn), inverse(body.axes)) for turn in turns_from_rest(motion)]
    along = motion.rest_joints[motion.bone_tails] - motion.rest_joints[motion.bone_heads]
    directions = rotate(body.axes, unit(along))
    poses = rest_poses(motion, body, directions)
    made: dict[str, Quaternions] = {}
    for index, part in enumerate(motion.bone_names):
        parent = turns[max(motion.bone_parents[index], 0)]
        for name, share in _shares(bone_map, part):
            if part in LIMBS:
                turn = multiply(_untwisted(turns[index], parent, directions[index], share), poses[part])
            else:
                turn = _part_of_bend(parent, turns[index], share)
            made[name] = multiply(turn, from_matrix(armature.data.bones[name].matrix_local))
    return made


def turns_from_rest(motion: Motion) -> list[Quaternions]:
    """(T, 4) a bone: its turn away from rest in world axes, in the known frames."""
    turns: list[Quaternions] = []
    for index, parent in enumerate(motion.bone_parents):
        rest = motion.rest_rotations[index]
        own = multiply(multiply(rest, motion.rotations[motion.present, index]), inverse(rest))
        turns.append(own if parent < 0 else multiply(turns[parent], own))
    return turns


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


def _shares(bone_map: BoneMap, part: str) -> list[tuple[str, float]]:
    """The bones of a part and how much of its bend or twist each of them has, from the parent's on."""
    chain, twists = bone_map.bones.get(part, ()), bone_map.twists.get(part, ())
    shares = [(name, (index + 1) / len(chain)) for index, name in enumerate(chain)]
    return shares + [(name, (index + 1) / (len(twists) + 1)) for index, name in enumerate(twists)]


def _part_of_bend(parent: Quaternions, own: Quaternions, share: float) -> Quaternions:
    return own if share == 1 else multiply(parent, power(multiply(inverse(parent), own), share))


def _untwisted(own: Quaternions, parent: Quaternions, direction: Vectors, share: float) -> Quaternions:
    """The limb's turn with only a share of its twist, which leaves its direction as it is."""
    if share == 1:
        return own
    twist = twist_angle(multiply(inverse(parent), own), direction)
    return multiply(own, about(direction, (share - 1) * twist))


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
