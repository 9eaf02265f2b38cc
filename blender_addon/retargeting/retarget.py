"""Puts a Motion on any rig whose parts are known.

Rotations are carried over relative to rest: as a part of the body turns away from the rest pose of the
motion, so the rig's part turns away from a pose of the rig in which its limbs point where the motion's do at
rest. So it does not matter how the rig stands at rest, nor how its bones are rolled and parented.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import bpy
import numpy as np

from ..animation.channels import allowed, key_location, key_rotation, key_values, placed_head
from ..animation.destination import NEW_ACTION, Destination, check_animatable, deliver
from ..animation.fcurves import Curves, Keys
from ..animation.origin import Origin, set_origin
from ..animation.reduction import Rigged, reduce_keys
from ..animation.scene import Match, match_to_clip, matches, undone_on_failure
from ..animation.timing import frame_rate, from_frame, pose_keys, scene_frames
from ..errors import InvalidInput
from ..kinematics.bone_values import Values, value
from ..kinematics.evaluation import as_it_stands
from ..kinematics.following import Carriers, carriers
from ..kinematics.rotations import Quaternions, Vectors, from_matrix, inverse, multiply, rotate
from ..motion_file import Motion
from ..rigs.bone_map import BoneMap
from .body import Body, read_body
from .contacts import Contact, contacts_of, mark
from .feet import Feet, Standing, plant
from .ik import Posed, ik_limbs, key_ends
from .legs import Poses
from .memory import Memory, forget, is_remembered, recall, remember
from .posing import hips_path, orientations
from .standing import moved_to, standing, turn_to_rig

Root = Literal["HIPS", "BONE", "OBJECT"]
_ROUGHLY = np.radians(1)


@dataclass(frozen=True)
class Target:
    """Which rig gets a motion, and how."""

    scene: bpy.types.Scene
    armature: bpy.types.Object
    bone_map: BoneMap
    start: int = 1
    """The scene frame of the clip's time 0."""
    match: Match = "UNTOUCHED"
    """When the scene takes the clip's size, rate and range: when it is as Blender made it, always, never."""
    root: Root = "HIPS"
    """What moves along the floor: the hips, the root bone of the map, or the object."""
    in_place: bool = False
    """Whether the rig stays where it stands; it still rises and falls."""
    ik: bool = False
    """Whether the limbs follow their IK controls; these are keyed beside the FK controls."""
    feet: Feet = "OFF"
    contacts: tuple[Contact, ...] | None = None
    """When the feet stand still, unless they are off; None to find it in the motion."""
    bound: float = 0.0
    """Scene units that joints may stray so that fewer keys do; 0 for a key a frame."""
    destination: Destination = NEW_ACTION
    """Where the keys go; `start` is for those that are not appended."""


@dataclass(frozen=True)
class Retargeted:
    """What has been made."""

    action: bpy.types.Action
    summary: str


def retarget(motion: Motion, target: Target) -> Retargeted:
    """Key the motion on the rig, in an Action and slot of its own; an Action that it replaces is kept.

    Raises InvalidInput when nobody is in the motion, the map does not fit the rig, or the rig cannot be
    animated; after any failure the file is as it was before.
    """
    check(motion, target)
    with undone_on_failure(target.scene):
        return _retarget(motion, target)


def _retarget(motion: Motion, target: Target) -> Retargeted:
    scene, armature = target.scene, target.armature
    appended = target.destination.kind == "APPEND"
    match = not appended and matches(target.match, scene)
    notices = [match_to_clip(scene, motion, target.start)] if match else []
    keys = pose_keys(motion, scene_frames(motion, frame_rate(scene), target.start))
    if appended:
        keys = from_frame(keys, scene.frame_current)
    if target.destination.continues:
        motion = _where_it_stands(motion, target)
    mover = _mover(target)
    if target.destination.kind == "ACTION":
        _bring_back(mover, target)
    place = tuple(mover.location) if mover is not None else None
    values = wanted_values(target)
    if target.contacts is None:
        target = replace(target, contacts=contacts_of(motion, keys.frames, target.feet))
    curves: list[Curves] = []
    notices = key_motion(motion, target, values, curves, keys) + notices
    if target.bound != 0:
        limbs = ik_limbs(armature, target.bone_map) if target.ik else ()
        reduction = reduce_keys(armature, curves, target.bound, Rigged(values, limbs))
        curves, notices = reduction.curves, [reduction.summary, *notices]
    key_values(armature, curves, keys, values)
    delivered = deliver(armature, curves, Path(motion.source).stem or "Lift Pose", target.destination)
    mark(delivered.action, target.contacts or ())
    if appended or motion.path is None:
        set_origin(delivered.action, None)
        forget(delivered.action)
    else:
        set_origin(delivered.action, Origin(motion.path, frame_rate(scene), target.start))
        remember(delivered.action, Memory(target.bone_map, _settings(target), place))
    notices = [f"{len(keys.frames)} poses on {armature.name}.", *notices, *delivered.notices]
    return Retargeted(delivered.action, " ".join(notices))


