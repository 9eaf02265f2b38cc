"""The messages between the engine and whoever started it; docs/architecture.md is the contract.

A message is one JSON object, UTF-8, terminated by a NUL byte.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifting_core.errors import Cancelled, InvalidInput, LiftPoseError
from lifting_core.settings import LiftSettings

PROTOCOL = 1
MESSAGE_LIMIT = 1 << 20
"""Bytes; nothing that the protocol knows comes near."""


@dataclass(frozen=True)
class Lift:
    """Turn `input` into the Motion file `output`."""

    id: int
    input: Path
    output: Path
    settings: LiftSettings = field(default_factory=LiftSettings)


@dataclass(frozen=True)
class Probe:
    """Tell what `input` is and who is in it."""

    id: int
    input: Path


@dataclass(frozen=True)
class Device:
    """Tell what `device` is and how fast."""

    id: int
    device: str = "auto"


@dataclass(frozen=True)
class Cancel:
    """End the request `job`."""

    id: int
    job: int


@dataclass(frozen=True)
class Shutdown:
    """End the engine."""

    id: int


Job = Lift | Probe | Device
Request = Job | Cancel | Shutdown


def encode(message: dict[str, Any]) -> bytes:
    """One message as it goes over the pipe. JSON escapes control characters, so no NUL is inside."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\0"


def read_messages(descriptor: int) -> Iterator[bytes]:
    """The messages that arrive at a file descriptor, without their NUL, until its other end closes.

    A message longer than MESSAGE_LIMIT arrives empty.
    """
    pending, overlong = b"", False
    while chunk := os.read(descriptor, 1 << 16):
        *whole, pending = (pending + chunk).split(b"\0")
        for message in whole:
            yield b"" if overlong else message
            overlong = False
        if len(pending) > MESSAGE_LIMIT:
            pending, overlong = b"", True


def error_fields(error: BaseException) -> dict[str, str]:
    """Kind, message and advice of an error, as an error message carries them."""
    match error:
        case Cancelled() | KeyboardInterrupt():
            return {"kind": "cancelled", "message": "Cancelled.", "advice": ""}
        case LiftPoseError():
            kind = "input" if isinstance(error, InvalidInput) else "failure"
            return {"kind": kind, "message": error.message, "advice": error.advice}
        case OSError():
            message = f"The system refused something: {error}."
            return {"kind": "failure", "message": message, "advice": "Check free space and permissions."}
    return {
        "kind": "failure",
        "message": f"Something unexpected went wrong: {type(error).__name__}: {error}.",
        "advice": "Please report it with the log.",
    }


def message_id(message: Any) -> int:
    """The id of a decoded message, 0 where it has none of use."""
    number = message.get("id") if isinstance(message, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else 0


def decode(text: bytes) -> Any:
    """The JSON value of a message. Raises InvalidInput when it is not JSON."""
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"A message is not JSON in UTF-8 of at most {MESSAGE_LIMIT} bytes.",
            "Send one JSON object a message, each ended by a NUL byte.",
        ) from error


def parse_request(message: Any) -> Request:
    """The request in a decoded message. Raises InvalidInput on everything the protocol does not know."""
    if not isinstance(message, dict):
        raise InvalidInput("A message is not a JSON object.", "Send one JSON object a message.")
    fields = dict(message)
    number, kind = message_id(message), fields.pop("type", None)
    if number == 0:
        raise InvalidInput("A request has no positive id.", "Number the requests from 1.")
    fields.pop("id")
    readers: dict[str, Callable[..., Request]] = {
        "lift": _lift,
        "probe": _probe,
        "device": _device,
        "cancel": _cancel,
        "shutdown": Shutdown,
    }
    if not isinstance(kind, str) or kind not in readers:
        raise InvalidInput(f"The engine knows no request {kind!r}.", f"It knows {', '.join(readers)}.")
    try:
        return readers[kind](number, **fields)
    except TypeError as error:
        raise InvalidInput(
            f"The fields of a {kind} request are wrong: {', '.join(map(repr, fields)) or 'none'}.",
            "See docs/architecture.md.",
        ) from error


def _lift(number: int, input: str, output: str, settings: dict[str, Any] | None = None) -> Lift:  # noqa: A002
    if settings is not None and not isinstance(settings, dict):
        raise InvalidInput("The settings are not a JSON object.", "Send settings by name.")
    target = _path("output", output)
    if target.suffix.lower() != ".npz":
        raise InvalidInput(f"{target} does not end in .npz.", "Name a Motion file, which ends in .npz.")
    return Lift(number, _path("input", input), target, LiftSettings.from_dict(settings or {}))


def _probe(number: int, input: str) -> Probe:  # noqa: A002
    return Probe(number, _path("input", input))


def _device(number: int, device: str = "auto") -> Device:
    return Device(number, LiftSettings(device=device).device)


def _cancel(number: int, job: int) -> Cancel:
    if isinstance(job, bool) or not isinstance(job, int):
        raise InvalidInput(f"There is no request {job!r} to cancel.", "Name the request by its id.")
    return Cancel(number, job)


def _path(name: str, text: Any) -> Path:
    if not isinstance(text, str) or not text or "\0" in text:
        raise InvalidInput(f"The {name} of a request cannot be {text!r}.", "Give the path of a file.")
    return Path(text)
