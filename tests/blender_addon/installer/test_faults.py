"""Real accidents at every stage: what was installed stays, nothing runs on, and the next try works."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import blender_addon
from blender_addon.installer import locks
from blender_addon.installer.failures import InstallationFailure
from blender_addon.installer.installation import Installation, Request
from blender_addon.installer.layout import Layout, Record

STAGES = ["uv", "python", "packages", "trial"]
OTHER_PYTHONS = [python for python in ("python3.10", "python3.12", "python3.13") if shutil.which(python)]

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="POSIX signals"),
    pytest.mark.skipif(
        f"{sys.version_info.major}.{sys.version_info.minor}" != locks.PYTHON, reason="needs the locked Python"
    ),
]


def install(request: Request) -> Record:
    return Installation(request, lambda *_: None, threading.Event()).run()


def check_former_and_try_again(request: Request, former: Record) -> None:
    """The former engine is there and runs, and another installation succeeds."""
    layout = Layout(request.folder)
    assert layout.record() == former
    assert subprocess.run([former.python, "-c", "import tiny"], check=False).returncode == 0
    again = install(request)
    assert layout.record() == again
    assert [path.name for path in layout.environments.iterdir()] == [Path(again.python).parents[1].name]


@pytest.fixture
def installer(tmp_path: Path, store: Any) -> Iterator[subprocess.Popen[bytes]]:
    """The installer's process, with the lock files of the test."""
    package = tmp_path / "package" / "installer"
    shutil.copytree(Path(blender_addon.__file__).parent / "installer", package)
    for lock in store.locks.iterdir():
        shutil.copy(lock, package / "locks")
    run = "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_module('installer', alter_sys=True)"
    command = [sys.executable, "-c", run, str(package.parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def until(process: subprocess.Popen[bytes], stage: str) -> None:
    """Read what the installer says until it begins a stage."""
    assert process.stdout is not None
    text = b""
    while byte := process.stdout.read(1):
        text += byte
        if byte == b"\0":
            message, text = json.loads(text[:-1]), b""
            if message.get("stage") == stage:
                return
            assert message["type"] != "error", message
    raise AssertionError(f"it ended before {stage}")


def running_below(folder: Path) -> list[int]:
    """Processes with the folder in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(folder).encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
    return found


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads /proc")
def test_killed_at_any_stage(
    store: Any, tmp_path: Path, installer: subprocess.Popen[bytes], stage: str
) -> None:
    request = store.request(tmp_path / "engine")
    former = install(request)
    if stage == "uv":
        shutil.rmtree(Layout(request.folder).uv)
    message = {name: str(value) for name, value in vars(request).items()} | {"id": 1, "type": "install"}
    assert installer.stdin is not None
    installer.stdin.write(json.dumps(message).encode() + b"\0")
    installer.stdin.flush()
    until(installer, stage)
    installer.send_signal(signal.SIGKILL)
    installer.wait(10)
    deadline = time.monotonic() + 20
    while running_below(request.folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running_below(request.folder) == []
    check_former_and_try_again(request, former)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting takes an administrator")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("stage", STAGES[:3])
def test_disk_that_gets_full_at_any_stage(store: Any, small_disk: Path, stage: str) -> None:
    request = store.request(small_disk / "engine")
    former = install(request)
    if stage == "uv":
        shutil.rmtree(Layout(request.folder).uv)
    fill = small_disk / "fill"

    def report(now: str, *_: Any) -> None:
        if now == stage and not fill.exists():
            with suppress(OSError), fill.open("wb", buffering=0) as file:
                while file.write(b"\0" * 4096):
                    pass

    with pytest.raises(InstallationFailure, match="The disk is full"):
        Installation(request, report, threading.Event()).run()
    fill.unlink()
    check_former_and_try_again(request, former)


@pytest.mark.parametrize("python", OTHER_PYTHONS)
def test_python_of_another_version(store: Any, tmp_path: Path, python: str) -> None:
    former = install(store.request(tmp_path / "engine"))
    with pytest.raises(InstallationFailure, match=r"the engine is locked to 3\.11|no usable Python 3\.11"):
        install(store.request(tmp_path / "engine", python=str(shutil.which(python))))
    check_former_and_try_again(store.request(tmp_path / "engine"), former)


def test_no_network(store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    former = install(store.request(tmp_path / "engine"))
    shutil.rmtree(Layout(tmp_path / "engine").uv)
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "https://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(InstallationFailure, match="The package index cannot be reached"):
        install(store.request(tmp_path / "engine", wheels=""))
    check_former_and_try_again(store.request(tmp_path / "engine"), former)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="an administrator may write anywhere")
def test_folder_that_cannot_be_written(store: Any, tmp_path: Path) -> None:
    request = store.request(tmp_path / "engine")
    former = install(request)
    shutil.rmtree(Layout(request.folder).cache, ignore_errors=True)
    request.folder.chmod(0o555)
    Layout(request.folder).environments.chmod(0o555)
    with pytest.raises((InstallationFailure, PermissionError), match=r"not allow writing|Permission denied"):
        install(request)
    request.folder.chmod(0o755)
    Layout(request.folder).environments.chmod(0o755)
    check_former_and_try_again(request, former)
