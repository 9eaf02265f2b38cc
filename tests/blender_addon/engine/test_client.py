"""The client against real processes, killed for real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blender_addon.engine import client
from blender_addon.engine.client import Engine
from blender_addon.engine.job import Job
from blender_addon.errors import InvalidInput, LiftPoseError

_ROOT = Path(__file__).resolve().parents[3]
Start = Callable[[str], Engine]


@pytest.fixture
def start(engine_command: Callable[[str], list[str]], tmp_path: Path) -> Iterator[Start]:
    engines: list[Engine] = []

    def make(behaviour: str) -> Engine:
        engines.append(Engine(engine_command(behaviour), tmp_path / "logs" / "engine.log"))
        return engines[-1]

    yield make
    for engine in engines:
        engine.stop()


def _wait(condition: Callable[[], bool], limit: float = 20) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.005)


def _until(engine: Engine, condition: Callable[[], bool], limit: float = 20) -> None:
    def holds() -> bool:
        engine.poll()
        return condition()

    _wait(holds, limit)


def _finish(engine: Engine, job: Job) -> Job:
    _until(engine, lambda: job.finished)
    return job


def _lift(engine: Engine, tmp_path: Path) -> Job:
    return engine.submit("lift", input="clip.mp4", output=str(tmp_path / "out.npz"), settings={"step": 2})


def _error(job: Job) -> LiftPoseError:
    assert job.error is not None
    return job.error


def test_job_brings_progress_warnings_and_a_result(start: Start, tmp_path: Path) -> None:
    engine = start("succeed")
    job = _lift(engine, tmp_path)
    _until(engine, lambda: job.stage == "detection")
    assert job.description == "Finding people 1 / 4, 1 min 15 s left"
    assert job.fraction == 0.25
    _finish(engine, job)
    assert job.warnings == ["It is dark."]
    assert job.result is not None
    assert job.result["settings"] == {"step": 2}
    assert (tmp_path / "out.npz").exists()


def test_engine_stays_warm_between_jobs(start: Start, tmp_path: Path) -> None:
    engine = start("succeed")
    _finish(engine, _lift(engine, tmp_path))
    first = engine.pid
    _finish(engine, _lift(engine, tmp_path))
    assert engine.pid == first


def test_engine_gets_nothing_of_blenders_python(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PYTHONHOME", "")
    engine = start("succeed")
    job = _finish(engine, engine.submit("device"))
    assert job.result is not None
    assert job.result["environment"] == ["PYTHONUTF8"]
    assert Path(job.result["folder"]) == tmp_path / "logs"


def test_failed_job_carries_message_and_advice(start: Start, tmp_path: Path) -> None:
    engine = start("fail")
    error = _error(_finish(engine, _lift(engine, tmp_path)))
    assert isinstance(error, InvalidInput)
    assert (error.message, error.advice) == ("Nobody.", "Film somebody.")
    assert engine.pid is not None


def test_cancelled_job_ends_within_a_second(start: Start, tmp_path: Path) -> None:
    engine = start("slow")
    job = _lift(engine, tmp_path)
    _until(engine, lambda: job.stage == "lifting")
    engine.cancel(job)
    _until(engine, lambda: job.finished, limit=1)
    assert (job.error, job.result) == (None, None)
    assert engine.pid is not None


def test_engine_that_ignores_a_cancel_is_killed(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_CANCEL_LIMIT", 0.2)
    engine = start("hang")
    job = _lift(engine, tmp_path)
    _until(engine, lambda: job.stage == "detection")
    pid = engine.pid
    assert pid is not None
    engine.cancel(job)
    _finish(engine, job)
    assert (job.error, job.result, engine.pid) == (None, None, None)
    assert _is_gone(pid)


def test_next_job_gets_an_engine_that_answers(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens for a while after a file was loaded in the middle of a job."""
    monkeypatch.setattr(client, "_CANCEL_LIMIT", 0.1)
    engine = start("hang")
    job = _lift(engine, tmp_path)
    _until(engine, lambda: job.stage == "detection")
    first = engine.pid
    engine.cancel(job)
    time.sleep(0.2)
    again = _lift(engine, tmp_path)
    _until(engine, lambda: again.stage == "detection")
    assert engine.pid != first
    assert not again.finished


def test_dying_engine_leaves_its_last_words(start: Start, tmp_path: Path) -> None:
    engine = start("die")
    message = _error(_finish(engine, _lift(engine, tmp_path))).message
    assert message.startswith("The engine stopped unexpectedly (exit code 3).")
    assert "the last words of the engine" in message


def test_killed_engine_ends_its_job_and_is_started_again(start: Start, tmp_path: Path) -> None:
    engine = start("slow")
    job = _lift(engine, tmp_path)
    _until(engine, lambda: job.stage == "lifting")
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
    assert "(signal SIGKILL)" in _error(_finish(engine, job)).message
    again = _lift(engine, tmp_path)
    _until(engine, lambda: again.stage == "lifting")


@pytest.mark.parametrize("behaviour", ["garbage", "unknown", "incomplete"])
def test_engine_that_breaks_the_protocol_is_stopped(start: Start, tmp_path: Path, behaviour: str) -> None:
    engine = start(behaviour)
    job = _finish(engine, _lift(engine, tmp_path))
    assert "and was stopped" in _error(job).message
    assert engine.pid is None


def test_engine_of_another_version_is_refused(start: Start, tmp_path: Path) -> None:
    engine = start("newer")
    error = _error(_finish(engine, _lift(engine, tmp_path)))
    assert "version 2 of the protocol" in error.message
    assert "same release" in error.advice


def test_engine_that_never_speaks_is_stopped(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_START_LIMIT", 0.3)
    engine = start("mute")
    assert "did not start in time" in _error(_finish(engine, _lift(engine, tmp_path))).message


def test_interpreter_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    engine = Engine([str(tmp_path / "nowhere")], tmp_path / "engine.log")
    with pytest.raises(LiftPoseError, match="nowhere: No such file"):
        engine.submit("device")


@pytest.mark.parametrize("behaviour", ["succeed", "hang"])
def test_stopping_leaves_no_process(start: Start, tmp_path: Path, behaviour: str) -> None:
    engine = start(behaviour)
    job = _lift(engine, tmp_path)
    _until(engine, lambda: job.stage == "detection")
    pid = engine.pid
    assert pid is not None
    engine.stop()
    assert job.finished
    assert _is_gone(pid)


def test_engine_ends_when_its_parent_is_killed(
    engine_command: Callable[[str], list[str]], tmp_path: Path
) -> None:
    program = (
        "import sys, time; from pathlib import Path; from blender_addon.engine.process import EngineProcess\n"
        "process = EngineProcess(sys.argv[2:], Path(sys.argv[1]) / 'engine.log'); process.received.get()\n"
        "(Path(sys.argv[1]) / 'pid').write_text(f'{process.pid}.'); time.sleep(60)"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path), *engine_command("slow")]
    told = tmp_path / "pid"
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, cwd=_ROOT) as parent:
        _wait(lambda: told.exists() and told.read_text().endswith("."))
        parent.kill()
    _wait(lambda: _is_gone(int(told.read_text()[:-1])))


def test_log_is_kept_small(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "engine.log"
    log.parent.mkdir()
    log.write_bytes(b"old\n" * 500_000)
    engine = start("die")
    _finish(engine, _lift(engine, tmp_path))
    assert log.read_bytes() == b"first words\nthe last words of the engine\n"


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"
