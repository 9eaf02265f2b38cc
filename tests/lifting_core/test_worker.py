"""The engine process, spoken to over its pipes as the add-on does."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifting_core.motion.motion import Motion

_DATA = Path(__file__).parents[1] / "data"
_CLIP = _DATA / "walk_and_wave.mp4"
_PATIENCE = 60.0


class Engine:
    """A running engine; messages wait until somebody asks for those of their request."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *(command or ("-m", "lifting_core.worker"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._arrived: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._kept: list[dict[str, Any]] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, **message: Any) -> None:
        self.send_bytes(json.dumps(message).encode() + b"\0")

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def receive(self, number: int = 0) -> dict[str, Any]:
        """The next message about a request."""
        kept = next((message for message in self._kept if message["id"] == number), None)
        if kept is not None:
            self._kept.remove(kept)
            return kept
        message = self._arrived.get(timeout=_PATIENCE)
        assert message is not None, "the engine ended"
        if message["id"] != number:
            self._kept.append(message)
            return self.receive(number)
        return message

    def until(self, number: int, *types: str) -> list[dict[str, Any]]:
        """The messages about a request up to one of these types."""
        messages = [self.receive(number)]
        while messages[-1]["type"] not in types:
            messages.append(self.receive(number))
        return messages

    def answer(self, **request: Any) -> dict[str, Any]:
        self.send(**request)
        return self.until(request["id"], "done", "error")[-1]

    def wait(self) -> int:
        return self.process.wait(_PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _listen(self) -> None:
        assert self.process.stdout
        buffer = b""
        while chunk := os.read(self.process.stdout.fileno(), 1 << 16):
            *whole, buffer = (buffer + chunk).split(b"\0")
            for text in whole:
                self._arrived.put(json.loads(text))
        self._arrived.put(None)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One engine for many jobs, as in life."""
    running = Engine()
    ready = running.receive()
    assert ready == {"id": 0, "type": "status", "state": "ready", "protocol": 1, "version": ready["version"]}
    yield running
    running.kill()


@pytest.fixture
def own_engine() -> Iterator[Engine]:
    """An engine that the test may end."""
    running = Engine()
    running.receive()
    yield running
    running.kill()


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_clip_is_lifted(engine: Engine, tmp_path: Path) -> None:
    output = tmp_path / "motion.npz"
    settings = {"end": 20, "step": 2, "device": "cpu"}
    engine.send(id=1, type="lift", input=str(_CLIP), output=str(output), settings=settings)
    messages = engine.until(1, "done", "error")
    result = messages[-1]["result"]
    assert result["output"] == str(output)
    assert (result["frames"], result["person"], result["people"]) == (11, 0, 1)
    assert result["seconds"] > 0
    assert result["device"].startswith("cpu")
    motion = Motion.load(output)
    assert motion.time == pytest.approx(np.arange(11) / 15)
    assert motion.present.all()
    assert _names(tmp_path) == ["motion.npz"]

    progress = [message for message in messages if message["type"] == "progress"]
    stages = list(dict.fromkeys(message["stage"] for message in progress))
    assert stages == ["loading", "detection", "lifting", "solving", "writing"]
    detection = [message for message in progress if message["stage"] == "detection"]
    assert all(message["total"] == 11 for message in detection)
    assert (detection[-1]["done"], detection[-1]["remaining"]) == (11, 0)
    assert any("60 degrees" in message["message"] for message in messages if message["type"] == "status")


def test_a_clip_is_probed(engine: Engine) -> None:
    result = engine.answer(id=2, type="probe", input=str(_CLIP))["result"]
    (person,) = result.pop("people")
    assert result == {
        "kind": "video",
        "width": 848,
        "height": 480,
        "fps": 30.0,
        "frames": 150,
        "duration": pytest.approx(5.0, abs=0.04),
    }
    truth = json.loads((_DATA / "walk_and_wave.json").read_text())
    points = np.array(truth["joints_world"][0]) @ np.array(truth["R"]).T + np.ravel(truth["t"])
    pixels = points @ np.array(truth["K"]).T
    pixels = pixels[:, :2] / pixels[:, 2:]
    x, y, width, height = person["box"]
    assert person["index"] == 0
    assert np.array([x, y]) == pytest.approx(pixels.min(0), abs=25)
    assert np.array([x + width, y + height]) == pytest.approx(pixels.max(0), abs=25)


def test_the_device_is_described(engine: Engine) -> None:
    result = engine.answer(id=3, type="device", device="cpu")["result"]
    assert set(result) == {"device", "name", "poses_per_second", "python", "torch"}
    assert result["device"] == "cpu"
    assert result["python"] == ".".join(map(str, sys.version_info[:3]))
    assert result["poses_per_second"] > 100


def test_cancelling_ends_a_job_within_a_second(engine: Engine, tmp_path: Path) -> None:
    engine.send(id=10, type="lift", input=str(_CLIP), output=str(tmp_path / "motion.npz"))
    while engine.until(10, "progress")[-1]["stage"] != "detection":
        pass
    began = time.monotonic()
    engine.send(id=11, type="cancel", job=10)
    (heard,) = engine.until(11, "done")
    ended = engine.until(10, "done", "error")[-1]
    assert time.monotonic() - began < 1
    assert heard["result"] == {}
    assert (ended["type"], ended["kind"], ended["traceback"]) == ("error", "cancelled", None)
    assert _names(tmp_path) == []


def test_cancelling_is_heard_while_the_engine_warms_up(own_engine: Engine, tmp_path: Path) -> None:
    own_engine.send(id=1, type="lift", input=str(_CLIP), output=str(tmp_path / "motion.npz"))
    own_engine.send(id=2, type="cancel", job=1)
    messages = own_engine.until(1, "done", "error")
    assert messages[-1]["kind"] == "cancelled"
    assert {message.get("stage") for message in messages[:-1]} <= {"loading"}


def test_a_waiting_job_can_be_cancelled(engine: Engine, tmp_path: Path) -> None:
    engine.send(id=20, type="lift", input=str(_CLIP), output=str(tmp_path / "a.npz"))
    engine.send(id=21, type="lift", input=str(_CLIP), output=str(tmp_path / "b.npz"))
    engine.send(id=22, type="cancel", job=21)
    engine.send(id=23, type="cancel", job=20)
    kinds = [engine.until(job, "done", "error")[-1]["kind"] for job in (20, 21)]
    assert kinds == ["cancelled", "cancelled"]


def test_cancelling_what_is_over_is_fine(engine: Engine) -> None:
    assert engine.answer(id=30, type="cancel", job=999)["result"] == {}


@pytest.mark.parametrize(
    "text",
    [
        b"\0",
        b"hello\0",
        b"[1]\0",
        b'{"id": -1, "type": "shutdown"}\0',
        b"\xff\xfe\0",
        b"9" * 3_000_000 + b"\0",
    ],
)
def test_malformed_messages_get_an_error_and_do_no_harm(engine: Engine, text: bytes) -> None:
    engine.send_bytes(text)
    error = engine.until(0, "error")[-1]
    assert error["kind"] == "input"
    assert error["message"]
    assert error["advice"]
    assert engine.answer(id=40, type="cancel", job=1)["result"] == {}


def test_bad_requests_are_answered_by_their_id(engine: Engine, tmp_path: Path) -> None:
    output = str(tmp_path / "a.npz")
    for request in (
        {"type": "lift", "input": str(tmp_path / "missing.mp4"), "output": output},
        {"type": "lift", "input": str(_CLIP), "output": str(tmp_path / "missing" / "a.npz")},
        {"type": "lift", "input": str(_CLIP), "output": output, "settings": {"start": 1000}},
        {"type": "lift", "input": str(_CLIP), "output": output, "settings": {"colour": "red"}},
        {"type": "probe", "input": str(tmp_path)},
        {"type": "sing"},
    ):
        error = engine.answer(id=50, **request)
        assert (error["type"], error["kind"], error["traceback"]) == ("error", "input", None), request
        assert error["message"].endswith(".")
        assert error["advice"]
    assert _names(tmp_path) == []


def test_shutting_down_ends_the_engine(own_engine: Engine) -> None:
    assert own_engine.answer(id=1, type="shutdown")["result"] == {}
    assert own_engine.wait() == 0


def _in_the_middle(engine: Engine, folder: Path) -> None:
    engine.send(id=1, type="lift", input=str(_CLIP), output=str(folder / "motion.npz"))
    while engine.until(1, "progress")[-1]["stage"] != "detection":
        pass


def test_the_engine_ends_with_its_parent(own_engine: Engine, tmp_path: Path) -> None:
    _in_the_middle(own_engine, tmp_path)
    began = time.monotonic()
    assert own_engine.process.stdin
    own_engine.process.stdin.close()
    own_engine.wait()
    assert time.monotonic() - began < 1.5
    assert _names(tmp_path) == []


def test_an_engine_killed_in_the_middle_writes_nothing(own_engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "motion.npz").write_text("old")
    _in_the_middle(own_engine, tmp_path)
    own_engine.kill()
    assert _names(tmp_path) == ["motion.npz"]
    assert (tmp_path / "motion.npz").read_text() == "old"


_STUBBORN = """
import os, sys, time
from pathlib import Path
from lifting_core import files, worker

class Pipeline:
    def probe(self, source, progress):
        print("a library prints")
        os.write(1, b"and native code, too")
        raise ZeroDivisionError("by nobody")
    def describe(self, device, progress):
        with files.written_whole(Path(sys.argv[1]) / "a.npz"):
            progress("loading", 0, None)
            time.sleep(60)

worker._load_pipeline = Pipeline
worker.main()
"""


def test_unexpected_failures_carry_their_traceback_apart_and_prints_do_not_disturb(tmp_path: Path) -> None:
    engine = Engine("-c", _STUBBORN, str(tmp_path))
    engine.receive()
    error = engine.answer(id=1, type="probe", input="a.mp4")
    assert error["kind"] == "failure"
    assert "by nobody" in error["message"]
    assert "Traceback" not in error["message"]
    assert "ZeroDivisionError" in error["traceback"]
    assert error["advice"]
    assert engine.answer(id=2, type="shutdown")["type"] == "done"
    engine.kill()


def test_a_job_that_hears_nothing_cannot_outlive_the_parent(tmp_path: Path) -> None:
    engine = Engine("-c", _STUBBORN, str(tmp_path))
    engine.receive()
    engine.send(id=1, type="device")
    engine.until(1, "progress")
    assert len(_names(tmp_path)) == 1
    assert engine.process.stdin
    engine.process.stdin.close()
    began = time.monotonic()
    engine.wait()
    assert time.monotonic() - began < 1.5
    assert _names(tmp_path) == []
