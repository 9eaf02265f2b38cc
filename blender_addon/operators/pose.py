"""Put one frame of a Motion file on the rig, as a pose."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ..errors import LiftPoseError
from ..labels import IntProperty, StringProperty
from ..motion_file import read_motion
from ..properties import chosen
from ..session import Outcome, session
from .placing import chosen_place, put_into_scene


class LiftPosePose(bpy.types.Operator):
    """Pose the rig as the person stands in one frame of a Motion file (.npz)"""

    bl_idname = "lift_pose.pose"
    bl_label = "Pose from Motion File"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
    filter_glob: StringProperty(default="*.npz", options={"SKIP_SAVE", "HIDDEN"})
    frame: IntProperty(
        name="Frame", description="Of the clip, counted from 0; the nearest with a person", min=0
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        settings = chosen(context.scene)
        if settings.target != "RIG" or settings.rig is None:
            cls.poll_message_set("Choose a rig first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Any:
        try:
            motion = read_motion(Path(bpy.path.abspath(self.filepath))).nearest(self.frame)
            text = put_into_scene(context, chosen_place(context), motion, None)
        except LiftPoseError as error:
            session.outcome = Outcome(str(error), failed=True)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        session.outcome = Outcome(text)
        self.report({"INFO"}, text)
        return {"FINISHED"}
