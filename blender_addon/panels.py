"""The sidebar tab Lift Pose in the 3D view."""

from __future__ import annotations

import textwrap
from typing import Any

import bpy

from .labels import CONTEXT, translated
from .operators.bone_map import (
    LiftPoseAddPair,
    LiftPoseLoadMap,
    LiftPoseRecognise,
    LiftPoseRemovePair,
    LiftPoseSaveMap,
)
from .operators.build import LiftPoseBuild
from .operators.cancel import LiftPoseCancel
from .operators.clip import LiftPoseRecentClips
from .operators.feet import LiftPoseMarkFoot, LiftPoseShowContacts, LiftPoseSolveFeet, keyed_rig
from .operators.lift import LiftPoseLift
from .operators.overlay import LiftPoseMarkWeak, LiftPoseOverlay, LiftPosePickPerson, LiftPoseShowClip
from .operators.pose import LiftPosePose
from .operators.presets import LiftPosePresets
from .operators.probe import LiftPoseProbe
from .operators.report import LiftPoseCopyReport
from .properties import chosen, reads_file
from .retargeting.contacts import SIDES
from .session import session
from .viewing.overlay import overlay

_LETTER = 7.4  # pixels that a letter of the panel is wide, at scale 1


class _Panel(bpy.types.Panel):
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Lift Pose"
    bl_translation_context = CONTEXT


class LiftPoseMainPanel(_Panel):
    bl_idname = "VIEW3D_PT_lift_pose"
    bl_label = "Lift Pose"

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, chosen(context.scene)
        row = layout.row(align=True)
        row.prop(settings, "input", text="", placeholder="Photo or video")
        row.operator(LiftPoseProbe.bl_idname, text="", icon="VIEWZOOM")
        row.menu(LiftPoseRecentClips.bl_idname, text="", icon="RECOVER_LAST")
        row.menu(LiftPosePresets.bl_idname, text="", icon="PRESET")
        layout.prop(settings, "target", text="")
        if settings.target == "RIG":
            layout.prop(settings, "rig", text="", placeholder="Rig")
        if session.job is None and not session.engine_state(context).python:
            layout.label(text="The engine is not installed yet", icon="INFO")
            layout.operator("preferences.addon_show", text="Install Engine...").module = __package__
        elif session.job is None:
            button = layout.row()
            button.scale_y = 1.8
            button.operator(LiftPoseLift.bl_idname, icon="ARMATURE_DATA")
        else:
            layout.progress(factor=session.job.fraction, text=session.job.description)
            layout.operator(LiftPoseCancel.bl_idname, icon="CANCEL")
        if session.outcome is not None:
            draw_text(layout.box(), context, session.outcome.text, session.outcome.failed)
            if session.outcome.failed:
                layout.operator(LiftPoseCopyReport.bl_idname, icon="COPYDOWN")


class LiftPoseBoneList(bpy.types.UIList):
    bl_idname = "VIEW3D_UL_lift_pose_bones"

    def draw_item(
        self,
        context: bpy.types.Context | None,
        layout: bpy.types.UILayout,
        data: Any,
        item: Any,
        icon: int | None,
        active_data: Any,
        active_property: str | None,
        index: int | None = 0,
        flt_flag: int | None = 0,
    ) -> None:
        row = layout.split(factor=0.4, align=True)
        row.prop(item, "part", text="", emboss=False)
        bones = chosen(context.scene).rig.data
        row.alert = item.bone not in bones.bones
        row.prop_search(item, "bone", bones, "bones", text="")


class LiftPoseRigPanel(_Panel):
    bl_idname = "VIEW3D_PT_lift_pose_rig"
    bl_label = "Rig"
    bl_parent_id = LiftPoseMainPanel.bl_idname

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        settings = chosen(context.scene)
        return settings.target == "RIG" and settings.rig is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, chosen(context.scene)
        found = settings.map
        row = layout.row(align=True)
        row.label(text=f"{found.label}: {found.score:.0%}" if found.label else "Not recognised")
        row.operator(LiftPoseRecognise.bl_idname, text="", icon="FILE_REFRESH")
        row.operator(LiftPoseLoadMap.bl_idname, text="", icon="FILE_FOLDER")
        row.operator(LiftPoseSaveMap.bl_idname, text="", icon="FILE_TICK")
        if found.missing:
            draw_text(layout.box(), context, translated("Not found: {}").format(found.missing), False)
        row = layout.row()
        row.template_list(LiftPoseBoneList.bl_idname, "", found, "pairs", found, "active", rows=6)
        column = row.column(align=True)
        column.operator(LiftPoseAddPair.bl_idname, text="", icon="ADD")
        column.operator(LiftPoseRemovePair.bl_idname, text="", icon="REMOVE")
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "root")
        column.prop(settings, "in_place")
        row = column.row()
        row.active = any(pair.part.startswith("ik:") for pair in found.pairs)
        row.prop(settings, "use_ik")
        column.prop(settings, "feet")


