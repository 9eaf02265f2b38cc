"""Lift Pose: from a photo or a video of a person to an animated armature."""

from __future__ import annotations

from typing import Any

import bpy

from . import command, properties, session, translations
from .batch import operators as batch_operators
from .batch import panel as batch_panel
from .batch import properties as batch_properties
from .engine_preferences import LiftPosePreferences
from .operators import bone_map, clip, engine, feet, overlay, presets
from .operators.build import LiftPoseBuild
from .operators.cancel import LiftPoseCancel
from .operators.lift import LiftPoseLift
from .operators.pose import LiftPosePose
from .operators.probe import LiftPoseProbe
from .operators.report import LiftPoseCopyReport
from .panels import (
    LiftPoseBoneList,
    LiftPoseClipPanel,
    LiftPoseEnginePanel,
    LiftPoseFeetPanel,
    LiftPoseKeysPanel,
    LiftPoseLookPanel,
    LiftPoseMainPanel,
    LiftPosePhotoPanel,
    LiftPoseRigPanel,
    LiftPoseScenePanel,
)
from .properties import LiftPoseSettings
from .rigs import chosen_map
from .viewing import overlay as drawing

_CLASSES = (
    LiftPosePreferences,
    *chosen_map.CLASSES,
    LiftPoseSettings,
    *bone_map.CLASSES,
    *engine.CLASSES,
    *clip.CLASSES,
    *presets.CLASSES,
    *overlay.CLASSES,
    LiftPoseCopyReport,
    *feet.CLASSES,
    *batch_properties.CLASSES,
    *batch_operators.CLASSES,
    LiftPoseLift,
    LiftPoseProbe,
    LiftPoseCancel,
    LiftPoseBuild,
    LiftPosePose,
    LiftPoseBoneList,
    LiftPoseMainPanel,
    LiftPoseRigPanel,
    LiftPoseFeetPanel,
    LiftPosePhotoPanel,
    LiftPoseClipPanel,
    LiftPoseEnginePanel,
    LiftPoseKeysPanel,
    LiftPoseLookPanel,
    LiftPoseScenePanel,
    *batch_panel.CLASSES,
)
_registered_command: Any = None


def register() -> None:
    """Called by Blender when the add-on is enabled."""
    global _registered_command
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    properties.attach()
    batch_properties.attach()
    _registered_command = bpy.utils.register_cli_command(command.NAME, command.main)
    session.register()
    translations.register()


def unregister() -> None:
    """Called by Blender when the add-on is disabled: everything in the reverse order."""
    translations.unregister()
    drawing.overlay.hide()
    session.unregister()
    bpy.utils.unregister_cli_command(_registered_command)
    batch_properties.detach()
    properties.detach()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
