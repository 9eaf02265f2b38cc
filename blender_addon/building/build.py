"""Puts a Motion into a scene, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from ..animation.destination import NEW_ACTION, Destination, deliver
from ..animation.fcurves import Curves
from ..animation.origin import Origin, set_origin
from ..animation.reduction import reduce_keys
from ..animation.scene import Match, match_to_clip, matches, undone_on_failure
from ..animation.timing import clip_start, frame_rate, from_frame, pose_keys, scene_frames
from ..errors import InvalidInput
from ..kinematics.evaluation import as_it_stands
from ..motion_file import Motion
from .armature import check_bones, key_pose, new_armature, scale_to
from .background import add_background
from .camera import new_camera
from .continuing import from_where_it_stands


@dataclass(frozen=True)
class Placement:
    """Where a motion goes."""

    scene: bpy.types.Scene
    armature: bpy.types.Object | None = None
    """An armature that this add-on made, which gets the motion; None for a new one."""
    start: int = 1
    """The scene frame of the clip's time 0."""
    match: Match = "UNTOUCHED"
    """When the scene takes the clip's size, rate and range: when it is as Blender made it, always, never."""
    bound: float = 0.0
    """Scene units that joints may stray so that fewer keys do; 0 for a key a frame."""
    destination: Destination = NEW_ACTION
    """Where the keys go; `start` is for those that are not appended."""


@dataclass(frozen=True)
class Result:
    """What has been made."""

    armature: bpy.types.Object
    camera: bpy.types.Object
    summary: str


def build(motion: Motion, media: Path | None, placement: Placement) -> Result:
    """Make the armature (or use the given one), its Action, the camera, and the clip behind it.

    Everything new goes into a collection of its own, named after the clip. Raises InvalidInput when nobody
    is in the motion or the given armature lacks bones; after any failure the file is as it was before.
    """
    if not motion.present.any():
        raise InvalidInput(f"Nobody was found in {motion.source}.", "Choose another clip or range.")
    if placement.armature is not None:
        check_bones(placement.armature, motion)
    with undone_on_failure(placement.scene):
        return _build(motion, media, placement)


def _build(motion: Motion, media: Path | None, placement: Placement) -> Result:
    scene, name = placement.scene, Path(motion.source).stem or "Lift Pose"
    appended = placement.destination.kind == "APPEND"
    match = not appended and matches(placement.match, scene)
    notices = [match_to_clip(scene, motion, placement.start)] if match else []
    rate = frame_rate(scene)
    keys = pose_keys(motion, scene_frames(motion, rate, placement.start))
    if appended:
        keys = from_frame(keys, scene.frame_current)

    collection = bpy.data.collections.new(name)
    armature = placement.armature
    if armature is None:
        armature = new_armature(motion, name)
        collection.objects.link(armature)
    elif placement.destination.continues:
        with as_it_stands(armature, scene) as here:
            motion = from_where_it_stands(motion, here, scale_to(armature, motion))
    camera = new_camera(motion, f"{name} Camera", scene)
    _place_beside(camera, armature, scale_to(armature, motion))
    collection.objects.link(camera)
    if media is not None and not add_background(camera, media, motion, scene, clip_start(motion, keys, rate)):
        notices.append(f"Blender cannot show {media.name} behind it.")

    curves: list[Curves] = []
    key_pose(armature, curves, motion, keys)
    if placement.bound != 0:
        reduction = reduce_keys(armature, curves, placement.bound)
        curves, notices = reduction.curves, [reduction.summary, *notices]
    scene.collection.children.link(collection)
    if match or scene.camera is None:
        scene.camera = camera
    delivered = deliver(armature, curves, name, placement.destination)
    notices += delivered.notices
    alone = None if appended or motion.path is None else Origin(motion.path, rate, placement.start)
    set_origin(delivered.action, alone)
    if not match and len(keys.frames) > 1 and keys.frames[-1] > scene.frame_end:
        notices.append(f"They end at frame {keys.frames[-1]:g}, the scene at frame {scene.frame_end}.")
    summary = " ".join([f"{len(keys.frames)} poses on {armature.name}.", *notices])
    return Result(armature, camera, summary)


def _place_beside(camera: bpy.types.Object, armature: bpy.types.Object, scale: float) -> None:
    """Move the camera with an armature that stands elsewhere or is of another size than the person."""
    here = armature.matrix_world.normalized() @ camera.matrix_world
    here.translation = armature.matrix_world @ (scale * camera.matrix_world.translation)
    camera.matrix_world = here
