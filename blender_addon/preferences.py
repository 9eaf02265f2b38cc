"""The add-on's preferences, and the folder that Blender gives it."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import EnumProperty, StringProperty

from .installer.layout import Layout
from .installer.locks import devices

_ADDON = __package__ or "lift_pose"
_DEVICES = {
    "cpu": ("CPU", "Runs everywhere"),
    "cuda": ("CUDA", "For an NVIDIA graphics card; several times the download"),
    "metal": ("Apple", "CPU and graphics of an Apple computer"),
}
_DEVICE_ITEMS = [(device, *_DEVICES[device]) for device in devices()]


class LiftPosePreferences(bpy.types.AddonPreferences):
    bl_idname = _ADDON

    source: EnumProperty(
        name="Engine",
        description="Where the engine is",
        items=[
            ("OWN", "Lift Pose's Own", "In a folder of the extension, installed from here"),
            ("CHOSEN", "An Environment of Yours", "A Python with the package lift-pose in it"),
        ],
    )
    engine_python: StringProperty(
        name="Engine Python",
        description="The Python that the engine is installed in with `pip install lift-pose`. "
        "Empty: from the variable LIFT_POSE_PYTHON, else that of the command lift-pose",
        subtype="FILE_PATH",
    )
    install_device: EnumProperty(
        name="Device",
        description="What the engine is to compute on",
        items=_DEVICE_ITEMS,
    )
    base_python: StringProperty(
        name="Base Python",
        description="A Python 3.11 to build upon. Empty: one that is found, else one that is downloaded",
        subtype="FILE_PATH",
    )
    wheels: StringProperty(
        name="Folder of Wheels",
        description="A folder with all packages, to install without a network. Empty: from the package index",
        subtype="DIR_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        from .engine_settings import draw  # the session, which it shows, needs these preferences

        draw(self, self.layout)


def preferences(context: bpy.types.Context) -> Any:
    """The user's `LiftPosePreferences`."""
    return context.preferences.addons[_ADDON].preferences


def chosen_python(context: bpy.types.Context) -> str:
    """The engine's Python as chosen by the user; empty when left to be found."""
    if _ADDON not in context.preferences.addons:
        return ""
    choice = preferences(context)
    return bpy.path.abspath(choice.engine_python) if choice.source == "CHOSEN" else ""


def user_folder() -> Path:
    """Where the add-on may keep files; outlives updates of the add-on."""
    if _ADDON.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(_ADDON, create=True))
    return Path(bpy.utils.user_resource("DATAFILES", path="lift_pose", create=True))


def installer_layout() -> Layout:
    """Where the engine is installed."""
    return Layout(user_folder() / "engine")
