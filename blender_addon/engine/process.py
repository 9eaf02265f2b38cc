"""The engine as a child process: its pipes, the thread that reads them, and its end."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ..errors import LiftPoseError
from ..parent import ENDS_WITH_STDIN

_LARGEST_MESSAGE = 1 << 22
_LARGEST_LOG = 1 << 20
_TAIL = 4  # lines of the log that are shown to the user
_PATIENCE = 2.0  # seconds that the engine has to leave by itself


class Malformed:
    """Stands in the queue for something that is no message."""


class Closed:
    """Stands in the queue for the end of the engine's output."""


class EngineProcess:
    """A running engine, whose messages end with `end`. Raises OSError when it cannot be started."""

    def __init__(self, command: Sequence[str], log: Path, end: bytes = b"\0") -> None:
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        grown = log.exists() and log.stat().st_size > _LARGEST_LOG
        with log.open("wb" if grown else "ab") as errors:
            self._log_start = errors.tell()
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=log.parent,
                env=environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        self.received: queue.SimpleQueue[dict[str, Any] | Malformed | Closed] = queue.SimpleQueue()
        threading.Thread(
            target=_receive,
            args=(self._process.stdout, self.received, end),
            name="Lift Pose engine",
            daemon=True,
        ).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: dict[str, Any]) -> None:
        """Send a message; if the engine is gone, the queue tells."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(message).encode() + b"\0")
            self._process.stdin.flush()

    def hang_up(self) -> None:
        """Ask the engine to end."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def leave(self) -> None:
        """Ask the engine to end, and see to it that it does."""
        self.hang_up()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)
        self.kill()

    def kill(self) -> str:
        """End the engine at once. Returns how it ended, in words."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.05)  # it may be on its way out, with an exit code of its own
        self._process.kill()
        code = self._process.wait()
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
        return f"exit code {code}"

    def last_words(self) -> list[str]:
        """The last lines that this engine has written to its log."""
        with suppress(OSError), self._log.open("rb") as file:
            file.seek(max(self._log_start, self._log.stat().st_size - 4096))
            lines = file.read().decode("utf-8", "replace").splitlines()
            return [line.strip() for line in lines if line.strip()][-_TAIL:]
        return []


def not_started(command: Sequence[str], error: OSError) -> LiftPoseError:
    """What to raise when a command of the engine cannot be run."""
    return LiftPoseError(
        f"The engine cannot be started with {command[0]}: {error.strerror or error}.",
        "Name its Python in the add-on's preferences, under Engine Python.",
    )


def environment() -> dict[str, str]:
    """Blender's environment without what would lead the engine's Python to Blender's modules.

    It also lets the engine end when its stdin closes.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name != "__PYVENV_LAUNCHER__"
    }
    return kept | {"PYTHONUTF8": "1", ENDS_WITH_STDIN: "1"}


def _receive(
    stream: IO[bytes], received: queue.SimpleQueue[dict[str, Any] | Malformed | Closed], end: bytes
) -> None:
    """Runs in a thread of its own and knows nothing of Blender."""
    pending = b""
    with stream:
        while chunk := os.read(stream.fileno(), 1 << 16):
            *texts, pending = (pending + chunk).split(end)
            for text in texts:
                received.put(_parsed(text))
            if len(pending) > _LARGEST_MESSAGE:
                received.put(Malformed())
                pending = b""
    received.put(Closed())


def _parsed(text: bytes) -> dict[str, Any] | Malformed:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return Malformed()
    return message if isinstance(message, dict) else Malformed()
