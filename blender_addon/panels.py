"""The sidebar tab Lift Pose in the 3D view."""

from __future__ import annotations

import textwrap

import bpy

from .operators.build import LiftPoseBuild
from .operators.cancel import LiftPoseCancel
from .operators.lift import LiftPoseLift
from .operators.probe import LiftPoseProbe
from .properties import chosen
from .session import session

_LETTER = 7.4  # pixels that a letter of the panel is wide, at scale 1


class _Panel(bpy.types.Panel):
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Lift Pose"


class LiftPoseMainPanel(_Panel):
    bl_idname = "VIEW3D_PT_lift_pose"
    bl_label = "Lift Pose"

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, chosen(context.scene)
        row = layout.row(align=True)
        row.prop(settings, "input", text="", placeholder="Photo or video")
        row.operator(LiftPoseProbe.bl_idname, text="", icon="VIEWZOOM")
        layout.prop(settings, "target", text="")
        if session.job is None:
            button = layout.row()
            button.scale_y = 1.8
            button.operator(LiftPoseLift.bl_idname, icon="ARMATURE_DATA")
        else:
            layout.progress(factor=session.job.fraction, text=session.job.description)
            layout.operator(LiftPoseCancel.bl_idname, icon="CANCEL")
        if session.outcome is not None:
            _draw_text(layout.box(), context, session.outcome.text, session.outcome.failed)


class LiftPoseClipPanel(_Panel):
    bl_idname = "VIEW3D_PT_lift_pose_clip"
    bl_label = "Clip"
    bl_parent_id = LiftPoseMainPanel.bl_idname
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, chosen(context.scene)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "person")
        if settings.person == "INDEX":
            layout.prop(settings, "person_index")
        elif settings.person == "POINT":
            layout.prop(settings, "person_point")
        layout.prop(settings, "height")
        layout.prop(settings, "use_range")
        if settings.use_range:
            column = layout.column(align=True)
            column.prop(settings, "start")
            column.prop(settings, "end")
            column.prop(settings, "step")
        layout.prop(settings, "use_fov")
        if settings.use_fov:
            layout.prop(settings, "fov")


class LiftPoseEnginePanel(_Panel):
    bl_idname = "VIEW3D_PT_lift_pose_engine"
    bl_label = "Engine"
    bl_parent_id = LiftPoseMainPanel.bl_idname
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, chosen(context.scene)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "detector")
        layout.prop(settings, "device")
        layout.prop(settings, "smoothing")


class LiftPoseScenePanel(_Panel):
    bl_idname = "VIEW3D_PT_lift_pose_scene"
    bl_label = "Scene"
    bl_parent_id = LiftPoseMainPanel.bl_idname
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, chosen(context.scene)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "match")
        layout.prop(settings, "start_frame")
        layout.operator(LiftPoseBuild.bl_idname, icon="FILE_FOLDER")


def _draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, failed: bool) -> None:
    """Labels do not break lines by themselves."""
    letters = int(context.region.width / (_LETTER * context.preferences.system.ui_scale))
    column = layout.column(align=True)
    column.alert = failed
    for index, line in enumerate(textwrap.wrap(text, max(letters - 6, 16))):
        column.label(text=line, icon=("ERROR" if failed else "INFO") if index == 0 else "BLANK1")
