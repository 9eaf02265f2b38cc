"""One request to the engine, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidInput, LiftPoseError

_STAGES = {
    "loading": "Starting the engine",
    "detection": "Finding people",
    "lifting": "Lifting to 3D",
    "solving": "Solving rotations",
    "writing": "Writing",
    "uv": "Getting the installer",
    "python": "Making an environment",
    "packages": "Downloading packages",
    "trial": "Trying the engine",
}
_UNITS = {"packages": " MB"}


@dataclass
class Job:
    """Filled in by `Engine.poll` as messages arrive, until it is `finished`."""

    id: int
    stage: str = "loading"
    done: int = 0
    total: int | None = None
    remaining: float | None = None
    """Seconds."""
    warnings: list[str] = field(default_factory=list)
    finished: bool = False
    result: dict[str, Any] | None = None
    error: LiftPoseError | None = None
    """None in a finished job without a result: it has been cancelled."""

    def hear(self, message: dict[str, Any]) -> None:
        """Take in a message of this job. Raises KeyError, TypeError or ValueError on a malformed one."""
        kind = message["type"]
        if kind == "progress":
            self.stage, self.done = str(message["stage"]), int(message["done"])
            self.total = None if message.get("total") is None else int(message["total"])
            self.remaining = None if message.get("remaining") is None else float(message["remaining"])
        elif kind == "warning":
            self.warnings.append(str(message["message"]))
        elif kind == "done":
            self.result = dict(message["result"])
            self.finished = True
        elif kind == "error":
            self.fail(_error(message))
        elif kind != "status":
            raise ValueError(f"unknown message {kind!r}")

    def fail(self, error: LiftPoseError | None) -> None:
        """End the job; without an error it counts as cancelled."""
        self.error = error
        self.finished = True

    @property
    def fraction(self) -> float:
        """How much of the present stage is done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def description(self) -> str:
        """The present stage and the time it still takes, in words."""
        words = _STAGES.get(self.stage, self.stage)
        if self.total:
            words += f" {self.done} / {self.total}{_UNITS.get(self.stage, '')}"
        if self.remaining is not None:
            words += f", {_clock(self.remaining)} left"
        return words


def _error(message: dict[str, Any]) -> LiftPoseError | None:
    if message["kind"] == "cancelled":
        return None
    kind = InvalidInput if message["kind"] == "input" else LiftPoseError
    return kind(str(message["message"]), str(message.get("advice") or ""))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
