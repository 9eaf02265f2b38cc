"""What all operators that wait for the engine have in common."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import bpy

from ..engine.job import Job
from ..errors import LiftPoseError
from ..session import Outcome, session

_TICK = 0.05  # seconds between two looks at what the engine has said
_SHOWING = {"VIEW_3D": "UI", "PREFERENCES": "WINDOW"}  # the regions that show a job

_log = logging.getLogger(__name__)

if TYPE_CHECKING:
    _Operator = bpy.types.Operator
else:
    _Operator = object


class JobOperator(_Operator):
    """Starts a job of the engine and finishes it in Blender.

    Modal: Blender goes on while the engine works; Esc cancels. Without a window it waits for the end.
    Subclasses say what to ask for and what to do with the answer.
    """

    _job: Job
    _timer: bpy.types.Timer | None = None
    _workspace: bpy.types.WorkSpace | None = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if session.job is not None:
            cls.poll_message_set("Lift Pose is at work")
            return False
        return True

    def request(self, context: bpy.types.Context) -> Job:
        """Send the request. Raises LiftPoseError when it cannot be made."""
        raise NotImplementedError

    def finish(self, context: bpy.types.Context, result: dict[str, Any]) -> str:
        """Use the result; returns what to tell the user. Raises LiftPoseError, having changed nothing."""
        raise NotImplementedError

    def clean_up(self) -> None:
        """Called at the end of the job, whatever its end."""

    def execute(self, context: bpy.types.Context) -> Any:
        session.outcome = None
        try:
            self._job = session.job = self.request(context)
        except LiftPoseError as error:
            return self._fail(error)
        if bpy.app.background or context.window is None:
            return self._wait(context)
        manager, window = context.window_manager, context.window.parent or context.window
        self._timer = manager.event_timer_add(_TICK, window=window)
        with context.temp_override(window=window):  # so that the Preferences may be closed meanwhile
            manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        if event.type == "ESC" and event.value == "PRESS":
            session.cancel()
            return {"RUNNING_MODAL"}
        if event.type == "TIMER":
            before = self._job.description
            session.poll()
            if self._job.finished:
                return self._end(context)
            if self._job.description != before:
                self._show_progress(context)
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file is loaded, or its window is closed."""
        session.cancel()
        self._leave(context)

    def _wait(self, context: bpy.types.Context) -> Any:
        while not self._job.finished:
            try:
                time.sleep(_TICK)
                session.poll()
            except KeyboardInterrupt:
                session.cancel()
        return self._end(context)

    def _end(self, context: bpy.types.Context) -> Any:
        job = self._job
        try:
            for warning in job.warnings:
                self.report({"WARNING"}, warning)
            if job.error is not None:
                return self._fail(job.error)
            if job.result is None:
                session.outcome = Outcome("Cancelled.")
                return {"CANCELLED"}
            text = self.finish(context, job.result)
        except LiftPoseError as error:
            return self._fail(error)
        finally:
            self._leave(context)
        session.outcome = Outcome(text)
        self.report({"INFO"}, text)
        return {"FINISHED"}

    def _fail(self, error: LiftPoseError) -> Any:
        _log.warning("%s", error)
        session.outcome = Outcome(str(error), failed=True)
        self.report({"ERROR"}, str(error))
        return {"CANCELLED"}

    def _leave(self, context: bpy.types.Context) -> None:
        session.job = None
        self.clean_up()
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        self._clear_status()
        redraw_panels(context)

    def _clear_status(self) -> None:
        if self._workspace is not None:
            with suppress(ReferenceError):  # the user has deleted it
                self._workspace.status_text_set(None)
            self._workspace = None

    def _show_progress(self, context: bpy.types.Context) -> None:
        if self._workspace != context.workspace:
            self._clear_status()
        self._workspace = context.workspace
        self._workspace.status_text_set(f"{self.bl_label}: {self._job.description}   |   Esc: Cancel")
        redraw_panels(context)


def redraw_panels(context: bpy.types.Context) -> None:
    """Let the sidebars and the Preferences in all windows show what is new."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if _SHOWING.get(area.type) == region.type:
                    region.tag_redraw()
