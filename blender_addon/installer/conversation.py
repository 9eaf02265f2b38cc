"""The installer's side of the protocol: one request, its progress, and its end."""

from __future__ import annotations

import json
import threading
import time
import traceback
from pathlib import Path
from typing import IO, Any

from .failures import Cancelled, InstallationFailure
from .installation import Installation, Request
from .layout import Layout

PROTOCOL = 1


class _Voice:
    """Writes messages, each whole."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def say(self, number: int, what: str, **fields: Any) -> None:
        message = json.dumps({"id": number, "type": what, **fields}).encode() + b"\0"
        with self._lock:
            self._stream.write(message)
            self._stream.flush()


def converse(requests: IO[bytes], answers: IO[bytes]) -> int:
    """Serve one `install` request; returns the exit code.

    The end of `requests`, which comes when Blender ends, cancels it, and so does any later message.
    """
    voice, stop = _Voice(answers), threading.Event()
    voice.say(0, "status", state="ready", protocol=PROTOCOL, version="")
    first = _next(requests)
    if first is None or first.get("type") != "install":
        return 2
    threading.Thread(target=_listen, args=(requests, stop), daemon=True).start()
    number, request = int(first["id"]), _request(first)
    try:
        record = Installation(request, _Reporter(voice, number), stop).run()
    except Cancelled:
        voice.say(number, "error", kind="cancelled", message="Cancelled.", advice="", traceback=None)
    except InstallationFailure as failure:
        _fail(voice, number, failure.message, failure.advice, None)
    except Exception as error:
        _fail(
            voice,
            number,
            f"The installation failed: {error}.",
            "The log has all of it.",
            traceback.format_exc(),
        )
    else:
        voice.say(number, "done", result={"python": record.python, "found": record.found})
        return 0
    Layout(request.folder).tidy()  # takes a while: after the answer
    return 1


class _Reporter:
    """Tells how far a stage is, and how long it still takes."""

    def __init__(self, voice: _Voice, number: int) -> None:
        self._voice = voice
        self._number = number
        self._began: dict[str, tuple[float, float]] = {}

    def __call__(self, stage: str, done: float, total: float | None) -> None:
        now = time.monotonic()
        began, there = self._began.setdefault(stage, (now, done))
        remaining = None
        if total and done > there and now > began:
            remaining = round((total - done) * (now - began) / (done - there), 1)
        self._voice.say(
            self._number,
            "progress",
            stage=stage,
            done=round(done),
            total=None if total is None else round(total),
            remaining=remaining,
        )


def _fail(voice: _Voice, number: int, message: str, advice: str, trace: str | None) -> None:
    voice.say(number, "error", kind="failure", message=message, advice=advice, traceback=trace)


def _request(message: dict[str, Any]) -> Request:
    return Request(
        folder=Path(message["folder"]),
        wheel=Path(message["wheel"]),
        version=str(message["version"]),
        device=str(message["device"]),
        python=str(message.get("python") or ""),
        wheels=str(message.get("wheels") or ""),
    )


def _next(requests: IO[bytes]) -> dict[str, Any] | None:
    """The next message; None at the end, or when it is none."""
    text = bytearray()
    while (byte := requests.read(1)) not in (b"", b"\0"):
        text += byte
    try:
        message = json.loads(text)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _listen(requests: IO[bytes], stop: threading.Event) -> None:
    """Whatever comes now, even the end of the stream, ends the installation."""
    requests.read(1)
    stop.set()
