"""Puts one pose on a rig at the current frame, as if the user had posed it by hand.

The rules of `retargeting` give the channels and their values; the rig takes them over, and a pose asset holds
them in an Action of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..animation.fcurves import Curves, Keys
from ..animation.scene import undone_on_failure
from ..errors import InvalidInput
from ..kinematics.bone_values import set_value, value, value_path
from ..kinematics.evaluation import as_it_stands, evaluated
from ..kinematics.rotations import Quaternions
from ..motion_file import Motion
from ..retargeting.body import read_body
from ..retargeting.contacts import contacts_of
from ..retargeting.feet import Feet
from ..retargeting.posing import rig_scale
from ..retargeting.retarget import Target, check, key_motion, wanted_values
from ..retargeting.standing import Heading, moved_to, standing, turn_to_camera, turn_to_rig, view
from ..rigs.bone_map import BoneMap
from .asset import make_asset

_LEVEL = 1e-3  # metres of the person's by which a root bone may be off its rest


@dataclass(frozen=True)
class PoseTarget:
    """Which rig takes a pose, and how."""

    scene: bpy.types.Scene
    armature: bpy.types.Object
    bone_map: BoneMap
    ik: bool = False
    """Whether the limbs follow their IK controls. These take the pose in either case."""
    feet: Feet = "OFF"
    """Whether feet stand flat, or at least do not sink in. Off where the root bone has been lifted."""
    heading: Heading = "RIG"
    """Whether the rig faces as it does now, or the scene's camera as the person faces the clip's."""
    keyed: bool = False
    """Whether the pose is keyed at the current frame. It also is where the scene's auto keying is on."""
    asset: bool = False
    """Whether the pose is also kept as a pose asset."""


@dataclass(frozen=True)
class Posed:
    """What has been done."""

    asset: bpy.types.Action | None
    summary: str


def take_pose(motion: Motion, target: PoseTarget) -> Posed:
    """Put the pose of a Motion of one frame on the rig, which stays where it stands on the floor.

    Raises InvalidInput when nobody is in the motion, the map does not fit the rig, the rig cannot be posed
    or keyed, or there is no camera to face; nothing has changed then.
    """
    whole = Target(target.scene, target.armature, target.bone_map, ik=_has_controls(target))
    check(motion, whole)
    keyed = target.keyed or target.scene.tool_settings.use_keyframe_insert_auto
    if keyed:
        _check_action(target.armature)
    placed = _placed(motion, target)
    pose: list[Curves] = []
    keys = Keys(np.array([float(target.scene.frame_current)]), np.array([False]))
    whole = replace(whole, feet=placed.feet, contacts=contacts_of(motion, keys.frames, placed.feet))
    notices = key_motion(placed.motion, whole, wanted_values(whole), pose, keys)
    evaluated(target.scene)  # what the rig's own animation is due to change changes now, and not afterwards
    notices = [_take(target, pose, keyed), *notices]
    if not target.asset:
        return Posed(None, " ".join(notices))
    evaluated(target.scene)
    with undone_on_failure(target.scene):
        asset = make_asset(_name(motion), pose, target.scene, target.armature, placed.view)
    return Posed(asset, " ".join([*notices, f"It is kept as the pose asset {asset.name}."]))


def _has_controls(target: PoseTarget) -> bool:
    """Whether the rig has all IK controls of the map. Where it must have them, `check` finds out."""
    controls = [name for pair in target.bone_map.ik.values() for name in pair]
    there = bool(controls) and all(name in target.armature.pose.bones for name in controls)
    return there or target.ik


def _check_action(armature: bpy.types.Object) -> None:
    """Raises InvalidInput when the rig's Action cannot be keyed."""
    action = armature.animation_data.action if armature.animation_data else None
    if action is not None and not action.is_editable:
        raise InvalidInput(
            f"The Action {action.name} of {armature.name} is linked from another file.",
            "Make it local, or set the pose without keys.",
        )


def _name(motion: Motion) -> str:
    """Of an asset: the photo's, or the clip's and the frame's number."""
    name = Path(motion.source).stem or "Lift Pose"
    return name if motion.time[0] == 0 else f"{name} {round(motion.time[0] * motion.clip_fps)}"


@dataclass(frozen=True, eq=False)
class _Placed:
    """A pose where the rig stands."""

    motion: Motion
    view: Quaternions
    """(4,) how the clip's camera is oriented in armature space."""
    feet: Feet


def _placed(motion: Motion, target: PoseTarget) -> _Placed:
    body = read_body(target.armature, target.bone_map)
    with as_it_stands(target.armature, target.scene) as armature:
        place = standing(armature, target.bone_map, body)
        if target.heading == "CAMERA":
            camera = target.scene.camera
            camera = camera and camera.evaluated_get(evaluated(target.scene))
            turn = turn_to_camera(motion, body, armature, camera)
        else:
            turn = turn_to_rig(motion, place)
    lifted = abs(place.floor) > _LEVEL * rig_scale(motion, body)
    return _Placed(
        moved_to(motion, body, place, turn), view(motion, body, turn), "OFF" if lifted else target.feet
    )


def _take(target: PoseTarget, pose: list[Curves], keyed: bool) -> str:
    """Set the rig's channels to those of the pose, and key them. Returns what has been done, in words."""
    armature, frame = target.armature, target.scene.frame_current_final
    chosen = Target(target.scene, armature, target.bone_map, ik=target.ik)
    for (bone, name), new in wanted_values(chosen).items():
        _switch(armature, armature.pose.bones[bone], name, new, frame if keyed else None)
    refused: dict[str, None] = {}
    for curves in pose:
        channel: Any = armature.path_resolve(curves.path)
        for component, number in zip(curves.components, curves.values[0], strict=True):
            channel[component] = number
        for component in curves.components if keyed else ():
            if not armature.keyframe_insert(curves.path, index=component, frame=frame, group=curves.group):
                refused[curves.group] = None
    if not keyed:
        return f"{armature.name} takes the pose."
    words = f"{armature.name} takes the pose, keyed at frame {frame:g}."
    return f"{words} Not all could be keyed of {', '.join(refused)}." if refused else words


def _switch(
    armature: bpy.types.Object, bone: bpy.types.PoseBone, name: str, new: float, frame: float | None
) -> None:
    """Set a property, say to switch a limb to FK, and key it at `frame` where it is animated or changes.

    One that has not been animated yet keeps its old value until the frame before.
    """
    path, old = value_path(bone, name), value(bone, name)
    set_value(bone, name, new)
    if frame is None or _key_animated(armature, path, frame) or old == new:
        return
    for moment, at_moment in ((frame - 1, old), (frame, new)):
        set_value(bone, name, at_moment)
        armature.keyframe_insert(path, frame=moment, group=bone.name)


def _key_animated(armature: bpy.types.Object, path: str, frame: float) -> bool:
    """Key a property that is animated already; False where it is not."""
    data = armature.animation_data
    if data is None or data.action is None:
        return False
    return bool(armature.keyframe_insert(path, frame=frame, options={"INSERTKEY_AVAILABLE"}))
