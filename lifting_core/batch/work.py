"""Does one task, wherever it is sent: the clip in, its files and its record out."""

from __future__ import annotations

import logging
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lifting_core.batch.leftovers import clean_up, own_temporary_folder
from lifting_core.batch.plan import Task
from lifting_core.batch.quality import measure, warnings_about
from lifting_core.batch.records import (
    PersonRecord,
    Record,
    check_replaceable,
    read_record,
    relative,
    stamp,
    write_record,
)
from lifting_core.errors import Cancelled, LiftPoseError
from lifting_core.export import Blender, write
from lifting_core.files import check_writable, marked
from lifting_core.media import open_media
from lifting_core.outputs import BLENDER_FORMATS
from lifting_core.preview.still import write_still
from lifting_core.progress import Progress
from lifting_core.protocol import error_fields

if TYPE_CHECKING:
    from lifting_core.motion.motion import Motion
    from lifting_core.pipeline import LiftResult, Pipeline

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choices:
    """What holds for all tasks of a run."""

    blender: Path | None = None
    """Blender's executable, instead of bpy or the PATH's."""
    again: bool = False
    """Whether files may be replaced that the batch has not made, or that somebody has changed since."""


def do(task: Task, choices: Choices, pipeline: Pipeline, progress: Progress) -> Record:
    """Do a task and return its record, which is also on disk. Failures are recorded, not raised.

    Raises Cancelled when `progress` does.
    """
    if not task.folder.is_dir():
        here = platform.node() or "This machine"
        return failed(task, LiftPoseError(f"{here} does not see {task.folder}.", "Share it under this path."))
    clean_up(task)
    before = read_record(task)
    with marked(task.id), own_temporary_folder(task), _heard_warnings() as warnings:
        try:
            record = _done(task, choices, before, pipeline, _Clock(progress), warnings)
            write_record(task, record)
        except Cancelled:
            raise
        except Exception as error:
            _log.debug("%s failed.", task.name, exc_info=True)
            return failed(task, error)
    return record


def failed(task: Task, error: Exception) -> Record:
    """Record that nothing came of a task; on disk too, if that can be written."""
    before = read_record(task)
    stamps = {} if before is None else before.stamps
    record = _record(task, "failed", stamps=stamps, error=error_fields(error))
    try:
        write_record(task, record)
    except LiftPoseError as unwritable:
        _log.warning("%s", unwritable)
    return record


def _done(
    task: Task,
    choices: Choices,
    before: Record | None,
    pipeline: Pipeline,
    clock: _Clock,
    warnings: Sequence[str],
) -> Record:
    needs_blender = any(output.suffix.lower() in BLENDER_FORMATS for output in task.outputs)
    blender = Blender.find(choices.blender) if needs_blender else None
    if task.files(0) == task.outputs:  # better missed now than after the work
        _prepare(task, choices, before, task.outputs)
    everybody = _lifted(task, pipeline, clock)
    files = [file for lifted in everybody for file in task.files(lifted.person)]
    _prepare(task, choices, before, files)
    write_record(task, _record(task, "writing", stamps={relative(task, file): None for file in files}))
    people = tuple(_write(task, lifted, blender, clock) for lifted in everybody)
    return _record(
        task,
        "done",
        stamps={relative(task, file): stamp(file) for file in files},
        people=people,
        warnings=tuple(warnings),
        frames=len(everybody[0].motion.time),
        seconds=clock.seconds(),
        device=everybody[0].device,
    )


def _lifted(task: Task, pipeline: Pipeline, progress: Progress) -> list[LiftResult]:
    if task.job.everybody:
        return pipeline.lift_everybody(task.input, task.job.settings, progress)
    return [pipeline.lift(task.input, task.job.settings, progress)]


def _prepare(task: Task, choices: Choices, before: Record | None, files: Sequence[Path]) -> None:
    """Make the folders. Raises InvalidInput when a file cannot be written or is not the batch's own."""
    for file in files:
        if not choices.again:
            check_replaceable(task, before, file)
        file.parent.mkdir(parents=True, exist_ok=True)
        check_writable(file)


def _write(task: Task, lifted: LiftResult, blender: Blender | None, progress: Progress) -> PersonRecord:
    """Write the files of one person, and the picture for the report."""
    files = task.files(lifted.person)
    for done, file in enumerate(files):
        progress("writing", done, len(files))
        if task.job.rigs and blender is not None and file.suffix.lower() in BLENDER_FORMATS:
            _retarget(task, lifted, blender, file)
        else:
            write(lifted.motion, file, task.input, blender)
    quality = measure(lifted.motion)
    picture = task.folder / "pictures" / f"{task.id}-{lifted.person}.jpg"
    _write_picture(task, lifted.motion, picture)
    return PersonRecord(
        person=lifted.person,
        outputs=tuple(relative(task, file) for file in files),
        quality=quality,
        warnings=tuple(warnings_about(quality)),
        picture=relative(task, picture),
    )


def _retarget(task: Task, lifted: LiftResult, blender: Blender, file: Path) -> None:
    job = task.job
    options = list(job.retarget)
    for name, values in (("--object", job.objects), ("--map", job.maps)):
        if values:
            options.append(f"{name}={_for_person(values, lifted.person)}")
    with tempfile.TemporaryDirectory() as folder:
        motion_file = Path(folder) / "motion.npz"
        lifted.motion.save(motion_file)
        blender.retarget(motion_file, Path(_for_person(job.rigs, lifted.person)), file, options)


def _for_person(values: Sequence[str], person: int) -> str:
    """Each person's own, the last one for everybody beyond."""
    return values[min(person, len(values) - 1)]


def _write_picture(task: Task, motion: Motion, path: Path) -> None:
    """The frame in which most is seen of the person."""
    settings = task.job.settings
    row = int(np.argmax(np.where(motion.present, motion.joint_confidence.mean(axis=1), -1)))
    number = settings.start + row * settings.step
    path.parent.mkdir(parents=True, exist_ok=True)
    write_still(motion, row, next(iter(open_media(task.input, number, number))), path)


def _record(task: Task, state: Literal["writing", "done", "failed"], **known: Any) -> Record:
    return Record(task.id, task.name, task.fingerprint, state, **known)


class _Clock:
    """Passes progress on, and adds up the seconds of each stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._seconds: dict[str, float] = {}
        self._stage, self._since = "loading", time.monotonic()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if stage != self._stage:
            self._add()
            self._stage = stage
        self._progress(stage, done, total)

    def seconds(self) -> dict[str, float]:
        """Up to now."""
        self._add()
        return {stage: round(seconds, 3) for stage, seconds in self._seconds.items()}

    def _add(self) -> None:
        now = time.monotonic()
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._since = now


@contextmanager
def _heard_warnings() -> Iterator[list[str]]:
    """What the engine warns about during the block."""
    heard: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("lifting_core")
    logger.addHandler(handler)
    try:
        yield heard
    finally:
        logger.removeHandler(handler)
