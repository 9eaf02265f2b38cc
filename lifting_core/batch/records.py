"""What is known about each task, one small JSON file each: written whole, so a crash loses nothing.

Whoever does a task writes its record, on this machine or another: `writing` before the first file gets its
name, `done` after the last, `failed` when nothing came of it.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lifting_core.batch.plan import Task
from lifting_core.batch.quality import Quality
from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole

_VERSION = 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PersonRecord:
    """What was made of one person."""

    person: int
    outputs: tuple[str, ...]
    """Relative to the folder of the jobs file, as all paths in records."""
    quality: Quality
    warnings: tuple[str, ...]
    picture: str | None


@dataclass(frozen=True)
class Record:
    """What became of a task."""

    task: str
    name: str
    fingerprint: str
    state: Literal["writing", "done", "failed"]
    stamps: Mapping[str, str | None] = field(default_factory=dict)
    """Size and time of each file that this batch has made; None while it may or may not be made yet."""
    people: tuple[PersonRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    frames: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    """By stage."""
    device: str = ""
    error: Mapping[str, str] | None = None
    """`kind`, `message` and `advice`, as in the protocol."""


def read_record(task: Task) -> Record | None:
    """The record of a task, None when there is none that can be used."""
    path = _path(task)
    try:
        values = json.loads(path.read_text("utf-8"))
        if values.pop("version") != _VERSION:
            return None
        return _record(values)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("%s is damaged and is not used: %s", path, error)
        return None


def write_record(task: Task, record: Record) -> None:
    """Raises LiftPoseError when it cannot be written."""
    path = _path(task)
    with written_whole(path) as temporary:
        temporary.write_text(
            json.dumps({"version": _VERSION, **dataclasses.asdict(record)}, indent=1), "utf-8"
        )


def is_current(task: Task, record: Record | None) -> bool:
    """Whether a task is done, nothing that it depends on has changed since, and no file of it is missing."""
    return (
        record is not None
        and record.state == "done"
        and record.fingerprint == task.fingerprint
        and all((root(task) / name).is_file() for name in record.stamps)
    )


def check_replaceable(task: Task, record: Record | None, file: Path) -> None:
    """Raises InvalidInput when `file` exists and is not as this batch has made it."""
    if not file.exists():
        return
    stamps = {} if record is None else record.stamps
    name = relative(task, file)
    if file.is_dir() or name not in stamps:
        raise InvalidInput(f"{file} exists already and is not of this batch.", "Move it, or add --again.")
    if stamps[name] not in (None, stamp(file)):
        raise InvalidInput(f"{file} was changed by somebody since.", "Move it, or add --again.")


def stamp(file: Path) -> str:
    """Changes when the file does."""
    status = file.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


def root(task: Task) -> Path:
    """The folder of the jobs file."""
    return task.folder.parent


def relative(task: Task, file: Path) -> str:
    """How records name a file."""
    try:
        return Path(os.path.relpath(file, root(task))).as_posix()
    except ValueError:  # another drive
        return file.as_posix()


def _path(task: Task) -> Path:
    return task.folder / "tasks" / f"{task.id}.json"


def _record(values: dict[str, Any]) -> Record:
    """Raises KeyError, TypeError or ValueError on values that are none of a record."""
    people = tuple(
        PersonRecord(
            **{
                **person,
                "outputs": tuple(person["outputs"]),
                "warnings": tuple(person["warnings"]),
                "quality": Quality(**person["quality"]),
            }
        )
        for person in values.pop("people")
    )
    record = Record(**{**values, "people": people, "warnings": tuple(values["warnings"])})
    if record.state not in ("writing", "done", "failed") or not isinstance(record.stamps, dict):
        raise ValueError("unknown state")
    return record
