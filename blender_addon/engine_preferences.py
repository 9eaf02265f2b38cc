"""The add-on's preferences: where the engine is, and what can be done about it."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from typing import Any

import bpy

from .engine.state import Condition
from .installer.locks import devices
from .labels import EnumProperty, StringProperty, translated
from .operators.cancel import LiftPoseCancel
from .operators.engine import (
    LiftPoseInstallEngine,
    LiftPoseRemoveEngine,
    LiftPoseStopEngine,
    LiftPoseTestEngine,
)
from .preferences import ADDON, installer_layout, user_folder
from .session import session

_ICONS: dict[Condition, Any] = {
    Condition.NOT_INSTALLED: "IMPORT",
    Condition.READY: "CHECKMARK",
    Condition.UPDATE_NEEDED: "FILE_REFRESH",
    Condition.BROKEN: "ERROR",
}
_VERBS = {
    Condition.NOT_INSTALLED: "Install...",
    Condition.READY: "Reinstall...",
    Condition.UPDATE_NEEDED: "Update...",
    Condition.BROKEN: "Repair...",
}
_DEVICES = {
    "cpu": ("CPU", "Runs everywhere"),
    "cuda": ("CUDA", "For an NVIDIA graphics card; several times the download"),
    "metal": ("Apple", "CPU and graphics of an Apple computer"),
}
_DEVICE_ITEMS = [(device, *_DEVICES[device]) for device in devices()]


class LiftPosePreferences(bpy.types.AddonPreferences):
    bl_idname = ADDON

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
        """The engine's state, what can be done about it, and the choices."""
        state, layout = session.engine_state(context), self.layout
        box = layout.box()
        if session.job is None or not session.installing:
            box.label(text=f"{translated(state.condition.value)}. {state.text}", icon=_ICONS[state.condition])
        else:
            box.label(text="Installing", icon="IMPORT")
        if session.job is not None:
            box.progress(factor=session.job.fraction, text=session.job.description)
            box.operator(LiftPoseCancel.bl_idname, icon="CANCEL")
        elif session.outcome is not None:
            box.label(text=session.outcome.text, icon="ERROR" if session.outcome.failed else "INFO")
        row = box.row(align=True)
        if self.source == "OWN":
            row.operator(LiftPoseInstallEngine.bl_idname, text=_VERBS[state.condition])
        row.operator(LiftPoseTestEngine.bl_idname)
        row.operator(LiftPoseStopEngine.bl_idname)
        row.operator(LiftPoseRemoveEngine.bl_idname, text="Remove")
        column = layout.column()
        column.use_property_split = True
        column.prop(self, "source")
        if self.source == "OWN":
            column.prop(self, "install_device")
            column.prop(self, "base_python")
            column.prop(self, "wheels")
            layout.label(text=translated("Folder: {}").format(installer_layout().folder))
        else:
            column.prop(self, "engine_python")
        layout.label(text=translated("Log: {}").format(user_folder() / "engine.log"))
