from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lifting_core.batch import machine


def test_memory_that_is_promised_but_not_taken_yet_is_not_given_twice() -> None:
    left = machine.available()
    assert 0 < left <= psutil.virtual_memory().total / 2**30
    assert machine.has_room(left / 2, {})
    assert not machine.has_room(left / 2, {os.getpid(): left})
    assert machine.has_room(left / 2, {os.getpid(): 0.001}), "it has taken more than that already"


def test_the_memory_of_children_counts_as_taken() -> None:
    code = "held = bytearray(300 << 20); print(len(held), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert machine._used(os.getpid()) > machine._used(child.pid) > 0.29
        child.kill()
    assert machine._used(child.pid) == 0


def test_the_limit_of_a_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    unlimited = machine.available()
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.available() == pytest.approx(unlimited, rel=0.2)
    (tmp_path / "memory.max").write_text(f"{3 << 28}\n")
    (tmp_path / "memory.current").write_text(f"{1 << 28}\n")
    assert machine.available() == 0.5
