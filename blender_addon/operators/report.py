"""Copy an error report."""

from __future__ import annotations

from typing import Any

import bpy

from ..report import error_report


class LiftPoseCopyReport(bpy.types.Operator):
    """Copy versions, the last message and the logs, without your name and your folders, to paste elsewhere"""

    bl_idname = "lift_pose.copy_report"
    bl_label = "Copy Error Report"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender wants a set

    def execute(self, context: bpy.types.Context) -> Any:
        context.window_manager.clipboard = error_report(context)
        self.report({"INFO"}, "The report is in the clipboard.")
        return {"FINISHED"}
