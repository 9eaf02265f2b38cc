from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import blender_addon

_RUN = "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_module('installer', alter_sys=True)"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """The installer as the add-on starts it: without the rest of the add-on, and in isolated mode."""
    command = [sys.executable, "-I", "-c", _RUN, str(Path(blender_addon.__file__).parent)]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    yield started
    started.kill()
    started.wait()


def read(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    text = bytearray()
    while (byte := process.stdout.read(1)) not in (b"", b"\0"):
        text += byte
    message: dict[str, Any] = json.loads(text)
    return message


def ask(process: subprocess.Popen[bytes], **fields: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"id": 4, "type": "install", **fields}).encode() + b"\0")
    process.stdin.flush()


def answer(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    while (message := read(process))["type"] == "progress":
        pass
    return message


def test_it_greets_in_the_protocol(process: subprocess.Popen[bytes]) -> None:
    assert read(process) == {"id": 0, "type": "status", "state": "ready", "protocol": 1, "version": ""}


def test_a_failure_has_words_and_advice(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    read(process)
    ask(process, folder=str(tmp_path / "e"), wheel="w", version="1", device="cpu", wheels=str(tmp_path))
    message = answer(process)
    assert message["id"] == 4
    assert message["kind"] == "failure"
    assert message["message"] == "A package is missing."
    assert message["advice"]
    assert process.wait(10) == 1


def test_an_engine_for_no_system_is_refused(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    read(process)
    ask(process, folder=str(tmp_path / "e"), wheel="w", version="1", device="abacus")
    assert "abacus" in answer(process)["message"]


@pytest.mark.parametrize("how", ["message", "end of the stream"])
def test_it_ends_when_told_and_when_blender_ends(
    process: subprocess.Popen[bytes], tmp_path: Path, how: str
) -> None:
    """A Python that never answers stands for any step that takes long."""
    slow = tmp_path / "slow"
    slow.write_text('#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 60\n')
    slow.chmod(0o755)
    uv = tmp_path / "engine" / "uv"
    (uv / "bin").mkdir(parents=True)
    (uv / "bin" / "uv").symlink_to(slow)
    locked = Path(blender_addon.__file__).parent / "installer" / "locks" / "uv.txt"
    (uv / locked.read_text().split()[0]).touch()
    read(process)
    ask(process, folder=str(tmp_path / "engine"), wheel="w", version="1", device="cpu", wheels=str(tmp_path))
    pid = _written_number(uv / "bin" / "uv.pid")
    assert process.stdin is not None
    if how == "message":
        ask(process)
    else:
        process.stdin.close()
    assert answer(process)["kind"] == "cancelled"
    assert process.wait(5) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def _written_number(path: Path) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.02)
    raise AssertionError(f"{path} was not written")
