"""Cancel the job at work."""

from __future__ import annotations

from typing import Any

import bpy

from ..session import session


class LiftPoseCancel(bpy.types.Operator):
    """Stop the engine's work on the clip; nothing in the scene changes"""

    bl_idname = "lift_pose.cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if session.job is None:
            cls.poll_message_set("Lift Pose is not at work")
        return session.job is not None

    def execute(self, context: bpy.types.Context) -> Any:
        session.cancel()
        return {"FINISHED"}
