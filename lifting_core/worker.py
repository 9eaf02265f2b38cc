"""The engine process: hears requests on stdin, answers on stdout (docs/architecture.md, The protocol).

A thread listens, so that cancelling and the end of the parent are heard during a job; the jobs run one after
the other in the main thread. Whatever libraries print goes to stderr and cannot disturb the messages.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import queue
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from lifting_core import __version__, protocol
from lifting_core.errors import Cancelled, InvalidInput, LiftPoseError
from lifting_core.files import check_writable, remove_partial
from lifting_core.progress import Progress

if TYPE_CHECKING:
    from lifting_core.pipeline import Pipeline

_REPORTS_A_SECOND = 10
_GRACE = 0.7  # seconds that a job has to unwind when the parent is gone

_log = logging.getLogger(__name__)


class Worker:
    """Serves the requests that arrive at one file descriptor and answers at another."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests, self._answers = requests, answers
        self._writing = threading.Lock()
        self._waiting: queue.SimpleQueue[protocol.Job | protocol.Shutdown | None] = queue.SimpleQueue()
        self._cancelled: dict[int, threading.Event] = {}
        self._pipeline = ThreadPoolExecutor(1).submit(_load_pipeline)

    def run(self) -> None:
        """Serve until the other end asks for a shutdown or closes."""
        self.send(0, "status", state="ready", protocol=protocol.PROTOCOL, version=__version__)
        threading.Thread(target=self._listen, daemon=True).start()
        while job := self._waiting.get():
            if isinstance(job, protocol.Shutdown):
                self.send(job.id, "done", result={})
                return
            self._serve(job)

    def send(self, number: int, kind: str, /, **fields: Any) -> None:
        """Send one message; when nobody is left to read it, let it go."""
        rest = memoryview(protocol.encode({"id": number, "type": kind, **fields}))
        with self._writing, suppress(OSError):
            while rest:
                rest = rest[os.write(self._answers, rest) :]

    def _listen(self) -> None:
        for text in protocol.read_messages(self._requests):
            number = 0
            try:
                message = protocol.decode(text)
                number = protocol.message_id(message)
                self._accept(protocol.parse_request(message))
            except Exception as error:  # whatever arrives, the engine lives on
                self._send_error(number, error)
        self._cancel_everything()
        self._waiting.put(None)
        time.sleep(_GRACE)
        remove_partial()
        os._exit(0)

    def _accept(self, request: protocol.Request) -> None:
        if isinstance(request, protocol.Cancel):
            if request.job in self._cancelled:
                self._cancelled[request.job].set()
            self.send(request.id, "done", result={})
            return
        if request.id in self._cancelled:
            raise InvalidInput(f"Request {request.id} is still at work.", "Give each request a new id.")
        if isinstance(request, protocol.Shutdown):
            self._cancel_everything()
        else:
            self._cancelled[request.id] = threading.Event()
        self._waiting.put(request)

    def _cancel_everything(self) -> None:
        for event in tuple(self._cancelled.values()):
            event.set()

    def _serve(self, job: protocol.Job) -> None:
        """Do one job and answer it, whatever happens."""
        relay = _Relay(self, job.id)
        engine_log = logging.getLogger("lifting_core")
        engine_log.addHandler(relay)
        failure: Exception | None = None
        try:
            result = self._do(job, _Reporter(self, job.id, self._cancelled[job.id]))
        except Exception as error:
            failure = error
        finally:
            engine_log.removeHandler(relay)
            del self._cancelled[job.id]
        if failure is None:
            self.send(job.id, "done", result=result)
        else:
            self._send_error(job.id, failure)

    def _do(self, job: protocol.Job, progress: Progress) -> dict[str, Any]:
        began = time.monotonic()
        if isinstance(job, protocol.Lift):
            check_writable(job.output)
        pipeline = self._loaded_pipeline(progress)
        if isinstance(job, protocol.Device):
            return dataclasses.asdict(pipeline.describe(job.device, progress))
        if isinstance(job, protocol.Probe):
            return dataclasses.asdict(pipeline.probe(job.input, progress))
        lifted = pipeline.lift(job.input, job.settings, progress)
        progress("writing", 0, None)
        lifted.motion.save(job.output)
        return {
            "output": str(job.output),
            "frames": len(lifted.motion.time),
            "seconds": time.monotonic() - began,
            "device": lifted.device,
            "person": lifted.person,
            "people": lifted.people,
        }

    def _loaded_pipeline(self, progress: Progress) -> Pipeline:
        while not self._pipeline.done():
            progress("loading", 0, None)
            wait([self._pipeline], timeout=1 / _REPORTS_A_SECOND)
        return self._pipeline.result()

    def _send_error(self, number: int, error: Exception) -> None:
        trace = None
        if not isinstance(error, LiftPoseError | Cancelled):
            trace = "".join(traceback.format_exception(error))
            _log.error("Request %d failed.\n%s", number, trace)
        self.send(number, "error", **protocol.error_fields(error), traceback=trace)


class _Reporter:
    """The `Progress` of one job: tells the caller now and then, raises Cancelled once it has cancelled."""

    def __init__(self, worker: Worker, number: int, cancelled: threading.Event) -> None:
        self._worker, self._number, self._cancelled = worker, number, cancelled
        self._stage = ""
        self._stage_began = self._next_report = 0.0

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_began, self._next_report = stage, now, now
        if now < self._next_report and done != total:
            return
        self._next_report = now + 1 / _REPORTS_A_SECOND
        remaining = None
        if total is not None and done > 0:
            remaining = round((now - self._stage_began) / done * (total - done), 2)
        self._worker.send(self._number, "progress", stage=stage, done=done, total=total, remaining=remaining)


class _Relay(logging.Handler):
    """Sends what the engine logs during a job to the caller: a warning as a warning, a notice as a status."""

    def __init__(self, worker: Worker, number: int) -> None:
        super().__init__(logging.INFO)
        self._worker, self._number = worker, number

    def emit(self, record: logging.LogRecord) -> None:
        kind = "warning" if record.levelno >= logging.WARNING else "status"
        self._worker.send(self._number, kind, message=record.getMessage())


def _load_pipeline() -> Pipeline:
    """A pipeline with everything imported and loaded, which takes seconds: as soon as the engine starts."""
    from lifting_core.pipeline import Pipeline

    pipeline = Pipeline()
    try:
        pipeline.warm_up()
    except Exception:  # the job that needs it will tell
        _log.debug("Not everything could be loaded.", exc_info=True)
    return pipeline


def _end_at_once(number: int, frame: FrameType | None) -> None:
    remove_partial()
    os._exit(128 + number)


def main() -> None:
    """Serve stdin and stdout until shutdown or the end of stdin."""
    requests, answers = os.dup(0), os.dup(1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    signal.signal(signal.SIGTERM, _end_at_once)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    Worker(requests, answers).run()
    sys.stderr.flush()
    os._exit(0)  # libraries' own threads may not hold up the end


if __name__ == "__main__":
    main()
