"""A batch, which the engine does in a process of its own, and the table of its clips."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .process import Closed, EngineProcess, Malformed

_CANCEL_LIMIT = 5.0  # seconds that a cancelled batch has to end by itself


@dataclass
class Clip:
    """One row of the table."""

    name: str
    state: str
    """waiting, working, done, failed."""
    fraction: float = 0.0
    """How much of the present stage is done."""
    text: str = ""
    """The stage, the warnings, or what went wrong."""


class BatchProcess:
    """A running `lift-pose batch --json`. Raises OSError when it cannot be started."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._process = EngineProcess(command, log, end=b"\n")
        self._cancelled_at: float | None = None
        self.clips: dict[str, Clip] = {}
        """By the ids that the engine has given them, in order."""
        self.finished = False
        self.error = ""
        """Why nothing could be done."""
        self.report: Path | None = None

    def poll(self) -> bool:
        """Bring the table up to date; never blocks. Returns whether anything has changed."""
        changed = False
        while not self.finished and not self._process.received.empty():
            message = self._process.received.get()
            changed = True
            if isinstance(message, Closed):
                self._end()
            elif not isinstance(message, Malformed):
                self._hear(message)
        late = self._cancelled_at is not None and time.monotonic() > self._cancelled_at + _CANCEL_LIMIT
        if late and not self.finished:
            self._end()
            changed = True
        return changed

    def cancel(self) -> None:
        """Ask it to end, which `poll` sees to; what is done stays done."""
        if self._cancelled_at is None:
            self._cancelled_at = time.monotonic()
            self._process.hang_up()

    def stop(self) -> None:
        """End it now."""
        if not self.finished:
            self._process.leave()
            self.finished = True

    @property
    def summary(self) -> str:
        """How many clips are in which state, in words."""
        states = [clip.state for clip in self.clips.values()]
        return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(sorted(states)))

    def _hear(self, message: dict[str, Any]) -> None:
        """Take in one of the messages of docs/batch.md."""
        kind, clip = message.get("event"), self.clips.get(str(message.get("id")))
        if kind == "plan":
            self.clips = {
                str(task["id"]): Clip(Path(task["input"]).name, str(task["state"]))
                for task in message["tasks"]
            }
        elif kind == "over":
            self.report = Path(message["report"])
        elif kind is None and message.get("error"):
            self.error = _sentence(message["error"])
        elif clip is not None and kind == "progress":
            total = message["total"]
            clip.state, clip.fraction = "working", message["done"] / total if total else 0.0
            clip.text = str(message["stage"])
        elif clip is not None and kind == "lost":
            clip.state, clip.fraction, clip.text = "waiting", 0.0, f"again: {message['reason']}"
        elif clip is not None and kind == "end":
            clip.state, clip.fraction = str(message["state"]), 1.0
            error = message["error"]
            clip.text = _sentence(error) if error else " ".join(message["warnings"])

    def _end(self) -> None:
        how = self._process.kill()
        self.finished = True
        for clip in self.clips.values():
            if clip.state == "working":
                clip.state, clip.fraction, clip.text = "waiting", 0.0, ""
        if self.report is None and not self.error and self._cancelled_at is None:
            self.error = " ".join([f"The batch stopped unexpectedly ({how}).", *self._process.last_words()])


def _sentence(error: dict[str, Any]) -> str:
    return f"{error['message']} {error['advice']}".strip()
