"""The table of a batch, filled from what a child process says."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from blender_addon.engine import batch as batch_module
from blender_addon.engine.batch import BatchProcess, Clip

_PLAN = {
    "event": "plan",
    "tasks": [
        {"id": "a", "input": "/clips/one.mp4", "state": "waiting"},
        {"id": "b", "input": "/clips/two.mp4", "state": "done"},
    ],
}
_WAITS = "import sys; sys.stdin.read()"


def _started(tmp_path: Path, messages: list[dict[str, Any]], then: str = "") -> BatchProcess:
    lines = "".join(json.dumps(message) + "\n" for message in messages)
    code = f"print({lines!r}, end='', flush=True)\n{then}"
    return BatchProcess([sys.executable, "-c", code], tmp_path / "batch.log")


def _polled(batch: BatchProcess, until: str = "finished") -> BatchProcess:
    deadline = time.monotonic() + 20
    while not getattr(batch, until):
        batch.poll()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return batch


def test_the_table_follows_the_messages(tmp_path: Path) -> None:
    progress = {"event": "progress", "id": "a", "stage": "detection", "done": 3, "total": 4}
    batch = _polled(_started(tmp_path, [_PLAN, progress], _WAITS), until="clips")
    while batch.clips["a"].state == "waiting":
        batch.poll()
    assert list(batch.clips.values()) == [
        Clip("one.mp4", "working", 0.75, "detection"),
        Clip("two.mp4", "done"),
    ]
    assert batch.poll() is False
    batch.stop()


def test_ends_failures_and_the_report(tmp_path: Path) -> None:
    error = {"kind": "input", "message": "No person was found.", "advice": "Film one."}
    messages = [
        _PLAN,
        {"event": "lost", "id": "a", "reason": "signal SIGKILL"},
        {"event": "end", "id": "a", "state": "failed", "outputs": [], "warnings": [], "error": error},
        {"event": "end", "id": "b", "state": "done", "outputs": [], "warnings": ["Look."], "error": None},
        {"event": "over", "report": "/out/report.html", "done": 1, "failed": 1},
    ]
    batch = _polled(_started(tmp_path, messages))
    assert [clip.text for clip in batch.clips.values()] == ["No person was found. Film one.", "Look."]
    assert batch.summary == "1 done, 1 failed"
    assert batch.report == Path("/out/report.html")
    assert batch.error == ""


def test_jobs_that_are_at_fault_are_told(tmp_path: Path) -> None:
    refused = {"input": None, "error": {"kind": "input", "message": "It has no jobs.", "advice": "Add some."}}
    assert _polled(_started(tmp_path, [refused])).error == "It has no jobs. Add some."


def test_a_batch_that_dies_is_told_with_its_last_words(tmp_path: Path) -> None:
    last = "sys.stderr.write('no disk\\n'); sys.exit(3)"
    batch = _polled(_started(tmp_path, [_PLAN], f"import sys; {last}"))
    assert batch.error == "The batch stopped unexpectedly (exit code 3). no disk"


def test_cancelling_closes_the_pipe_and_what_was_worked_at_waits(tmp_path: Path) -> None:
    progress = {"event": "progress", "id": "a", "stage": "lifting", "done": 0, "total": None}
    batch = _polled(_started(tmp_path, [_PLAN, progress], _WAITS), until="clips")
    batch.cancel()
    _polled(batch)
    assert [clip.state for clip in batch.clips.values()] == ["waiting", "done"]
    assert batch.error == ""


def test_a_batch_that_does_not_heed_the_cancelling_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "_CANCEL_LIMIT", 0.2)
    batch = _polled(_started(tmp_path, [_PLAN], "import time; time.sleep(60)"), until="clips")
    batch.cancel()
    began = time.monotonic()
    _polled(batch)
    assert time.monotonic() - began < 5
