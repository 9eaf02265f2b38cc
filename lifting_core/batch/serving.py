"""The worker's side of `processes`: does the tasks that arrive, until nobody is left to send any."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from lifting_core.batch.leftovers import clean_up
from lifting_core.batch.plan import Task
from lifting_core.batch.work import Choices, do

_REPORTS_A_SECOND = 5


def serve(pipe: Connection, choices: Choices) -> None:
    """Receive tasks; send progress as (stage, done, total), and a `Record` for each task."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which sees to the end
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    at_work: list[Task] = []
    threading.Thread(target=_receive, args=(pipe, tasks, at_work), daemon=True).start()
    from lifting_core.pipeline import Pipeline  # torch takes seconds to import

    pipeline = Pipeline()
    while True:
        task = tasks.get()
        at_work[:] = [task]
        record = do(task, choices, pipeline, _Reporter(pipe))
        at_work.clear()
        _send(pipe, record)


def _receive(pipe: Connection, tasks: queue.SimpleQueue[Task], at_work: list[Task]) -> None:
    """Runs in a thread of its own, so that the end of the parent is heard during a task."""
    with suppress(EOFError, OSError):
        while True:
            tasks.put(pipe.recv())
    for task in at_work:
        clean_up(task)
    os._exit(1)  # libraries' own threads may not hold up the end


def _send(pipe: Connection, message: object) -> None:
    with suppress(OSError):  # nobody is left to hear it
        pipe.send(message)


class _Reporter:
    """The `Progress` of one task."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._stage, self._next = "", 0.0

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if stage != self._stage or now >= self._next:
            self._stage, self._next = stage, now + 1 / _REPORTS_A_SECOND
            _send(self._pipe, (stage, done, total))
