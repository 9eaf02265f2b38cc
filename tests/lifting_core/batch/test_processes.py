"""Real workers, killed for real: nothing is lost, nothing stays behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import pytest

from lifting_core.motion.motion import Motion

Start = Callable[..., AbstractContextManager[Any]]
_TWO_AT_ONCE = ("--jobs", 2)


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _ends(events: list[dict[str, Any]]) -> dict[str, str]:
    """The state of each clip that was done in this run, by name."""
    (plan,) = [event for event in events if event["event"] == "plan"]
    names = {task["id"]: Path(task["input"]).stem for task in plan["tasks"]}
    return {names[event["id"]]: event["state"] for event in events if event["event"] == "end"}


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_killed_worker_loses_nothing_and_a_second_run_does_what_is_missing(
    batch: Start, good_and_bad: tuple[Path, list[str]], tmp_path: Path
) -> None:
    jobs, good = good_and_bad
    events: list[dict[str, Any]] = []
    killed = None
    with batch(jobs, *_TWO_AT_ONCE) as running:
        for event in running.events():
            events.append(event)
            if event.get("stage") == "detection" and not killed:
                killed = running.workers()[0]
                killed.kill()
        assert running.process.wait() == 2, "the damaged clip and the one without a person are bad input"
    assert sum(event["event"] == "lost" for event in events) == 1
    assert _ends(events) == dict.fromkeys(good, "done") | {"damaged": "failed", "empty_room": "failed"}
    assert _files(tmp_path / "out") == [f"{name}.npz" for name in good]
    assert [len(Motion.load(tmp_path / "out" / f"{name}.npz").time) for name in good] == [8, 7, 6]
    nobody, damaged = sorted(event["error"]["message"] for event in events if event.get("error"))
    assert nobody == "No person was found."
    assert damaged.startswith("damaged.mp4 is a damaged or incomplete video")

    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    (tmp_path / "out" / "good_1.npz").unlink()
    for name in ("damaged", "empty_room"):
        (tmp_path / "clips" / f"{name}.mp4").unlink()
    with batch(jobs) as running:
        events = list(running.events())
        assert running.process.wait() == 0
    assert _ends(events) == {"good_1": "done"}
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert {path.stem for path in before if after[path] != before[path]} == {"good_1"}


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_when_all_is_killed_nothing_is_half_written_and_no_process_stays(
    batch: Start, good_and_bad: tuple[Path, list[str]], tmp_path: Path
) -> None:
    jobs, good = good_and_bad
    done = set()
    with batch(jobs, *_TWO_AT_ONCE) as running:
        for event in running.events():
            if event["event"] == "end" and event["state"] == "done":
                done.add(event["id"])
            if done and event.get("stage") == "detection" and event["id"] not in done:
                break
        family = running.family()
        assert len(running.workers()) == 2
        running.process.kill()
        _, alive = psutil.wait_procs(family, timeout=10)
        assert alive == []
    kept = _files(tmp_path / "out")
    assert kept
    for name in kept:
        Motion.load(tmp_path / "out" / name)
    with batch(jobs, "--jobs", 1) as running:
        events = list(running.events())
        assert running.process.wait() == 2
    repeated = {event["id"] for event in events if event["event"] == "end"}
    assert repeated.isdisjoint(done)
    assert _files(tmp_path / "out") == [f"{name}.npz" for name in good]
    assert not [name for name in _files(tmp_path) if "partial" in name or "/work/" in name]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_when_it_is_cancelled_all_processes_end_and_nothing_is_left(
    batch: Start, good_and_bad: tuple[Path, list[str]], tmp_path: Path
) -> None:
    jobs, _ = good_and_bad
    with batch(jobs, *_TWO_AT_ONCE) as running:
        next(event for event in running.events() if event["event"] == "progress")
        family = running.family()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 128 + signal.SIGTERM
        _, alive = psutil.wait_procs(family, timeout=10)
        assert alive == []
    assert not (tmp_path / "out").exists()
    assert {path.name for path in (tmp_path / "night_batch").iterdir()} == {
        ".lock",
        "pictures",
        "report.html",
        "report.json",
        "tasks",
    }


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_blender_ends_with_a_worker_that_is_killed_and_the_clip_is_repeated(
    batch: Start, good_and_bad: tuple[Path, list[str]], tmp_path: Path
) -> None:
    pytest.importorskip("bpy", reason="needs the bpy module")
    jobs = good_and_bad[0]
    jobs.write_text('[[job]]\ninput = "clips/good_2.mp4"\noutput = "out/{name}.blend"\n')
    with batch(jobs) as running:
        events = running.events()
        next(event for event in events if event.get("stage") == "writing")
        blender = _wait_for(lambda: [p for p in running.family() if "blender_addon" in " ".join(p.cmdline())])
        running.workers()[0].kill()
        _, alive = psutil.wait_procs(blender, timeout=10)
        assert alive == []
        lost, *_, end, over = [event for event in events if event["event"] != "progress"]
        assert (lost["event"], end["state"], over["event"]) == ("lost", "done", "over")
        assert running.process.wait() == 0
    assert _files(tmp_path / "out") == ["good_2.blend"]


def _wait_for(found: Callable[[], list[psutil.Process]]) -> list[psutil.Process]:
    deadline = time.monotonic() + 30
    while not (there := found()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return there
