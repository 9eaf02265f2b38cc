"""The panel Batch: what to lift, and the table of clips."""

from __future__ import annotations

from typing import Any

import bpy

from ..labels import CONTEXT
from ..panels import LiftPoseMainPanel, draw_text
from ..session import session
from .operators import LiftPoseBatchCancel, LiftPoseBatchStart
from .properties import chosen_batch, table

_ICONS: dict[str, Any] = {"waiting": "TIME", "working": "PLAY", "done": "CHECKMARK", "failed": "ERROR"}


class LiftPoseBatchList(bpy.types.UIList):
    bl_idname = "VIEW3D_UL_lift_pose_batch"

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
        split = layout.split(factor=0.55)
        warned = item.state == "done" and item.text
        state: Any = "INFO" if warned else _ICONS.get(item.state, "BLANK1")
        split.label(text=item.name, translate=False, icon=state)
        if item.state == "working":
            split.progress(factor=item.fraction, text=item.text)
        else:
            row = split.row()
            row.alert = item.state == "failed"
            row.label(text=item.state)


class LiftPoseBatchPanel(bpy.types.Panel):
    bl_idname = "VIEW3D_PT_lift_pose_batch"
    bl_label = "Batch"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Lift Pose"
    bl_translation_context = CONTEXT
    bl_parent_id = LiftPoseMainPanel.bl_idname
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender wants a set

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = chosen_batch(context)
        layout.prop(settings, "source")
        column = layout.column()
        if settings.source == "JOBS":
            column.prop(settings, "jobs")
        else:
            for name in ("clips", "rig", "output", "kind", "everybody"):
                column.prop(settings, name)
        column.prop(settings, "at_once")
        batch = session.batch
        if batch is not None and not batch.finished:
            layout.operator(LiftPoseBatchCancel.bl_idname, icon="CANCEL")
        else:
            layout.operator(LiftPoseBatchStart.bl_idname, icon="RENDER_ANIMATION")
        if batch is not None:
            _draw_table(layout, context)
            if batch.error:
                draw_text(layout.box(), context, batch.error, failed=True)
            elif batch.report is not None:
                row = layout.row()
                row.label(text=batch.summary)
                report: Any = row.operator("wm.path_open", text="Open Report", icon="FILE_TEXT")
                report.filepath = str(batch.report)


def _draw_table(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    shown = table(context)
    layout.template_list(LiftPoseBatchList.bl_idname, "", shown, "clips", shown, "active", rows=5)
    if 0 <= shown.active < len(shown.clips) and shown.clips[shown.active].state != "working":
        clip = shown.clips[shown.active]
        if clip.text:
            draw_text(layout.box(), context, f"{clip.name}: {clip.text}", clip.state == "failed")


CLASSES = (LiftPoseBatchList, LiftPoseBatchPanel)
