"""What the command line says: to people on stderr, to machines on stdout."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from tqdm import tqdm

from lifting_core.outputs import Task
from lifting_core.protocol import error_fields

if TYPE_CHECKING:
    from lifting_core.pipeline import LiftResult

DONE, FAILED, BAD_INPUT, CANCELLED = 0, 1, 2, 130
"""Exit codes."""
_EXIT_CODES = {"failure": FAILED, "input": BAD_INPUT, "cancelled": CANCELLED}

_log = logging.getLogger(__name__)


class Report:
    """Says what became of each input: to people on stderr, to machines one JSON object a line on stdout."""

    def __init__(self, stderr: TextIO, as_json: bool, verbose: bool) -> None:
        self.stderr = stderr
        self._as_json, self._verbose = as_json, verbose

    def done(self, task: Task, lifted: LiftResult, seconds: float) -> int:
        files = [str(file) for file in task.files]
        frames = len(lifted.motion.time)
        if self._as_json:
            self._print_json(
                input=str(task.input),
                outputs=files,
                frames=frames,
                seconds=round(seconds, 3),
                device=lifted.device,
                person=lifted.person,
                people=lifted.people,
            )
        else:
            _log.info(
                "%s: %d frames in %.1f s on %s -> %s",
                task.input,
                frames,
                seconds,
                lifted.device,
                ", ".join(files),
            )
        return DONE

    def failed(self, task: Task | None, error: BaseException) -> int:
        fields = error_fields(error)
        if self._verbose:
            traceback.print_exception(error, file=self.stderr)
        if self._as_json:
            self._print_json(input=str(task.input) if task else None, error=fields)
        print(f"lift-pose: error: {fields['message']} {fields['advice']}".rstrip(), file=self.stderr)
        return _EXIT_CODES[fields["kind"]]

    def _print_json(self, **fields: Any) -> None:
        print(json.dumps(fields, ensure_ascii=False), flush=True)  # noqa: T201


class Bars:
    """A `Progress` that draws a bar for each stage where stderr is a terminal."""

    def __init__(self, stderr: TextIO) -> None:
        self._stderr = stderr
        self._stage = ""
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if not self._stderr.isatty():
            return
        if stage != self._stage or self._bar is None:
            self.__exit__()
            self._stage = stage
            self._bar = tqdm(desc=stage.capitalize(), file=self._stderr, leave=False)
        self._bar.total = total
        self._bar.update(done - self._bar.n)


class _LogLines(logging.Handler):
    """Writes log records to a stream that may have progress bars on it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=self._stream)


@contextmanager
def own_stderr(verbose: bool) -> Iterator[TextIO]:
    """A stream to stderr with the engine's log on it, and without what native libraries print there.

    They write to the file descriptor itself, where no Python setting reaches them; -v lets them.
    """
    saved = os.dup(2)
    logger = logging.getLogger("lifting_core")
    with open(os.dup(saved), "w", encoding="utf-8", errors="replace", buffering=1) as stream:  # noqa: PTH123
        handler = _LogLines(stream)
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s" if verbose else "%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG if verbose else logging.INFO)
        if not verbose:
            with Path(os.devnull).open("w") as nothing:
                os.dup2(nothing.fileno(), 2)
        try:
            yield stream
        finally:
            logger.removeHandler(handler)
            os.dup2(saved, 2)
            os.close(saved)


@contextmanager
def own_stdout() -> Iterator[TextIO]:
    """A stream to stdout, while what libraries print there goes to stderr and cannot disturb it."""
    sys.stdout.flush()
    saved = os.dup(1)
    with open(os.dup(saved), "w", encoding="utf-8", buffering=1) as stream:  # noqa: PTH123
        os.dup2(2, 1)
        try:
            yield stream
        finally:
            sys.stdout.flush()
            os.dup2(saved, 1)
            os.close(saved)
