"""Runs the programs that do the work, so that they end when they are told to."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .failures import Cancelled, explained

_TICK = 0.05  # seconds between two looks whether a program has ended
_GLANCE = 0.5  # seconds between two looks at how far it is
_KEPT = 1 << 16  # characters of its output


def run(
    command: Sequence[str | os.PathLike[str]],
    environment: Mapping[str, str],
    stop: threading.Event,
    glance: Callable[[], None] = lambda: None,
) -> str:
    """Run a program to its end and return what it printed; `glance` is called every now and then.

    Raises Cancelled when `stop` is set meanwhile, InstallationFailure when the program fails.
    """
    sys.stderr.write(f"$ {' '.join(map(str, command))}\n")
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise explained(str(error)) from error
    output: list[str] = []
    reader = threading.Thread(target=_read, args=(process, output), daemon=True)
    reader.start()
    try:
        next_glance = time.monotonic() + _GLANCE
        while process.poll() is None and not stop.wait(_TICK):
            if time.monotonic() >= next_glance:
                glance()
                next_glance = time.monotonic() + _GLANCE
    finally:
        _end(process)
        reader.join(1.0)
    if stop.is_set():
        raise Cancelled
    text = "".join(output)[-_KEPT:]
    if process.returncode:
        raise explained(text)
    return text


def _read(process: subprocess.Popen[str], output: list[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        output.append(line)
        sys.stderr.write(line)
        sys.stderr.flush()


def _end(process: subprocess.Popen[str]) -> None:
    """End the program and all that it has started."""
    if process.poll() is None:
        with suppress(OSError):
            if os.name == "posix":
                os.killpg(process.pid, 9)
            process.kill()
    process.wait()


def clean_environment() -> dict[str, str]:
    """The variables of this process without those that lead Python, pip or uv elsewhere."""
    leading = ("PYTHON", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT", "UV_PYTHON", "__PYVENV_LAUNCHER__")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(leading)}
    return kept | {"PYTHONUTF8": "1", "NO_COLOR": "1"}


def size(folder: Path) -> int:
    """Bytes of all files below a folder, which may be changing."""
    total, folders = 0, [folder]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
    return total
