"""Does tasks in worker processes of this machine, as many at once as its cores and memory allow.

Tasks go to a worker one by one over a pipe. Its end tells the parent that the worker has died, and the worker
that the parent has; so neither a crash nor a kill leaves a process behind or loses a task.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from lifting_core.batch.leftovers import clean_up
from lifting_core.batch.listener import Listener
from lifting_core.batch.machine import cores, has_room
from lifting_core.batch.plan import Task
from lifting_core.batch.records import Record
from lifting_core.batch.serving import serve
from lifting_core.batch.work import Choices, failed
from lifting_core.errors import LiftPoseError

_ATTEMPTS = 3
_LOOK_AT_MEMORY = 0.5  # seconds between two looks
_THREADS = "OMP_NUM_THREADS"


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: Task | None = None


class Processes:
    """Runs tasks in at most `limit` processes; None for as many as the cores allow."""

    def __init__(self, choices: Choices, limit: int | None, listener: Listener) -> None:
        self._choices, self._limit, self._listener = choices, limit, listener
        self._workers: list[_Worker] = []
        self._losses: Counter[str] = Counter()
        self._records: list[Record] = []

    def run(self, tasks: Sequence[Task]) -> list[Record]:
        """Do every task and return the records. Those whose worker died are repeated, alone, at the end.

        When anything is raised, KeyboardInterrupt too, the workers end at once and what they were writing is
        removed.
        """
        waiting = deque(tasks)
        try:
            while waiting or self._busy():
                while waiting and self._fits(waiting[0]):
                    self._give(waiting.popleft())
                waiting.extend(self._listen())
        finally:
            self._stop()
        return self._records

    def _busy(self) -> dict[Connection, _Worker]:
        return {worker.pipe: worker for worker in self._workers if worker.task is not None}

    def _fits(self, task: Task) -> bool:
        """Whether there are cores and memory for a task beside those that are being done."""
        running = [(w.process.pid or 0, w.task) for w in self._workers if w.task is not None]
        if not running:
            return True
        if any(self._losses[each.id] for each in (task, *(each for _, each in running))):
            return False  # too little memory is what most often kills
        if self._limit is not None and len(running) >= self._limit:
            return False
        taken = sum(each.job.resources.cpus for _, each in running)
        if self._limit is None and taken + task.job.resources.cpus > cores():
            return False
        return has_room(
            task.job.resources.memory, {process: each.job.resources.memory for process, each in running}
        )

    def _give(self, task: Task) -> None:
        """Send a task to a worker that is idle, or to a new one."""
        idle = [worker for worker in self._workers if worker.task is None]
        for worker in idle:
            try:
                worker.pipe.send(task)
            except OSError:  # it has died meanwhile
                self._workers.remove(worker)
                continue
            break
        else:
            worker = self._new_worker()
            worker.pipe.send(task)
        worker.task = task
        self._listener.works(task, "loading", 0, None)

    def _new_worker(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self._choices), daemon=True)
        os.environ.setdefault(_THREADS, str(max(1, cores() // (self._limit or cores()))))
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _listen(self) -> list[Task]:
        """Hear what the workers say. Returns the tasks to repeat."""
        busy = self._busy()
        heard = [self._hear(busy[pipe]) for pipe in wait(list(busy), _LOOK_AT_MEMORY) if pipe in busy]
        return [task for task in heard if task is not None]

    def _hear(self, worker: _Worker) -> Task | None:
        """Take in one message. Returns the task if it must be repeated."""
        task = worker.task
        assert task is not None
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            return self._lose(worker, task)
        if isinstance(message, Record):
            worker.task = None
            self._end(task, message)
        else:
            self._listener.works(task, *message)
        return None

    def _lose(self, worker: _Worker, task: Task) -> Task | None:
        """Part with a worker that has died. Returns its task unless that has killed too many."""
        worker.process.join()
        self._workers.remove(worker)
        clean_up(task)
        how = _how_it_ended(worker.process.exitcode or 0)
        self._losses[task.id] += 1
        if self._losses[task.id] < _ATTEMPTS:
            self._listener.lost(task, how)
            return task
        error = LiftPoseError(
            f"The process that did it died {_ATTEMPTS} times, at last with {how}.",
            "Allow it more memory, or look at the clip.",
        )
        self._end(task, failed(task, error))
        return None

    def _end(self, task: Task, record: Record) -> None:
        self._records.append(record)
        self._listener.ends(task, record)

    def _stop(self) -> None:
        for worker in self._workers:
            worker.pipe.close()  # an idle worker leaves by itself
            if worker.task is not None:
                worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            if worker.task is not None:
                clean_up(worker.task)
        self._workers.clear()


def _how_it_ended(code: int) -> str:
    with suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
