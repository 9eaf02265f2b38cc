"""What the user chooses in the panel; kept with the scene."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

import math
import os
from typing import Any

import bpy

from .labels import (
    BoolProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    IntVectorProperty,
    PointerProperty,
    StringProperty,
)
from .rigs.armature import recognise_armature
from .rigs.chosen_map import LiftPoseBoneMap, show


def _is_armature(settings: LiftPoseSettings, candidate: bpy.types.Object) -> bool:
    return candidate.type == "ARMATURE"


def _recognise(settings: Any, context: bpy.types.Context) -> None:
    show(settings.map, recognise_armature(settings.rig) if settings.rig is not None else None)


class LiftPoseSettings(bpy.types.PropertyGroup):
    input: StringProperty(
        name="Clip",
        description="A photo, a video, or a folder of numbered pictures",
        subtype="FILE_PATH",
    )
    detector: EnumProperty(
        name="Detector",
        description="What finds people in the pictures",
        items=[
            ("mediapipe", "MediaPipe", "Comes with the engine and works offline"),
            ("mediapipe-full", "MediaPipe, Faster", "Its smaller model, which is less exact"),
            ("hourglass", "Stacked Hourglass", "The detector of the paper, with weights that you bring"),
            ("onnx", "ONNX Model", "A model of yours, which a TOML file describes"),
            ("file", "Keypoint File", "What another program found: COCO, OpenPose, MMPose or MediaPipe"),
        ],
    )
    detector_weights: StringProperty(
        name="Detector File",
        description="The weights of a stacked hourglass, the TOML file that describes an ONNX model, or the "
        "file or folder of keypoints",
        subtype="FILE_PATH",
    )
    person: EnumProperty(
        name="Person",
        description="Whom to lift where there are several people",
        items=[
            ("LARGEST", "Largest", "Who is largest in the picture"),
            ("INDEX", "By Number", "Counted in order of appearance, and from the left"),
            ("POINT", "At a Point", "Who is nearest to a point of the picture"),
        ],
    )
    person_index: IntProperty(
        name="Number",
        description="Counted from 0 in order of appearance, and from the left where several appear together",
        min=0,
    )
    person_point: IntVectorProperty(
        name="Point",
        description="Pixels from the left and from the top of the upright picture",
        size=2,
        min=0,
    )
    use_range: BoolProperty(name="Part of the Clip", description="Lift only some frames of the clip")
    start: IntProperty(name="First", description="First frame of the clip to lift, counted from 0", min=0)
    end: IntProperty(name="Last", description="Last frame of the clip to lift, inclusive", min=0, default=250)
    step: IntProperty(name="Step", description="Lift every so many frames", min=1, default=1)
    device: EnumProperty(
        name="Device",
        description="What the engine computes on",
        items=[
            ("auto", "Automatic", "The fastest that there is"),
            ("cpu", "CPU", "The processor"),
            ("cuda", "CUDA", "An NVIDIA graphics card"),
            ("mps", "Metal", "The graphics of an Apple computer"),
        ],
    )
    use_fov: BoolProperty(
        name="Known Field of View",
        description="Off: taken from the photo's EXIF data or the lines in the picture, else 60 degrees",
    )
    fov: FloatProperty(
        name="Field of View",
        description="Field of view along the longer side of the picture",
        subtype="ANGLE",
        min=math.radians(5),
        max=math.radians(170),
        default=math.radians(60),
    )
    smoothing: FloatProperty(
        name="Smoothing",
        description="0 keeps every tremble, 1 is very smooth",
        subtype="FACTOR",
        min=0,
        max=1,
        default=0.5,
    )
    height: FloatProperty(
        name="Height",
        description="The person's height, which sets the scale of everything",
        subtype="DISTANCE",
        min=0.3,
        max=3,
        default=1.7,
    )
    target: EnumProperty(
        name="Target",
        description="What gets the motion",
        items=[
            ("NEW", "New Armature", "An armature with the person's proportions"),
            (
                "ACTIVE",
                "Active Armature",
                "The active armature, which Lift Pose must have made. It keeps its proportions",
            ),
            (
                "RIG",
                "Rig",
                "A character's rig, whatever its bones are called",
            ),
        ],
    )
    rig: PointerProperty(
        name="Rig",
        description="The armature that gets the motion",
        type=bpy.types.Object,
        poll=_is_armature,
        update=_recognise,
    )
    map: PointerProperty(type=LiftPoseBoneMap)
    root: EnumProperty(
        name="Root",
        description="What moves along the floor",
        items=[
            ("HIPS", "Hips", "The bone of the pelvis"),
            ("BONE", "Root Bone", "The root bone of the map; the hips only rise and fall"),
            ("OBJECT", "Object", "The armature object; the hips only rise and fall"),
        ],
    )
    in_place: BoolProperty(
        name="In Place",
        description="Stay where the rig stands, as games want it; it still rises and falls",
    )
    use_ik: BoolProperty(
        name="IK",
        description="Key the IK controls and poles of the hands and feet too, and switch the limbs to them",
    )
    feet: EnumProperty(
        name="Feet",
        description="Whether feet stand still on the floor that the rig stands on at rest",
        items=[
            ("OFF", "As in the Motion", "They may slide and sink"),
            ("AUTOMATIC", "Still in Contacts", "Still where the motion says that they are on the floor"),
            ("ALWAYS", "Always Still", "They never leave the place that they stand on"),
            ("FLOOR", "On the Floor", "They do not sink below the floor, but may slide"),
        ],
        default="AUTOMATIC",
    )
    photo_heading: EnumProperty(
        name="Heading",
        description="Which way the rig faces after a photo",
        items=[
            ("RIG", "As It Is", "The rig goes on facing as it does now"),
            ("CAMERA", "As in the Photo", "The rig faces the scene's camera as the person faces the photo's"),
        ],
    )
    photo_keyed: BoolProperty(
        name="Key the Pose",
        description="Key the pose of a photo at the current frame, beside the keys that the rig has. "
        "Off: the rig only takes the pose, unless Auto Keying is on",
    )
    photo_asset: BoolProperty(
        name="Pose Asset",
        description="Also keep the pose of a photo as an asset of this file, for the Asset Browser",
    )
    start_frame: IntProperty(
        name="Clip Starts At",
        description="The scene frame of the first frame of the clip",
        default=1,
    )
    use_reduction: BoolProperty(
        name="Fewer Keys",
        description="Smooth curves with few keys, instead of a key a frame",
    )
    joint_error: FloatProperty(
        name="Joint Error",
        description="How far any joint may stray from the motion, at any of its frames, for fewer keys",
        subtype="DISTANCE",
        min=0.0001,
        soft_max=0.05,
        default=0.005,
        precision=4,
    )
    destination: EnumProperty(
        name="Destination",
        description="Where the keys go. What is animated already is kept in any case",
        items=[
            ("ACTION", "New Action", "A new Action; the old one is kept in the file"),
            ("STRIP", "NLA Strip", "A strip in a new track of the NLA, above the others"),
            (
                "APPEND",
                "Append",
                "From the current frame on, after what is animated already, in a copy of the Action; "
                "the Action itself is kept in the file",
            ),
        ],
    )
    keep_going: BoolProperty(
        name="Keep Going",
        description="Start where the armature stands at the current frame, and face as it does",
        default=True,
    )
    match: EnumProperty(
        name="Match Scene",
        description="When the scene takes the clip's frame rate, range and size. "
        "Otherwise keys keep the clip's own time, if need be between whole frames",
        items=[
            (
                "UNTOUCHED",
                "If Untouched",
                "If nothing is animated and range, rate and size are Blender's own",
            ),
            ("ALWAYS", "Always", "Replace the scene's rate, range, size and camera"),
            ("NEVER", "Never", "Leave the scene's settings alone"),
        ],
    )


def chosen(scene: bpy.types.Scene | None) -> Any:
    """The scene's `LiftPoseSettings`."""
    owner: Any = scene
    return owner.lift_pose