def _where_it_stands(motion: Motion, target: Target) -> Motion:
    """The motion, moved along the floor and turned so that it starts where the rig stands now."""
    body = read_body(target.armature, target.bone_map)
    with as_it_stands(target.armature, target.scene) as armature:
        place = standing(armature, target.bone_map, body)
    return moved_to(motion, body, place, turn_to_rig(motion, place))


def _mover(target: Target) -> Any:
    """The object or pose bone that moves along the floor; None where the hips do, or nothing does."""
    if target.in_place or target.root == "HIPS":
        return None
    if target.root == "OBJECT":
        return target.armature
    return target.armature.pose.bones[target.bone_map.bones["root"][0]]


def _bring_back(mover: Any, target: Target) -> None:
    """To where it stood before the motion that is replaced, whatever the current frame."""
    data = target.armature.animation_data
    if mover is None or data is None or data.action is None or not is_remembered(data.action):
        return
    with suppress(InvalidInput):  # an Action that does not tell leaves it where it is
        memory = recall(data.action)
        if memory.place is not None and memory.settings.get("root") == target.root:
            mover.location = np.where(mover.lock_location, mover.location, memory.place)


def _settings(target: Target) -> dict[str, Any]:
    """Those of the rig, which neither the scene nor the present file changes."""
    names = {field.name for field in fields(target)} - {"match", "start"}
    values = {name: getattr(target, name) for name in sorted(names)}
    return {name: value for name, value in values.items() if isinstance(value, bool | int | float | str)}


def key_motion(motion: Motion, target: Target, values: Values, curves: list[Curves], keys: Keys) -> list[str]:
    """Key the motion's known frames as curves that are not written yet, for properties at `values`.

    Returns what the user should know, in words. Nothing else changes.
    """
    armature = target.armature
    body = read_body(armature, target.bone_map)
    poses = Poses(orientations(motion, armature, target.bone_map, body), hips_path(motion, body))
    if target.feet != "OFF":
        standing = Standing(
            motion.time[motion.present], keys.frames, motion.contacts[motion.present], target.contacts or ()
        )
        poses = plant(poses, armature, target.bone_map, body, standing)
    oriented = poses.orientations
    controls = [name for pair in target.bone_map.ik.values() for name in pair] if target.ik else []
    placed = [*(bone.name for bone in _placed(target)), *controls]
    carried = carriers(armature, [*oriented, *controls], placed, values)
    bones = armature.pose.bones
    held = [name for name, carrier in carried.of.items() if carrier.spread > _ROUGHLY]
    held += [name for name in oriented if any(not limit.mute for limit in bones[name].constraints)]
    actual = _key_rotations(armature, curves, keys, oriented, carried)
    pelvis = _key_path(poses.hips, target, body, curves, keys, actual, carried)
    if target.ik:
        key_ends(armature, target.bone_map, Posed(actual, pelvis, carried), curves, keys)
    return [f"Constraints of the rig also move {', '.join(dict.fromkeys(held))}."] if held else []