class _SettingsPanel(_Panel):
    """A folded panel below the main one, with a column of settings."""

    bl_parent_id = LiftPoseMainPanel.bl_idname
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        self.draw_settings(layout, chosen(context.scene))

    def draw_settings(self, layout: bpy.types.UILayout, settings: Any) -> None:
        raise NotImplementedError


class LiftPoseFeetPanel(_Panel):
    bl_idname = "VIEW3D_PT_lift_pose_feet"
    bl_label = "Foot Contacts"
    bl_parent_id = LiftPoseMainPanel.bl_idname
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return keyed_rig(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        for side in SIDES:
            row = layout.row(align=True)
            row.label(text=f"{side.title()} Foot")
            for direction in ("down", "up"):
                mark: Any = row.operator(LiftPoseMarkFoot.bl_idname, text=direction.title())
                mark.side, mark.direction = side, direction
        layout.operator(LiftPoseShowContacts.bl_idname, icon="PMARKER_ACT")
        layout.operator(LiftPoseSolveFeet.bl_idname, icon="FILE_REFRESH")


class LiftPosePhotoPanel(_SettingsPanel):
    bl_idname = "VIEW3D_PT_lift_pose_photo"
    bl_label = "From a Photo"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return LiftPoseRigPanel.poll(context)

    def draw_settings(self, layout: bpy.types.UILayout, settings: Any) -> None:
        layout.prop(settings, "photo_heading")
        layout.prop(settings, "photo_keyed")
        layout.prop(settings, "photo_asset")
        layout.operator(LiftPosePose.bl_idname, icon="POSE_HLT")


class LiftPoseClipPanel(_SettingsPanel):
    bl_idname = "VIEW3D_PT_lift_pose_clip"
    bl_label = "Clip"

    def draw_settings(self, layout: bpy.types.UILayout, settings: Any) -> None:
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


class LiftPoseLookPanel(_SettingsPanel):
    bl_idname = "VIEW3D_PT_lift_pose_look"
    bl_label = "Look"

    def draw_settings(self, layout: bpy.types.UILayout, settings: Any) -> None:
        layout.operator(LiftPoseOverlay.bl_idname, icon="OVERLAY", depress=overlay.visible)
        layout.operator(LiftPoseMarkWeak.bl_idname, icon="MARKER")
        layout.operator(LiftPoseShowClip.bl_idname, icon="IMAGE")
        layout.operator(LiftPosePickPerson.bl_idname, icon="EYEDROPPER")


class LiftPoseEnginePanel(_SettingsPanel):
    bl_idname = "VIEW3D_PT_lift_pose_engine"
    bl_label = "Engine"

    def draw_settings(self, layout: bpy.types.UILayout, settings: Any) -> None:
        layout.prop(settings, "detector")
        if reads_file(settings.detector):
            layout.prop(settings, "detector_weights")
        layout.prop(settings, "device")
        layout.prop(settings, "smoothing")


class LiftPoseKeysPanel(_SettingsPanel):
    bl_idname = "VIEW3D_PT_lift_pose_keys"
    bl_label = "Keys"

    def draw_settings(self, layout: bpy.types.UILayout, settings: Any) -> None:
        layout.prop(settings, "destination")
        if settings.destination == "APPEND":
            layout.prop(settings, "keep_going")
        layout.prop(settings, "use_reduction")
        if settings.use_reduction:
            layout.prop(settings, "joint_error")


class LiftPoseScenePanel(_SettingsPanel):
    bl_idname = "VIEW3D_PT_lift_pose_scene"
    bl_label = "Scene"

    def draw_settings(self, layout: bpy.types.UILayout, settings: Any) -> None:
        layout.prop(settings, "match")
        row = layout.row()
        row.active = settings.destination != "APPEND"
        row.prop(settings, "start_frame")
        layout.operator(LiftPoseBuild.bl_idname, icon="FILE_FOLDER")


def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, failed: bool) -> None:
    """Labels do not break lines by themselves."""
    letters = int(context.region.width / (_LETTER * context.preferences.system.ui_scale))
    column = layout.column(align=True)
    column.alert = failed
    for index, line in enumerate(textwrap.wrap(text, max(letters - 6, 16))):
        column.label(text=line, icon=("ERROR" if failed else "INFO") if index == 0 else "BLANK1")
