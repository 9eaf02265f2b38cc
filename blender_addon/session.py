"""What lasts from job to job while Blender runs: the engine, the job at work, and the last outcome.

None of it is kept in the .blend, so it cannot be undone, saved or loaded by accident.
"""

from __future__ import annotations

import atexit
import sys
from dataclasses import dataclass
from pathlib import Path

import bpy

from .engine.batch import BatchProcess
from .engine.client import Engine
from .engine.job import Job
from .engine.state import EngineState, engine_state
from .errors import LiftPoseError
from .preferences import chosen_python, installer_layout, user_folder

_INSTALLER = (
    "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_module('installer', alter_sys=True)"
)


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
        self._installer: Engine | None = None

    def engine(self, context: bpy.types.Context) -> Engine:
        """The engine that the preferences name. Raises LiftPoseError when there is none."""
        command = (self.engine_python(context), "-m", "lifting_core.worker")
        if self._engine is None or self._engine.command != command:
            self.stop_engine()
            self._engine = Engine(command, user_folder() / "engine.log")
        return self._engine

    def engine_state(self, context: bpy.types.Context) -> EngineState:
        """Whether there is an engine, and which."""
        return engine_state(installer_layout(), chosen_python(context))

    def engine_python(self, context: bpy.types.Context) -> str:
        """The interpreter that runs the engine. Raises LiftPoseError when there is none."""
        state = self.engine_state(context)
        if not state.python:
            raise LiftPoseError(state.text, "Install it, or name its Python, in the add-on's preferences.")
        return state.python

    @property
    def engine_pid(self) -> int | None:
        """The engine's process id while it runs."""
        return None if self._engine is None else self._engine.pid

    def installer(self) -> Engine:
        """The process that installs the engine: it speaks the same protocol, on Blender's own Python."""
        if self._installer is None:
            python = (sys.executable, *bpy.app.python_args)
            command = (*python, "-c", _INSTALLER, str(Path(__file__).parent))
            self._installer = Engine(command, user_folder() / "install.log")
        return self._installer

    @property
    def installing(self) -> bool:
        """Whether the installer runs."""
        return self._installer is not None and self._installer.pid is not None

    def poll(self) -> None:
        """Bring the job up to date."""
        for engine in (self._engine, self._installer):
            if engine is not None:
                engine.poll()

    def cancel(self) -> None:
        """Cancel the job at work, if there is one."""
        for engine in (self._engine, self._installer):
            if engine is not None and self.job is not None:
                engine.cancel(self.job)

    def stop_engine(self) -> None:
        """End the engine's process."""
        if self._engine is not None:
            self._engine.stop()
        self._engine = None

    def close(self) -> None:
        """End all processes."""
        self.stop_engine()
        if self._installer is not None:
            self._installer.stop()
        self._installer = None
        if self.batch is not None:
            self.batch.stop()
        self.batch = None


session = _Session()


def register() -> None:
    atexit.register(session.close)


def unregister() -> None:
    atexit.unregister(session.close)
    session.close()
    session.job = session.outcome = None
