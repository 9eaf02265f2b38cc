"""One run of a batch: what is missing or changed is done, and the report is written."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from lifting_core.batch.cluster import Cluster
from lifting_core.batch.leftovers import clean_up
from lifting_core.batch.listener import Listener
from lifting_core.batch.plan import folder_of, plan
from lifting_core.batch.processes import Processes
from lifting_core.batch.records import is_current, read_record
from lifting_core.batch.report import write_report
from lifting_core.batch.work import Choices
from lifting_core.errors import InvalidInput, LiftPoseError


@dataclass(frozen=True)
class Where:
    """What does the tasks."""

    limit: int | None = None
    """Processes at once on this machine; None for as many as its cores allow."""
    cluster: str | None = None
    """Address of a Ray cluster, instead of this machine."""


def run_batch(jobs_file: Path, choices: Choices, where: Where, listener: Listener) -> set[str]:
    """Do the tasks of a jobs file that are not done yet; with `choices.again`, all of them.

    Returns the kinds of errors that there were, as in the protocol. The report is written whatever happens on
    the way. Raises InvalidInput when the jobs are at fault or the batch is running already, LiftPoseError
    when nothing can be written or the cluster is absent.
    """
    tasks = plan(jobs_file)
    folder = folder_of(jobs_file)
    _make(folder)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InvalidInput(f"{jobs_file} is being run already.", "Wait for its end, or stop it.") from error
    with lock:
        for task in tasks:
            clean_up(task)
        kept = [] if choices.again else [task for task in tasks if is_current(task, read_record(task))]
        wanted = [task for task in tasks if task not in kept]
        listener.begins(tasks, kept)
        try:
            records = _runner(choices, where, listener).run(wanted) if wanted else []
        finally:
            report = write_report(folder, tasks)
            shutil.rmtree(folder / "work", ignore_errors=True)
    listener.over(report, Counter(record.state for record in records))
    return {record.error["kind"] for record in records if record.error is not None}


def _runner(choices: Choices, where: Where, listener: Listener) -> Processes | Cluster:
    if where.cluster is not None:
        return Cluster(choices, where.cluster, listener)
    return Processes(choices, where.limit, listener)


def _make(folder: Path) -> None:
    try:
        for name in ("tasks", "pictures"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LiftPoseError(
            f"{folder} cannot be made: {error.strerror}.", "Put the jobs file where files can be written."
        ) from error