def check(motion: Motion, target: Target) -> None:
    """Raises InvalidInput when the motion cannot be put on the rig."""
    armature = target.armature
    if not motion.present.any():
        raise InvalidInput(f"Nobody was found in {motion.source}.", "Choose another clip or range.")
    check_animatable(armature)
    controls = [name for pair in target.bone_map.ik.values() for name in pair]
    if target.ik and not all(name in armature.pose.bones for name in controls or [""]):
        raise InvalidInput("The bone map names no IK controls of this rig.", "Add them, or turn IK off.")
    if target.root == "BONE" and "root" not in target.bone_map.bones:
        raise InvalidInput("The bone map names no root bone.", "Add one, or move the hips or the object.")


def wanted_values(target: Target) -> dict[tuple[str, str], float]:
    """What the map wants of the properties that this rig has: versions of a rig differ."""
    values: dict[tuple[str, str], float] = {}
    bones = target.armature.pose.bones
    for setting in target.bone_map.settings:
        wanted = setting.ik if target.ik else setting.fk
        bone = bones.get(setting.bone)
        there = None if bone is None else value(bone, setting.property)
        if wanted is not None and isinstance(there, bool | int | float):
            values[setting.bone, setting.property] = wanted
    return values


def _key_rotations(
    armature: bpy.types.Object,
    curves: list[Curves],
    keys: Keys,
    oriented: dict[str, Quaternions],
    carried: Carriers,
) -> dict[str, Quaternions]:
    """Returns how the bones are then oriented: otherwise than they should be where rotations are locked."""
    actual: dict[str, Quaternions] = {}
    for name, wanted in oriented.items():
        bone, carrier = armature.pose.bones[name], carried.of[name]
        base = carrier.offset
        if carrier.leader is not None:
            base = multiply(actual[carrier.leader], base)
        rotations = allowed(bone, multiply(inverse(base), wanted))
        key_rotation(bone, curves, keys, rotations)
        actual[name] = multiply(base, rotations)
    return actual


def _placed(target: Target) -> list[bpy.types.PoseBone]:
    """The bones whose locations matter: the pelvis, the one that carries it, and the root bone if it moves.

    Blender ignores the location of a bone that is connected to its parent, so the parent carries it.
    """
    bones = target.armature.pose.bones
    pelvis = carrier = bones[target.bone_map.bones["pelvis"][0]]
    while carrier.bone.use_connect and carrier.parent is not None:
        carrier = carrier.parent
    return [pelvis, carrier, *([bones[target.bone_map.bones["root"][0]]] if target.root == "BONE" else [])]


def _key_path(
    hips: Vectors,
    target: Target,
    body: Body,
    curves: list[Curves],
    keys: Keys,
    actual: dict[str, Quaternions],
    carried: Carriers,
) -> Vectors:
    """Key the way of the hips, divided between the pelvis's bone and what moves along the floor.

    Returns where the head of the pelvis's bone then is, (T, 3) in armature space.
    """
    pelvis, carrier, *root = _placed(target)
    poses = carried.parent_poses
    up = rotate(body.axes, np.array([0, 0, 1.0]))
    way = hips - (hips[0] if target.destination.continues else body.hips)
    along_floor = way - (way @ up)[:, None] * up
    turn = multiply(actual[pelvis.name], inverse(from_matrix(pelvis.bone.matrix_local)))
    heads = hips + rotate(turn, np.array(pelvis.bone.head_local) - body.hips)
    ends = heads - along_floor if target.in_place or target.root == "OBJECT" else heads
    heads = heads + placed_head(carrier, poses[carrier.name]) - placed_head(pelvis, poses[pelvis.name])
    apart = target.in_place or target.root == "OBJECT" or (root and root[0] != carrier)
    key_location(carrier, curves, keys, heads - along_floor if apart else heads, poses[carrier.name])
    if target.in_place:
        return ends
    if target.root == "OBJECT":
        _key_object(target.armature, curves, keys, along_floor)
    elif apart:
        start = placed_head(root[0], poses[root[0].name])
        key_location(root[0], curves, keys, start + along_floor, poses[root[0].name])
    return ends


def _key_object(armature: bpy.types.Object, curves: list[Curves], keys: Keys, along_floor: Vectors) -> None:
    """Key the object's location where it is not locked."""
    axes = np.array(armature.matrix_basis.to_3x3())
    free = np.flatnonzero(~np.array(armature.lock_location))
    values = np.array(armature.location) + along_floor @ axes.T
    keys.insert(curves, "location", values[:, free], "Object Transforms", free)
