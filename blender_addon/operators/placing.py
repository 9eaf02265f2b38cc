"""Where a result goes: decided when a job starts, looked up again when it ends.

Meanwhile the user works on, so data-blocks are remembered by their session's id, which renaming, undoing and
deleting cannot lead astray.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..animation.destination import NEW_ACTION, Destination
from ..animation.scene import Match
from ..building.armature import is_ours
from ..building.build import Placement, Result, build
from ..errors import InvalidInput
from ..motion_file import Motion
from ..poses.pose import PoseTarget, take_pose
from ..properties import chosen
from ..retargeting.feet import Feet
from ..retargeting.retarget import Root, Target, retarget
from ..retargeting.standing import Heading
from ..rigs.bone_map import BoneMap
from ..rigs.chosen_map import bone_map


@dataclass(frozen=True)
class Rig:
    """What is to be done with an armature that is a character's rig."""

    bone_map: BoneMap
    root: Root
    in_place: bool
    ik: bool
    feet: Feet
    heading: Heading
    keyed: bool
    asset: bool

    def pose_target(self, target: Target) -> PoseTarget:
        """The same rig, for a photo."""
        return PoseTarget(
            target.scene,
            target.armature,
            target.bone_map,
            target.ik,
            target.feet,
            self.heading,
            self.keyed,
            self.asset,
        )


@dataclass(frozen=True)
class Place:
    """A `Placement`, or for a rig a `Target`, whose scene and armature are ids of the session."""

    scene: int
    armature: int | None
    start: int
    match: Match
    bound: float = 0.0
    destination: Destination = NEW_ACTION
    rig: Rig | None = None

    def placement(self) -> Placement | Target:
        """Raises InvalidInput when the scene or the armature is gone."""
        scene = _find(bpy.data.scenes, self.scene)
        if scene is None:
            raise InvalidInput("The scene of this job is gone.", "Build the motion file into another scene.")
        armature = None
        if self.armature is not None:
            armature = _find(bpy.data.objects, self.armature)
            if armature is None:
                raise InvalidInput("The armature of this job is gone.", "Choose a new armature.")
        if self.rig is not None and armature is not None:
            rig = self.rig
            return Target(
                scene,
                armature,
                rig.bone_map,
                self.start,
                self.match,
                rig.root,
                rig.in_place,
                rig.ik,
                rig.feet,
                bound=self.bound,
                destination=self.destination,
            )
        return Placement(scene, armature, self.start, self.match, self.bound, self.destination)


def missing_target(context: bpy.types.Context) -> str | None:
    """What must be chosen before anything can be placed, in words; None where all is."""
    settings = chosen(context.scene)
    if settings.target == "RIG" and settings.rig is None:
        return "Choose the rig that gets the motion first"
    return None


def chosen_place(context: bpy.types.Context) -> Place:
    """What the panel says. Raises InvalidInput when the active object cannot be the target it names."""
    settings = chosen(context.scene)
    armature = rig = None
    if settings.target == "ACTIVE":
        if not is_ours(context.object):
            raise InvalidInput(
                "The active object is no armature that Lift Pose made.",
                "Click such an armature, or choose a new one.",
            )
        armature = context.object.session_uid
    elif settings.target == "RIG":
        if settings.rig is None:
            raise InvalidInput("No rig is chosen.", "Choose the armature that gets the motion.")
        armature = settings.rig.session_uid
        rig = Rig(
            bone_map(settings.map),
            settings.root,
            settings.in_place,
            settings.use_ik,
            settings.feet,
            settings.photo_heading,
            settings.photo_keyed,
            settings.photo_asset,
        )
    return Place(
        context.scene.session_uid,
        armature,
        settings.start_frame,
        settings.match,
        settings.joint_error if settings.use_reduction else 0.0,
        Destination(settings.destination, settings.keep_going),
        rig,
    )


def put_into_scene(context: bpy.types.Context, place: Place, motion: Motion, media: Path | None) -> str:
    """Build the motion there and, if the user looks on in Object Mode, make its armature the active object.

    Returns what has been made, in words. Raises InvalidInput, having changed nothing.
    """
    placement = place.placement()
    if isinstance(placement, Target) and place.rig is not None and len(motion.time) == 1:
        return take_pose(motion, place.rig.pose_target(placement)).summary
    if isinstance(placement, Target):
        return retarget(motion, placement).summary
    result = build(motion, media, placement)
    layer = context.view_layer
    if layer is not None and context.scene == placement.scene and context.mode == "OBJECT":
        _make_active(layer, result)
    return result.summary


def _make_active(layer: bpy.types.ViewLayer, result: Result) -> None:
    if layer.objects.get(result.armature.name) is None:  # its collection is excluded from this layer
        return
    for other in layer.objects.selected:
        other.select_set(False, view_layer=layer)
    result.armature.select_set(True, view_layer=layer)
    layer.objects.active = result.armature


def _find(blocks: Iterable[Any], uid: int) -> Any:
    return next((block for block in blocks if block.session_uid == uid), None)
