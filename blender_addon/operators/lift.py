"""Lift Pose: from the clip in the panel to an animated armature."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy

from ..animation.origin import needs
from ..engine.job import Job
from ..errors import InvalidInput, LiftPoseError
from ..motion_file import read_motion
from ..preferences import user_folder
from ..properties import chosen, engine_settings
from ..recent import remember
from ..session import session
from .job import JobOperator
from .placing import Place, chosen_place, missing_target, put_into_scene


class LiftPoseLift(JobOperator, bpy.types.Operator):
    """Turn the clip into an animated armature, seen through the clip's camera"""

    bl_idname = "lift_pose.lift"
    bl_label = "Lift Pose"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    _media: Path
    _place: Place
    _output: Path

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        missing = missing_clip(context) or missing_target(context)
        if missing is not None:
            cls.poll_message_set(missing)
        return missing is None and super().poll(context)

    def request(self, context: bpy.types.Context) -> Job:
        settings = chosen(context.scene)
        self._media = chosen_clip(context)
        self._place = chosen_place(context)
        self._output = _new_motion_file()
        return session.engine(context).submit(
            "lift", input=str(self._media), output=str(self._output), settings=engine_settings(settings)
        )

    def finish(self, context: bpy.types.Context, result: dict[str, Any]) -> str:
        remember(str(self._media))
        motion = read_motion(self._output)
        try:
            summary = put_into_scene(context, self._place, motion, self._media)
        except LiftPoseError as error:
            kept = f"{error.advice} The motion is kept in {self._output}.".strip()
            raise LiftPoseError(error.message, kept) from error
        if not needs(bpy.data.actions, self._output):
            self._output.unlink(missing_ok=True)
        return f"{summary} Lifted in {result['seconds']:.1f} s on {result['device']}."

    def clean_up(self) -> None:
        with suppress(OSError):
            if self._output.stat().st_size == 0:  # nothing has been written under this name
                self._output.unlink()


def missing_clip(context: bpy.types.Context) -> str | None:
    """What the user must do first; None when a clip is chosen."""
    return None if chosen(context.scene).input else "Choose a photo or a video first"


def chosen_clip(context: bpy.types.Context) -> Path:
    """The clip in the panel. Raises InvalidInput when it does not exist."""
    name = chosen(context.scene).input
    path = Path(os.path.abspath(bpy.path.abspath(name)))  # noqa: PTH100 - "//../clip.mp4" without following links
    if not path.exists() and not set("%#*?") & set(path.name):  # the engine knows patterns of pictures
        raise InvalidInput(f"{path} does not exist.", "Choose a photo or a video.")
    return path


def _new_motion_file() -> Path:
    """A name for a Motion file that nobody else uses. Raises LiftPoseError when there is no place for it."""
    try:
        folder = user_folder() / "motions"
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(".npz", "motion-", folder)
        os.close(handle)
    except OSError as error:
        raise LiftPoseError(
            f"The add-on's folder cannot be written: {error}.", "Make room, or allow Blender to write there."
        ) from error
    return Path(name)
