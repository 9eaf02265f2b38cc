"""Build a Motion file, which the engine or the command line wrote, into the scene."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from ..errors import LiftPoseError
from ..motion_file import Motion, read_motion
from ..properties import chosen as chosen_settings
from ..session import Outcome, session
from .placing import chosen_place, missing_target, put_into_scene


class LiftPoseBuild(bpy.types.Operator):
    """Make an animated armature from a Motion file (.npz)"""

    bl_idname = "lift_pose.build"
    bl_label = "Build Motion File"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
    filter_glob: StringProperty(default="*.npz", options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        missing = missing_target(context)
        if missing is not None:
            cls.poll_message_set(missing)
        return missing is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Any:
        path = Path(bpy.path.abspath(self.filepath))
        try:
            motion = read_motion(path)
            text = put_into_scene(context, chosen_place(context), motion, _find_clip(context, path, motion))
        except LiftPoseError as error:
            session.outcome = Outcome(str(error), failed=True)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        session.outcome = Outcome(text)
        self.report({"INFO"}, text)
        return {"FINISHED"}


def _find_clip(context: bpy.types.Context, motion_file: Path, motion: Motion) -> Path | None:
    """The motion's clip: the one in the panel if it has the name, else beside the Motion file."""
    chosen = Path(bpy.path.abspath(chosen_settings(context.scene).input))
    candidates = (chosen, motion_file.with_name(motion.source))
    return next((path for path in candidates if path.name == motion.source and path.exists()), None)
