"""Does tasks on a Ray cluster, which repeats those whose machine or process is lost.

All machines have the engine installed and see clips, rigs and outputs under the same paths: a shared folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifting_core.batch.leftovers import clean_up
from lifting_core.batch.listener import Listener
from lifting_core.batch.plan import Task
from lifting_core.batch.records import Record
from lifting_core.batch.work import Choices, do, failed
from lifting_core.errors import LiftPoseError
from lifting_core.progress import silent

_REPEATS = 5  # times that a task outlives the machine or the process that does it
_GIB = 1 << 30


class Cluster:
    """Runs tasks on the cluster at `address`: "auto", HOST:PORT, or ray://HOST:PORT."""

    def __init__(self, choices: Choices, address: str, listener: Listener) -> None:
        self._choices, self._address, self._listener = choices, address, listener

    def run(self, tasks: Sequence[Task]) -> list[Record]:
        """Do every task, where the cluster has what it asks for, and return the records.

        Raises LiftPoseError when Ray is not installed or cannot be reached.
        """
        ray = _connected(self._address)
        try:
            return self._run(ray, tasks)
        finally:
            ray.shutdown()

    def _run(self, ray: Any, tasks: Sequence[Task]) -> list[Record]:
        records = []
        waiting = {self._submit(ray, task): task for task in tasks}
        try:
            while waiting:
                for done in ray.wait(list(waiting), num_returns=1, timeout=1.0)[0]:
                    task = waiting.pop(done)
                    records.append(_result(ray, done, task))
                    self._listener.ends(task, records[-1])
        finally:
            for left, task in waiting.items():
                ray.cancel(left, force=True)
                clean_up(task)
        return records

    def _submit(self, ray: Any, task: Task) -> Any:
        needs = task.job.resources
        remote = ray.remote(_do).options(
            num_cpus=needs.cpus,
            num_gpus=needs.gpus,
            memory=int(needs.memory * _GIB),
            max_retries=_REPEATS,
            scheduling_strategy="SPREAD",
            name=task.name,
        )
        return remote.remote(task, self._choices)


def _connected(address: str) -> Any:
    try:
        import ray
    except ImportError as error:
        raise LiftPoseError("Ray is not installed.", "Run: pip install lift-pose[ray]") from error
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise LiftPoseError(
            f"No Ray cluster answers at {address}: {error}.".replace("..", "."),
            "Start one with: ray start --head",
        ) from error
    return ray


def _result(ray: Any, done: Any, task: Task) -> Record:
    try:
        record: Record = ray.get(done)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        return failed(task, LiftPoseError(f"The cluster gave it up: {reason}.", "Look at its machines."))
    return record


_pipeline: Any = None  # of a process of the cluster, which does one task after the other


def _do(task: Task, choices: Choices) -> Record:
    global _pipeline
    if _pipeline is None:
        from lifting_core.pipeline import Pipeline

        _pipeline = Pipeline()
    return do(task, choices, _pipeline, silent)
