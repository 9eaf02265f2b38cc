"""What a process that is killed at a task leaves behind, and how it is removed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape, glob
from pathlib import Path

from lifting_core.batch.plan import Task
from lifting_core.files import remove_marked

_VARIABLES = ("TMPDIR", "TEMP", "TMP")  # what systems call the folder for temporary files


def clean_up(task: Task) -> None:
    """Remove what a process that was killed at this task has left: half-written and temporary files."""
    for output in task.outputs:
        pattern = escape(str(output.parent)).replace("{person}", "*")
        for folder in glob(pattern):  # noqa: PTH207 - it is absolute
            remove_marked(Path(folder), task.id)
    for name in ("tasks", "pictures"):
        remove_marked(task.folder / name, task.id)
    shutil.rmtree(_temporary_folder(task), ignore_errors=True)


@contextmanager
def own_temporary_folder(task: Task) -> Iterator[None]:
    """Temporary files of this process and its children go where `clean_up` finds them after a kill."""
    folder = _temporary_folder(task)
    folder.mkdir(parents=True, exist_ok=True)
    before = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(dict.fromkeys(_VARIABLES, str(folder)))
    tempfile.tempdir = None  # looked up again
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)


def _temporary_folder(task: Task) -> Path:
    return task.folder / "work" / task.id
