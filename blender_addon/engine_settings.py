"""What the preferences show of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from .engine.state import Condition
from .operators.cancel import LiftPoseCancel
from .operators.engine import (
    LiftPoseInstallEngine,
    LiftPoseRemoveEngine,
    LiftPoseStopEngine,
    LiftPoseTestEngine,
)
from .preferences import installer_layout, user_folder
from .session import session

if TYPE_CHECKING:
    from .preferences import LiftPosePreferences

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


def draw(choice: LiftPosePreferences, layout: bpy.types.UILayout) -> None:
    """The engine's state, what can be done about it, and the choices."""
    state = session.engine_state(bpy.context)
    box = layout.box()
    if session.job is None or not session.installing:
        box.label(text=f"{state.condition.value}. {state.text}", icon=_ICONS[state.condition])
    else:
        box.label(text="Installing", icon="IMPORT")
    if session.job is not None:
        box.progress(factor=session.job.fraction, text=session.job.description)
        box.operator(LiftPoseCancel.bl_idname, icon="CANCEL")
    elif session.outcome is not None:
        box.label(text=session.outcome.text, icon="ERROR" if session.outcome.failed else "INFO")
    row = box.row(align=True)
    if choice.source == "OWN":
        row.operator(LiftPoseInstallEngine.bl_idname, text=_VERBS[state.condition])
    row.operator(LiftPoseTestEngine.bl_idname)
    row.operator(LiftPoseStopEngine.bl_idname)
    row.operator(LiftPoseRemoveEngine.bl_idname, text="Remove")
    column = layout.column()
    column.use_property_split = True
    column.prop(choice, "source")
    if choice.source == "OWN":
        column.prop(choice, "install_device")
        column.prop(choice, "base_python")
        column.prop(choice, "wheels")
        layout.label(text=f"Folder: {installer_layout().folder}")
    else:
        column.prop(choice, "engine_python")
    layout.label(text=f"Log: {user_folder() / 'engine.log'}")
