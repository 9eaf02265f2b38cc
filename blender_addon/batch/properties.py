"""What the user chooses about a batch, kept with the scene, and the table of its clips, kept nowhere."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import CollectionProperty, FloatProperty, PointerProperty

from ..engine.batch import Clip
from ..labels import BoolProperty, EnumProperty, IntProperty, StringProperty


class LiftPoseBatchSettings(bpy.types.PropertyGroup):
    source: EnumProperty(
        name="Batch",
        description="What says which clips become which files",
        items=[
            ("FOLDER", "Folder of Clips", "All videos of a folder, with the settings of this tab"),
            ("JOBS", "Jobs File", "A .toml or .csv file with clips, rigs, outputs and settings"),
        ],
    )
    jobs: StringProperty(name="Jobs File", description="A .toml or .csv file", subtype="FILE_PATH")
    clips: StringProperty(name="Clips", description="A folder with videos", subtype="DIR_PATH")
    rig: StringProperty(
        name="Rig File",
        description="The saved .blend whose rig gets the motions. Empty: new armatures",
        subtype="FILE_PATH",
    )
    output: StringProperty(name="Output", description="The folder for the results", subtype="DIR_PATH")
    kind: EnumProperty(
        name="Format",
        description="What is made of each clip",
        items=[
            (".blend", "Blender", "A .blend file"),
            (".fbx", "FBX", "For game engines and other programs"),
            (".glb", "glTF", "For game engines and the web"),
            (".bvh", "BVH", "The skeleton's motion, without a rig"),
            (".npz", "Motion File", "For Build Motion File, and for scripts"),
        ],
    )
    everybody: BoolProperty(name="All People", description="Lift everybody, each into a file of their own")
    at_once: IntProperty(
        name="At Once",
        description="How many clips are lifted at the same time; 0 for as many as the computer allows",
        min=0,
        max=64,
    )


class LiftPoseBatchClip(bpy.types.PropertyGroup):
    state: StringProperty()
    fraction: FloatProperty()
    text: StringProperty()


class LiftPoseBatchTable(bpy.types.PropertyGroup):
    clips: CollectionProperty(type=LiftPoseBatchClip)
    active: IntProperty(name="Clip", description="The clip about which more is shown below")


CLASSES = (LiftPoseBatchSettings, LiftPoseBatchClip, LiftPoseBatchTable)


def chosen_batch(context: bpy.types.Context) -> Any:
    """The scene's `LiftPoseBatchSettings`."""
    scene: Any = context.scene
    return scene.lift_pose_batch


def table(context: bpy.types.Context) -> Any:
    """The `LiftPoseBatchTable`."""
    manager: Any = context.window_manager
    return manager.lift_pose_batch


def fill(shown: Any, clips: list[Clip]) -> None:
    """Bring the table up to date."""
    while len(shown.clips) > len(clips):
        shown.clips.remove(len(shown.clips) - 1)
    while len(shown.clips) < len(clips):
        shown.clips.add()
    for row, clip in zip(shown.clips, clips, strict=True):
        row.name, row.state, row.fraction, row.text = clip.name, clip.state, clip.fraction, clip.text


def attach() -> None:
    """Give scenes and windows these properties."""
    scenes: Any = bpy.types.Scene
    managers: Any = bpy.types.WindowManager
    scenes.lift_pose_batch = PointerProperty(type=LiftPoseBatchSettings)
    managers.lift_pose_batch = PointerProperty(type=LiftPoseBatchTable, options={"SKIP_SAVE"})


def detach() -> None:
    """Take them away."""
    scenes: Any = bpy.types.Scene
    managers: Any = bpy.types.WindowManager
    del scenes.lift_pose_batch, managers.lift_pose_batch
