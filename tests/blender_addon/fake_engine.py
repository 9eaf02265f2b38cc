"""An engine that behaves as told: `python fake_engine.py BEHAVIOUR [MOTION]`.

It speaks the protocol of docs/architecture.md over real pipes; a lift gives a copy of the Motion file MOTION.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def _send(number: int, name: str, **fields: Any) -> None:
    sys.stdout.buffer.write(json.dumps({"id": number, "type": name, **fields}).encode() + b"\0")
    sys.stdout.buffer.flush()


def _requests() -> Iterator[dict[str, Any]]:
    pending = b""
    while chunk := os.read(0, 65536):
        *texts, pending = (pending + chunk).split(b"\0")
        yield from map(json.loads, texts)


def _listen(jobs: queue.Queue[dict[str, Any]], cancelled: set[int]) -> None:
    for request in _requests():
        if request["type"] == "cancel":
            cancelled.add(request["job"])
            _send(request["id"], "done", result={})
        elif request["type"] == "shutdown":
            _send(request["id"], "done", result={})
            os._exit(0)
        else:
            jobs.put(request)
    os._exit(0)


def _serve(job: dict[str, Any], behaviour: str, cancelled: set[int]) -> None:
    number = job["id"]
    _send(number, "progress", stage="detection", done=1, total=4, remaining=75)
    if behaviour == "die":
        sys.stderr.write("first words\nthe last words of the engine\n")
        sys.stderr.flush()
        os._exit(3)
    elif behaviour == "fail":
        _send(number, "error", kind="input", message="Nobody.", advice="Film somebody.", traceback="Trace")
    elif behaviour == "garbage":
        sys.stdout.buffer.write(b"{not json\0")
        sys.stdout.buffer.flush()
        time.sleep(60)
    elif behaviour == "unknown":
        _send(number, "surprise")
    elif behaviour == "incomplete":
        _send(number, "progress", stage="lifting")
    elif behaviour == "slow":
        while number not in cancelled:
            _send(number, "progress", stage="lifting", done=1, total=4, remaining=3)
            time.sleep(0.02)
        _send(number, "error", kind="cancelled", message="Cancelled.", advice="", traceback=None)
    elif behaviour == "hang":
        time.sleep(600)
    else:
        _send(number, "warning", message="It is dark.")
        _answer(job)


def _answer(job: dict[str, Any]) -> None:
    if job["type"] == "lift":
        shutil.copyfile(sys.argv[2], job["output"])
        settings = job.get("settings", {})
        result = {
            "output": job["output"],
            "frames": 12,
            "seconds": 0.5,
            "device": "cpu",
            "settings": settings,
        }
    elif job["type"] == "probe":
        people = [{"index": 0, "box": [10, 20, 100, 200]}]
        result = {"kind": "video", "width": 640, "height": 480, "fps": 29.97, "frames": 90, "people": people}
    else:
        environment = [name for name in os.environ if name.startswith("PYTHON")]
        result = {"device": "cpu", "environment": environment, "folder": str(Path.cwd())}
    _send(job["id"], "done", result=result)


def main() -> None:
    behaviour = sys.argv[1]
    if behaviour == "mute":
        time.sleep(600)
    _send(0, "status", state="ready", protocol=2 if behaviour == "newer" else 1, version="0.1.0")
    jobs: queue.Queue[dict[str, Any]] = queue.Queue()
    cancelled: set[int] = set()
    threading.Thread(target=_listen, args=(jobs, cancelled), daemon=True).start()
    while True:
        _serve(jobs.get(), behaviour, cancelled)


if __name__ == "__main__":
    main()
