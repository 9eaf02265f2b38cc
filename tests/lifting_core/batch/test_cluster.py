"""A real Ray cluster of two nodes on this machine, one of which is killed in the middle."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from lifting_core.batch.work import Choices
from lifting_core.errors import LiftPoseError

ray = pytest.importorskip("ray", reason="needs Ray: pip install lift-pose[ray]")
_ROOT = Path(__file__).parents[3]
_OBJECTS = 100 << 20  # bytes, the least that Ray takes


@pytest.fixture
def two_nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster whose head and whose other node do one task at a time."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(_ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    one = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": _OBJECTS}
    cluster = Cluster(initialize_head=True, head_node_args={**one, "include_dashboard": False})
    cluster.add_node(**one)
    try:
        yield cluster
    finally:
        cluster.shutdown()


def _wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_task_of_a_lost_node_is_repeated(
    two_nodes: Any,
    batch: Callable[..., AbstractContextManager[Any]],
    good_and_bad: tuple[Path, list[str]],
    tmp_path: Path,
) -> None:
    jobs, good = good_and_bad
    for bad in ("damaged", "empty_room"):
        (tmp_path / "clips" / f"{bad}.mp4").unlink()
    at_work = tmp_path / "night_batch" / "work"
    records = tmp_path / "night_batch" / "tasks"
    with batch(jobs, "--ray", two_nodes.address) as running:
        # Each node does one task at a time, so of two that are at work one is on the node that goes.
        _wait_until(lambda: at_work.is_dir() and len(list(at_work.iterdir())) == 2)
        (node,) = two_nodes.worker_nodes
        two_nodes.remove_node(node, allow_graceful=False)
        assert len(list(records.glob("[!.]*.json"))) == 0
        events = list(running.events())
        assert running.process.wait() == 0
    ends = [event for event in events if event["event"] == "end"]
    assert [event["state"] for event in ends] == ["done"] * len(good)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{name}.npz" for name in good]
    report = json.loads((tmp_path / "night_batch" / "report.json").read_text())
    assert [task["state"] for task in report["tasks"]] == ["done"] * len(good)
    assert not at_work.exists()


def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from lifting_core.batch.cluster import Cluster

    monkeypatch.setenv("RAY_ADDRESS", "")
    listener: Any = None
    with pytest.raises(LiftPoseError, match="No Ray cluster answers at auto"):
        Cluster(Choices(), "auto", listener).run([])
