"""Speaks the protocol of docs/architecture.md with the engine."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import LiftPoseError
from .job import Job
from .process import Closed, EngineProcess, Malformed, not_started

PROTOCOL = 1
_START_LIMIT = 60.0  # seconds until the engine's first word
_CANCEL_LIMIT = 3.0  # seconds that a cancelled job has to end by itself

_log = logging.getLogger(__name__)


class Engine:
    """Starts the engine when it is first needed and keeps it for later jobs; starts it again when it died."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.command = tuple(command)
        self.log = log
        self._process: EngineProcess | None = None
        self._numbers = itertools.count(1)
        self._jobs: dict[int, Job] = {}
        self._heard = False
        self._start_deadline = 0.0
        self._cancel_deadlines: dict[int, float] = {}

    @property
    def pid(self) -> int | None:
        """The engine's process id while it runs."""
        return self._process.pid if self._process else None

    def submit(self, request: str, **fields: Any) -> Job:
        """Send a request, starting the engine if need be. Raises LiftPoseError when it cannot be started."""
        self.poll()  # an engine that has died or ignores a cancel meanwhile is not asked again
        process = self._process or self._start()
        job = Job(next(self._numbers))
        self._jobs[job.id] = job
        process.send({"id": job.id, "type": request, **fields})
        return job

    def cancel(self, job: Job) -> None:
        """Ask the engine to end a job; an engine that does not is killed by `poll` soon after."""
        if self._process and self._jobs.get(job.id) is job and job.id not in self._cancel_deadlines:
            self._process.send({"id": next(self._numbers), "type": "cancel", "job": job.id})
            self._cancel_deadlines[job.id] = time.monotonic() + _CANCEL_LIMIT

    def poll(self) -> None:
        """Bring the jobs up to date with what the engine has said; never blocks for long."""
        while self._process and not self._process.received.empty():
            message = self._process.received.get()
            if isinstance(message, Closed):
                self._died("The engine stopped unexpectedly")
            elif isinstance(message, Malformed):
                self._died("The engine sent something that is no message and was stopped")
            else:
                self._hear(message)
        now = time.monotonic()
        if self._process and not self._heard and now > self._start_deadline:
            self._died("The engine did not start in time and was stopped")
        if any(now > deadline for deadline in self._cancel_deadlines.values()):
            self._died("The engine did not heed the cancelling and was stopped")

    def stop(self) -> None:
        """End the engine; jobs at work count as cancelled."""
        process, self._process = self._process, None
        if process:
            process.send({"id": next(self._numbers), "type": "shutdown"})
            process.leave()
        self._end_jobs(None)

    def _start(self) -> EngineProcess:
        try:
            self._process = EngineProcess(self.command, self.log)
        except OSError as error:
            raise not_started(self.command, error) from error
        self._heard = False
        self._start_deadline = time.monotonic() + _START_LIMIT
        _log.info("engine %d started: %s", self._process.pid, " ".join(self.command))
        return self._process

    def _hear(self, message: dict[str, Any]) -> None:
        if not self._heard:
            self._greet(message)
            return
        number = message.get("id")
        job = self._jobs.get(number) if isinstance(number, int) else None
        if job is None:
            return  # the answer to a cancel, or to a job that has ended
        if message.get("traceback"):
            _log.error("engine: %s", message["traceback"])
        try:
            job.hear(message)
        except (KeyError, TypeError, ValueError):
            _log.exception("engine: %s", message)
            self._died("The engine sent a message that this add-on does not know and was stopped")
        if job.finished:
            self._forget(job)

    def _greet(self, message: dict[str, Any]) -> None:
        """The engine's first message tells the version of the protocol."""
        self._heard = True
        if message.get("protocol") != PROTOCOL:
            self._died(
                f"The engine speaks version {message.get('protocol')} of the protocol, not {PROTOCOL}",
                "Install the same release of the add-on and the engine.",
            )

    def _died(self, what: str, advice: str = "") -> None:
        """Part with an engine that is of no more use; jobs that were not cancelled end with an error."""
        process, self._process = self._process, None
        if process is None:
            return
        how, words = process.kill(), " | ".join(process.last_words())
        message = f"{what} ({how})." + (f" The end of its log: {words}" if words else "")
        self._end_jobs(LiftPoseError(message, advice or f"Try again; the whole log is {self.log}."))

    def _end_jobs(self, error: LiftPoseError | None) -> None:
        for job in tuple(self._jobs.values()):
            job.fail(None if job.id in self._cancel_deadlines else error)
            self._forget(job)

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        self._cancel_deadlines.pop(job.id, None)
