"""The add-on's preferences, and the folder that Blender gives it."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import StringProperty

_ADDON = __package__ or "lift_pose"


class LiftPosePreferences(bpy.types.AddonPreferences):
    bl_idname = _ADDON

    engine_python: StringProperty(
        name="Engine Python",
        description="The Python that the engine is installed in with `pip install lift-pose`. "
        "Empty: from the variable LIFT_POSE_PYTHON, else that of the command lift-pose",
        subtype="FILE_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.prop(self, "engine_python")
        self.layout.label(text=f"Log: {user_folder() / 'engine.log'}")


def chosen_python(context: bpy.types.Context) -> str:
    """The engine's Python as chosen by the user; empty when left to be found."""
    addon = context.preferences.addons.get(_ADDON)
    return bpy.path.abspath(addon.preferences.engine_python) if addon else ""


def user_folder() -> Path:
    """Where the add-on may keep files; outlives updates of the add-on."""
    if _ADDON.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(_ADDON, create=True))
    return Path(bpy.utils.user_resource("DATAFILES", path="lift_pose", create=True))
