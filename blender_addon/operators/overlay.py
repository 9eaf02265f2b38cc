"""Look at what was seen: overlay, clip in an Image Editor, markers at weak places, a click on a person."""

from __future__ import annotations

from typing import Any

import bpy

from ..animation.origin import has_origin, origin_of
from ..errors import LiftPoseError
from ..properties import chosen
from ..viewing.evidence import read_evidence, weak_ranges
from ..viewing.frames import Frame, clip_size, frame_in_camera_view, frame_in_image_editor
from ..viewing.overlay import Shown, overlay
from .lift import chosen_clip, missing_clip

_MARKER = "Lift Pose: "


class LiftPoseOverlay(bpy.types.Operator):
    """Show keypoints, confidence and the lifted skeleton of the active armature's motion over the clip"""

    bl_idname = "lift_pose.overlay"
    bl_label = "Overlay"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if overlay.visible or _remembering(context) is not None:
            return True
        cls.poll_message_set("Select an armature that Lift Pose has put a motion on")
        return False

    def execute(self, context: bpy.types.Context) -> Any:
        if overlay.visible:
            overlay.hide()
        else:
            try:
                shown = _seen(context)
            except LiftPoseError as error:
                self.report({"ERROR"}, str(error))
                return {"CANCELLED"}
            overlay.show(shown)
        _redraw(context)
        return {"FINISHED"}


class LiftPoseMarkWeak(bpy.types.Operator):
    """Put timeline markers where the person was lost or seen badly; former markers of this kind go"""

    bl_idname = "lift_pose.mark_weak"
    bl_label = "Mark Weak Ranges"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if _remembering(context) is None:
            cls.poll_message_set("Select an armature that Lift Pose has put a motion on")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Any:
        try:
            shown = _seen(context)
        except LiftPoseError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        scene: Any = context.scene
        for marker in [m for m in scene.timeline_markers if m.name.startswith(_MARKER)]:
            scene.timeline_markers.remove(marker)
        ranges = weak_ranges(shown.evidence)
        for weak in ranges:
            word = "lost" if weak.lost else "weak"
            for name, time in ((word, weak.start), (f"{word} until here", weak.end)):
                scene.timeline_markers.new(_MARKER + name, frame=round(shown.frame(time)))
        self.report({"INFO"}, f"{len(ranges)} weak ranges." if ranges else "No weak range was found.")
        return {"FINISHED"}


class LiftPoseShowClip(bpy.types.Operator):
    """Show the clip in an Image Editor, in a new window where there is none, to pick a person in it"""

    bl_idname = "lift_pose.show_clip"
    bl_label = "Show Clip"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        missing = missing_clip(context)
        if missing is not None:
            cls.poll_message_set(missing)
        return missing is None and context.window is not None

    def execute(self, context: bpy.types.Context) -> Any:
        try:
            image = bpy.data.images.load(str(chosen_clip(context)), check_existing=True)
        except (LiftPoseError, RuntimeError) as error:
            self.report({"ERROR"}, f"Blender cannot show the clip: {str(error).strip()}")
            return {"CANCELLED"}
        space: Any = _image_editor(context).spaces.active
        space.image = image
        space.image_user.frame_duration = max(image.frame_duration, 1)
        space.image_user.use_auto_refresh = True
        return {"FINISHED"}


class LiftPosePickPerson(bpy.types.Operator):
    """Click the person to lift, in the camera's view or in an Image Editor that shows the clip"""

    bl_idname = "lift_pose.pick_person"
    bl_label = "Pick a Person"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    _source: str
    """Name of the clip's file."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        missing = missing_clip(context)
        if missing is not None:
            cls.poll_message_set(missing)
        return missing is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        try:
            self._source = chosen_clip(context).name
        except LiftPoseError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        context.window_manager.modal_handler_add(self)
        context.window.cursor_modal_set("CROSSHAIR")
        context.workspace.status_text_set("Click the person to lift   |   Esc: Cancel")
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        if event.type in {"ESC", "RIGHTMOUSE"}:
            return self._leave(context, {"CANCELLED"})
        if event.type != "LEFTMOUSE" or event.value != "PRESS":
            return {"PASS_THROUGH"}
        point = _clip_point(context, event, self._source)
        if point is None:
            self.report({"WARNING"}, "That is not in the clip: look through its camera, or press Show Clip.")
            return self._leave(context, {"CANCELLED"})
        settings = chosen(context.scene)
        settings.person, settings.person_point = "POINT", point
        return self._leave(context, {"FINISHED"})

    def _leave(self, context: bpy.types.Context, result: set[str]) -> set[str]:
        context.window.cursor_modal_restore()
        context.workspace.status_text_set(None)
        return result


def _clip_point(context: bpy.types.Context, event: bpy.types.Event, source: str) -> tuple[int, int] | None:
    """The pixel of the clip under the mouse, in whichever editor it is."""
    for area in context.window.screen.areas:
        region = next((r for r in area.regions if r.type == "WINDOW"), None)
        if region is None or not _inside(region, event):
            continue
        x, y = event.mouse_x - region.x, event.mouse_y - region.y
        space: Any = area.spaces.active
        with context.temp_override(area=area, region=region, space_data=space):
            frame = _frame(bpy.context, source)
        if frame is None:
            return None
        across, down = frame.to_clip(x, y)
        inside = 0 <= across < frame.size[0] and 0 <= down < frame.size[1]
        return (round(across), round(down)) if inside else None
    return None


def _frame(context: bpy.types.Context, source: str) -> Frame | None:
    """Where the clip is shown in the editor of the context."""
    space: Any = context.space_data
    if space.type == "IMAGE_EDITOR":
        return frame_in_image_editor(context, source)
    if space.type != "VIEW_3D":
        return None
    seen = overlay.shown.evidence if overlay.shown is not None else None
    size = seen.image_size if seen is not None and seen.source == source else clip_size(space.camera)
    return frame_in_camera_view(context, source, size) if size is not None else None


def _inside(region: bpy.types.Region, event: bpy.types.Event) -> bool:
    return 0 <= event.mouse_x - region.x < region.width and 0 <= event.mouse_y - region.y < region.height


def _image_editor(context: bpy.types.Context) -> bpy.types.Area:
    """An area that shows pictures, in a window of its own if need be."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "IMAGE_EDITOR":
                return area
    bpy.ops.wm.window_new()
    area = context.window_manager.windows[-1].screen.areas[0]
    area.type = "IMAGE_EDITOR"
    return area


def _remembering(context: bpy.types.Context) -> bpy.types.Action | None:
    """The active object's Action, if it remembers its Motion file."""
    data = context.object.animation_data if context.object is not None else None
    action = data.action if data is not None else None
    return action if has_origin(action) else None


def _seen(context: bpy.types.Context) -> Shown:
    """What was seen for the active armature's motion."""
    action = _remembering(context)
    assert action is not None  # as `poll` has seen
    origin = origin_of(action)
    return Shown(read_evidence(origin.motion), float(origin.start), origin.rate)


def _redraw(context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"VIEW_3D", "IMAGE_EDITOR"}:
                area.tag_redraw()


CLASSES = (LiftPoseOverlay, LiftPoseMarkWeak, LiftPoseShowClip, LiftPosePickPerson)
