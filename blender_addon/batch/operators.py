"""Start a batch, and cancel it. It goes on whatever the user does meanwhile, loading other files included."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import bpy

from .. import retarget_command as retargeting
from ..engine.batch import BatchProcess
from ..engine.process import not_started
from ..errors import InvalidInput, LiftPoseError
from ..operators.job import redraw_panels
from ..preferences import user_folder
from ..properties import chosen, engine_settings
from ..session import session
from .command import batch_command
from .jobs_file import FolderJob, write_jobs
from .properties import chosen_batch, fill, table

_TICK = 0.2  # seconds between two looks at what the batch has said
_FILES = {"motion", "rig", "output", "object", "map"}  # of retargeting, that are no options


class LiftPoseBatchStart(bpy.types.Operator):
    """Lift all clips, several at once; what is done already and has not changed is kept"""

    bl_idname = "lift_pose.batch"
    bl_label = "Start Batch"
    bl_options = {"INTERNAL"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        settings = chosen_batch(context)
        missing = [settings.jobs] if settings.source == "JOBS" else [settings.clips, settings.output]
        if session.batch is not None and not session.batch.finished:
            cls.poll_message_set("A batch is at work")
            return False
        if not all(missing):
            cls.poll_message_set("Choose what it is about first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Any:
        try:
            session.batch = _started(context)
        except LiftPoseError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        fill(table(context), [])
        if not bpy.app.background:
            bpy.app.timers.register(show_progress, first_interval=_TICK, persistent=True)
            return {"FINISHED"}
        while show_progress() is not None:
            time.sleep(_TICK)
        if session.batch.error:
            self.report({"ERROR"}, session.batch.error)
        return {"FINISHED"}


class LiftPoseBatchCancel(bpy.types.Operator):
    """Stop the batch; what is done stays, and starting it again does the rest"""

    bl_idname = "lift_pose.batch_cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return session.batch is not None and not session.batch.finished

    def execute(self, context: bpy.types.Context) -> Any:
        if session.batch is not None:
            session.batch.cancel()
        return {"FINISHED"}


CLASSES = (LiftPoseBatchStart, LiftPoseBatchCancel)


def show_progress() -> float | None:
    """Bring the table up to date. A timer of Blender; returns when it wants to be called next."""
    batch, context = session.batch, bpy.context
    if batch is None:
        return None
    if batch.poll():
        fill(table(context), list(batch.clips.values()))
        redraw_panels(context)
    return None if batch.finished else _TICK


def _started(context: bpy.types.Context) -> BatchProcess:
    """Raises LiftPoseError when something is missing or the engine cannot be started."""
    settings = chosen_batch(context)
    jobs = _existing(settings.jobs) if settings.source == "JOBS" else write_jobs(_folder_job(context))
    arguments = [str(jobs), "--json"]
    if settings.at_once:
        arguments += ["--jobs", str(settings.at_once)]
    command = batch_command(context, arguments)
    try:
        return BatchProcess(command, user_folder() / "batch.log")
    except OSError as error:
        raise not_started(command, error) from error


def _folder_job(context: bpy.types.Context) -> FolderJob:
    settings = chosen_batch(context)
    with_rig = settings.rig and settings.kind not in (".bvh", ".npz")
    return FolderJob(
        clips=_existing(settings.clips),
        output=_path(settings.output),
        suffix=settings.kind,
        rig=_existing(settings.rig) if with_rig else None,
        everybody=settings.everybody,
        settings=engine_settings(chosen(context.scene)),
        retarget=_retarget_options(chosen(context.scene)),
    )


def _retarget_options(settings: Any) -> dict[str, Any]:
    """The settings that bear the name of an option of retargeting."""
    known = vars(retargeting.parser().parse_args(["motion", "rig", "-o", "output"])).keys() - _FILES
    options = {}
    for name in settings.bl_rna.properties.keys():  # noqa: SIM118 - a collection of Blender
        option = name.removeprefix("use_")
        if option in known:
            value = getattr(settings, name)
            options[option] = value.lower() if isinstance(value, str) else value
    return options


def _path(name: str) -> Path:
    return Path(os.path.abspath(bpy.path.abspath(name)))  # noqa: PTH100 - "//.." without following links


def _existing(name: str) -> Path:
    path = _path(name)
    if not path.exists():
        raise InvalidInput(f"{path} does not exist.", "Choose another.")
    return path
