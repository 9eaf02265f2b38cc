"""What lasts from job to job while Blender runs: the engine, the job at work, and the last outcome.

None of it is kept in the .blend, so it cannot be undone, saved or loaded by accident.
"""

from __future__ import annotations

import atexit
from dataclasses import dataclass

import bpy

from .batch.child import BatchProcess
from .engine.client import Engine
from .engine.interpreter import engine_python
from .engine.job import Job
from .preferences import chosen_python, user_folder


@dataclass(frozen=True)
class Outcome:
    """What the panel says about the last job."""

    text: str
    failed: bool = False


class _Session:
    def __init__(self) -> None:
        self.job: Job | None = None
        self.outcome: Outcome | None = None
        self.batch: BatchProcess | None = None
        self._engine: Engine | None = None

    def engine(self, context: bpy.types.Context) -> Engine:
        """The engine that the preferences name. Raises LiftPoseError when there is none."""
        command = (engine_python(chosen_python(context)), "-m", "lifting_core.worker")
        if self._engine is None or self._engine.command != command:
            self.close()
            self._engine = Engine(command, user_folder() / "engine.log")
        return self._engine

    def poll(self) -> None:
        """Bring the job up to date."""
        if self._engine is not None:
            self._engine.poll()

    def cancel(self) -> None:
        """Cancel the job at work, if there is one."""
        if self._engine is not None and self.job is not None:
            self._engine.cancel(self.job)

    def close(self) -> None:
        """Stop the engine."""
        if self._engine is not None:
            self._engine.stop()
        self._engine = None

    def end(self) -> None:
        """Stop the engine and the batch."""
        if self.batch is not None:
            self.batch.stop()
        self.batch = None
        self.close()


session = _Session()


def register() -> None:
    atexit.register(session.end)


def unregister() -> None:
    atexit.unregister(session.end)
    session.end()
    session.job = session.outcome = None