def reads_file(detector: str) -> bool:
    """Whether a detector works with a file that the user brings."""
    return not detector.startswith("mediapipe")


def engine_settings(settings: LiftPoseSettings) -> dict[str, Any]:
    """The choices that concern the engine, in the words of the protocol."""
    people: dict[str, Any] = {
        "LARGEST": "largest",
        "INDEX": settings.person_index,
        "POINT": list(settings.person_point),
    }
    chosen: dict[str, Any] = {
        "detector": settings.detector,
        "person": people[settings.person],
        "device": settings.device,
        "fov": round(math.degrees(settings.fov), 4) if settings.use_fov else None,
        "smoothing": round(settings.smoothing, 4),
        "height": round(settings.height, 4),
    }
    if reads_file(settings.detector) and settings.detector_weights:
        file = os.path.abspath(bpy.path.abspath(settings.detector_weights))  # noqa: PTH100 (as of the clip)
        chosen["detector_weights"] = file
    if settings.use_range:
        chosen |= {"start": settings.start, "end": settings.end, "step": settings.step}
    return chosen


def attach() -> None:
    """Give every scene these settings."""
    scenes: Any = bpy.types.Scene
    scenes.lift_pose = PointerProperty(type=LiftPoseSettings)


def detach() -> None:
    """Take them away."""
    scenes: Any = bpy.types.Scene
    del scenes.lift_pose
