"""Choose a clip: dropped into the 3D view, or from those of late."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from ..labels import CONTEXT
from ..properties import chosen
from ..recent import recent_clips
from ..session import session

# What phones, cameras and web pages give; whatever else the engine reads can be named in the panel.
_EXTENSIONS = (
    ".mp4;.mov;.m4v;.mkv;.webm;.avi;.mts;.m2ts;.mpg;.mpeg;.wmv;.3gp;"
    ".jpg;.jpeg;.png;.webp;.tif;.tiff;.bmp;.heic;.heif"
)


class LiftPoseChooseClip(bpy.types.Operator):
    """Choose this photo or video, and look at what is in it"""

    bl_idname = "lift_pose.choose_clip"
    bl_label = "Lift Pose from This Clip"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Any:
        if not self.filepath:
            self.report({"ERROR"}, "No file was given.")
            return {"CANCELLED"}
        chosen(context.scene).input = self.filepath
        if session.job is None and session.engine_state(context).python and not bpy.app.background:
            operators: Any = bpy.ops
            operators.lift_pose.probe("INVOKE_DEFAULT")
        return {"FINISHED"}


class LiftPoseDrop(bpy.types.FileHandler):
    """Photos and videos may be dropped into the 3D view"""

    bl_idname = "VIEW3D_FH_lift_pose"
    bl_label = "Photo or video for Lift Pose"
    bl_import_operator = LiftPoseChooseClip.bl_idname
    bl_file_extensions = _EXTENSIONS

    @classmethod
    def poll_drop(cls, context: bpy.types.Context | None) -> bool:
        return context is not None and context.area is not None and context.area.type == "VIEW_3D"


class LiftPoseRecentClips(bpy.types.Menu):
    bl_idname = "VIEW3D_MT_lift_pose_recent"
    bl_label = "Recent Clips"
    bl_translation_context = CONTEXT

    def draw(self, context: bpy.types.Context | None) -> None:
        paths = recent_clips()
        for path in paths:
            row = self.layout.row()
            row.enabled = Path(path).exists()
            operator: Any = row.operator(LiftPoseChooseClip.bl_idname, text=Path(path).name, translate=False)
            operator.filepath = path
        if not paths:
            self.layout.label(text="None yet")


CLASSES = (LiftPoseChooseClip, LiftPoseDrop, LiftPoseRecentClips)
