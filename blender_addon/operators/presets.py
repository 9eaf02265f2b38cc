"""Presets of the panel's settings: save, use, delete."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from typing import Any

import bpy

from ..errors import LiftPoseError
from ..labels import CONTEXT, StringProperty
from ..presets import preset_file, preset_files, read_preset, write_preset
from ..properties import chosen


class _PresetOperator(bpy.types.Operator):
    preset: StringProperty(name="Name", description="The preset's name", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Any:
        try:
            self.use(chosen(context.scene))
        except LiftPoseError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def use(self, settings: Any) -> None:
        """Do it with the preset. Raises LiftPoseError, having changed nothing."""
        raise NotImplementedError


class LiftPoseSavePreset(_PresetOperator):
    """Keep the settings under a name; clip, range, person and rig are not part of it"""

    bl_idname = "lift_pose.save_preset"
    bl_label = "Save Preset"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender wants a set

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        return context.window_manager.invoke_props_dialog(self)

    def use(self, settings: Any) -> None:
        write_preset(settings, preset_file(self.preset))


class LiftPoseUsePreset(_PresetOperator):
    """Take the settings of this preset"""

    bl_idname = "lift_pose.use_preset"
    bl_label = "Use Preset"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    def use(self, settings: Any) -> None:
        read_preset(settings, preset_file(self.preset))


class LiftPoseDeletePreset(_PresetOperator):
    """Delete this preset"""

    bl_idname = "lift_pose.delete_preset"
    bl_label = "Delete Preset"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender wants a set

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        return context.window_manager.invoke_confirm(self, event)

    def use(self, settings: Any) -> None:
        preset_file(self.preset).unlink(missing_ok=True)


class LiftPosePresets(bpy.types.Menu):
    bl_idname = "VIEW3D_MT_lift_pose_presets"
    bl_label = "Presets"
    bl_translation_context = CONTEXT

    def draw(self, context: bpy.types.Context | None) -> None:
        names = [path.stem for path in preset_files()]
        for name in names:
            row = self.layout.row(align=True)
            use: Any = row.operator(LiftPoseUsePreset.bl_idname, text=name, translate=False)
            delete: Any = row.operator(LiftPoseDeletePreset.bl_idname, text="", icon="TRASH")
            use.preset = delete.preset = name
        if names:
            self.layout.separator()
        self.layout.operator(LiftPoseSavePreset.bl_idname, icon="ADD")


CLASSES = (LiftPoseSavePreset, LiftPoseUsePreset, LiftPoseDeletePreset, LiftPosePresets)
