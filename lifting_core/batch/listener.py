"""Who is told about a batch while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lifting_core.batch.plan import Task
from lifting_core.batch.records import Record


class Listener(Protocol):
    """Hears what becomes of the tasks."""

    def begins(self, tasks: Sequence[Task], kept: Sequence[Task]) -> None:
        """All tasks of the batch, and those of them that are done already."""

    def works(self, task: Task, stage: str, done: int, total: int | None) -> None:
        """A task has come so far; as `Progress`."""

    def lost(self, task: Task, reason: str) -> None:
        """The process that did a task has ended; the task will be repeated."""

    def ends(self, task: Task, record: Record) -> None:
        """A task is over."""

    def over(self, report: Path, ended: Mapping[str, int]) -> None:
        """All is over: the report, and how many tasks have ended in which state."""
