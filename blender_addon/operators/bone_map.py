"""The bone map of the rig in the panel: recognise, correct, save and load it."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from ..errors import LiftPoseError
from ..properties import chosen
from ..rigs.armature import recognise_armature
from ..rigs.bone_map import read_map, write_map
from ..rigs.chosen_map import bone_map, show
from ..rigs.recognition import matched


class _MapOperator(bpy.types.Operator):
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if chosen(context.scene).rig is None:
            cls.poll_message_set("Choose a rig first")
            return False
        return True


class _FileOperator(_MapOperator):
    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
    filter_glob: StringProperty(default="*.json", options={"SKIP_SAVE", "HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Any:
        try:
            self.use(chosen(context.scene), Path(bpy.path.abspath(self.filepath)))
        except LiftPoseError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def use(self, settings: Any, path: Path) -> None:
        """Do it with the file. Raises LiftPoseError, having changed nothing."""
        raise NotImplementedError


class LiftPoseRecognise(_MapOperator):
    """Find the parts of the rig by the names of its bones, else by how they are put together"""

    bl_idname = "lift_pose.recognise"
    bl_label = "Recognise Rig"

    def execute(self, context: bpy.types.Context) -> Any:
        settings = chosen(context.scene)
        found = recognise_armature(settings.rig)
        show(settings.map, found)
        if found is None:
            self.report({"WARNING"}, f"{settings.rig.name} is not recognised: add its bones to the list.")
        return {"FINISHED"}


class LiftPoseAddPair(_MapOperator):
    """Add a bone to the map, below the chosen one"""

    bl_idname = "lift_pose.add_pair"
    bl_label = "Add Bone"

    def execute(self, context: bpy.types.Context) -> Any:
        chosen_map = chosen(context.scene).map
        pairs = chosen_map.pairs
        part = pairs[chosen_map.active].part if chosen_map.active < len(pairs) else "pelvis"
        pairs.add().part = part
        pairs.move(len(pairs) - 1, min(chosen_map.active + 1, len(pairs) - 1))
        chosen_map.active = min(chosen_map.active + 1, len(pairs) - 1)
        return {"FINISHED"}


class LiftPoseRemovePair(_MapOperator):
    """Take the chosen bone out of the map"""

    bl_idname = "lift_pose.remove_pair"
    bl_label = "Remove Bone"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        chosen_map = chosen(context.scene).map
        if not chosen_map.active < len(chosen_map.pairs):
            cls.poll_message_set("Choose a bone in the list first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Any:
        chosen_map = chosen(context.scene).map
        chosen_map.pairs.remove(chosen_map.active)
        chosen_map.active = max(0, min(chosen_map.active, len(chosen_map.pairs) - 1))
        return {"FINISHED"}


class LiftPoseSaveMap(_FileOperator):
    """Save the bone map as a file (.json) that can be loaded and shared"""

    bl_idname = "lift_pose.save_map"
    bl_label = "Save Bone Map"

    def use(self, settings: Any, path: Path) -> None:
        write_map(bone_map(settings.map), Path(bpy.path.ensure_ext(str(path), ".json")))


class LiftPoseLoadMap(_FileOperator):
    """Load a bone map (.json) for the rig"""

    bl_idname = "lift_pose.load_map"
    bl_label = "Load Bone Map"

    def use(self, settings: Any, path: Path) -> None:
        show(settings.map, matched(settings.rig.data.bones.keys(), read_map(path)))


CLASSES = (LiftPoseRecognise, LiftPoseAddPair, LiftPoseRemovePair, LiftPoseSaveMap, LiftPoseLoadMap)
