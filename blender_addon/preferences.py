"""What the user has chosen in the add-on's preferences, and the folder that Blender gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from .installer.layout import Layout

ADDON = __package__ or "lift_pose"


def preferences(context: bpy.types.Context) -> Any:
    """The user's `LiftPosePreferences`, which `engine_preferences` shows."""
    return context.preferences.addons[ADDON].preferences


def chosen_python(context: bpy.types.Context) -> str:
    """The engine's Python as chosen by the user; empty when left to be found."""
    if ADDON not in context.preferences.addons:
        return ""
    choice = preferences(context)
    return bpy.path.abspath(choice.engine_python) if choice.source == "CHOSEN" else ""


def user_folder() -> Path:
    """Where the add-on may keep files; outlives updates of the add-on."""
    if ADDON.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(ADDON, create=True))
    return Path(bpy.utils.user_resource("DATAFILES", path="lift_pose", create=True))


def installer_layout() -> Layout:
    """Where the engine is installed."""
    return Layout(user_folder() / "engine")
