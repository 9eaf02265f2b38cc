"""The foot contacts of the rig's Action: add one, see them on the timeline, and solve the feet again."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from typing import Any

import bpy

from ..errors import LiftPoseError
from ..labels import EnumProperty
from ..properties import chosen
from ..retargeting.again import retarget_again
from ..retargeting.contacts import SIDES, add_marker
from ..retargeting.memory import is_remembered
from ..session import Outcome, session


def keyed_rig(context: bpy.types.Context) -> bpy.types.Object | None:
    """The rig in the panel, else the active object, if its Action can be solved again."""
    settings = chosen(context.scene)
    rig = settings.rig if settings.target == "RIG" else context.object
    if rig is None or rig.type != "ARMATURE" or rig.animation_data is None:
        return None
    return rig if is_remembered(rig.animation_data.action) else None


class _FeetOperator(bpy.types.Operator):
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if keyed_rig(context) is None:
            cls.poll_message_set("Put a motion on the rig first")
            return False
        return True


class LiftPoseSolveFeet(_FeetOperator):
    """Put the motion on the rig again, with feet that stand still where the markers of its Action say.
    The result is a new Action, and the old one is kept in the file"""

    bl_idname = "lift_pose.solve_feet"
    bl_label = "Solve Feet Again"

    def execute(self, context: bpy.types.Context) -> Any:
        scene: Any = context.scene
        rig: Any = keyed_rig(context)
        try:
            text = retarget_again(scene, rig).summary
        except LiftPoseError as error:
            session.outcome = Outcome(str(error), failed=True)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        session.outcome = Outcome(text)
        self.report({"INFO"}, text)
        return {"FINISHED"}


class LiftPoseMarkFoot(_FeetOperator):
    """Mark that a foot comes down to stand still at the current frame, or goes up after it"""

    bl_idname = "lift_pose.mark_foot"
    bl_label = "Mark Foot"

    side: EnumProperty(name="Foot", items=[(side, side.title(), "") for side in SIDES])
    direction: EnumProperty(
        name="Direction",
        items=[
            ("down", "Down", "The first frame in which the foot stands"),
            ("up", "Up", "The last frame in which the foot stands"),
        ],
    )

    def execute(self, context: bpy.types.Context) -> Any:
        rig: Any = keyed_rig(context)
        add_marker(rig.animation_data.action, self.side, self.direction, context.scene.frame_current)
        return {"FINISHED"}


class LiftPoseShowContacts(_FeetOperator):
    """Show the markers of the rig's Action in the Action Editor, where they are moved and deleted"""

    bl_idname = "lift_pose.show_contacts"
    bl_label = "Show Contacts"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender wants a set

    def execute(self, context: bpy.types.Context) -> Any:
        spaces: list[Any] = [
            area.spaces.active
            for window in context.window_manager.windows
            for area in window.screen.areas
            if area.type == "DOPESHEET_EDITOR"
        ]
        editors = [space for space in spaces if space.mode != "TIMELINE"]
        if not editors:
            self.report({"WARNING"}, "Open a Dope Sheet first")
            return {"CANCELLED"}
        rig: Any = keyed_rig(context)
        if context.view_layer.objects.get(rig.name) != rig:
            self.report({"WARNING"}, f"{rig.name} is in a collection that is excluded from this view layer")
            return {"CANCELLED"}
        context.view_layer.objects.active = rig
        for space in editors:
            space.mode, space.show_pose_markers = "ACTION", True
        return {"FINISHED"}


CLASSES = (LiftPoseSolveFeet, LiftPoseMarkFoot, LiftPoseShowContacts)
