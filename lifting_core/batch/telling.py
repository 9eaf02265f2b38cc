"""What a running batch says: lines for people, or JSON lines for programs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from tqdm import tqdm

from lifting_core.batch.plan import Task
from lifting_core.batch.records import Record

_log = logging.getLogger(__name__)


class Lines:
    """A `Listener` that says what became of each clip, with a bar where stderr is a terminal."""

    def __init__(self, stderr: TextIO) -> None:
        self._stderr = stderr
        self._bar: tqdm[NoReturn] | None = None
        self._kept = 0

    def begins(self, tasks: Sequence[Task], kept: Sequence[Task]) -> None:
        self._kept = len(kept)
        if kept:
            _log.info("%d of %d clips are done already.", len(kept), len(tasks))
        if self._stderr.isatty():
            self._bar = tqdm(
                desc="Clips", total=len(tasks), initial=len(kept), file=self._stderr, leave=False
            )

    def works(self, task: Task, stage: str, done: int, total: int | None) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(f"{task.name}: {stage} {done}" + (f"/{total}" if total else ""))

    def lost(self, task: Task, reason: str) -> None:
        _log.warning("%s: its process died with %s; it will be repeated.", task.name, reason)

    def ends(self, task: Task, record: Record) -> None:
        if self._bar is not None:
            self._bar.update()
        if record.error is not None:
            _log.error("%s: %s", task.name, f"{record.error['message']} {record.error['advice']}".strip())
            return
        files = [output for person in record.people for output in person.outputs]
        seconds = sum(record.seconds.values())
        _log.info("%s: %d frames in %.1f s -> %s", task.name, record.frames, seconds, ", ".join(files))
        for warning in _warnings(record):
            _log.warning("%s: %s", task.name, warning)

    def over(self, report: Path, ended: Mapping[str, int]) -> None:
        if self._bar is not None:
            self._bar.close()
        _log.info("%d done, %d failed, %d kept. %s", ended["done"], ended["failed"], self._kept, report)


class JsonLines:
    """A `Listener` that writes an object a line: plan, progress, lost, end, over (docs/batch.md)."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout

    def begins(self, tasks: Sequence[Task], kept: Sequence[Task]) -> None:
        done = {task.id for task in kept}
        self._say(
            "plan",
            tasks=[
                {"id": task.id, "input": str(task.input), "state": "done" if task.id in done else "waiting"}
                for task in tasks
            ],
        )

    def works(self, task: Task, stage: str, done: int, total: int | None) -> None:
        self._say("progress", id=task.id, stage=stage, done=done, total=total)

    def lost(self, task: Task, reason: str) -> None:
        self._say("lost", id=task.id, reason=reason)

    def ends(self, task: Task, record: Record) -> None:
        outputs = [output for person in record.people for output in person.outputs]
        self._say(
            "end",
            id=task.id,
            state=record.state,
            outputs=outputs,
            warnings=_warnings(record),
            error=record.error,
        )

    def over(self, report: Path, ended: Mapping[str, int]) -> None:
        self._say("over", report=str(report), done=ended["done"], failed=ended["failed"])

    def _say(self, event: str, **fields: Any) -> None:
        self._stdout.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")


def _warnings(record: Record) -> list[str]:
    return [*record.warnings, *(warning for person in record.people for warning in person.warnings)]
