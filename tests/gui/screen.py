"""A Blender with a window on a screen of its own, its mouse and keyboard, and what it is asked."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SIZE = (1280, 860)
_INSIDE = Path(__file__).with_name("inside.py")
_PLACE = (60, 60)  # of windows that Blender opens
_STEP = 9  # pixels between two looks for a button, which is some 20 high
_SETTLE = 0.15  # seconds for Blender to notice the mouse


class Screen:
    """The X server that shows the Blender, and the mouse in it."""

    def __init__(self, blender: str, folder: Path, display: str) -> None:
        self._environment = os.environ | {
            "DISPLAY": display,
            "BLENDER_USER_RESOURCES": str(folder / "user"),
            "LIFT_POSE_GUI": str(folder / "socket"),
        }
        self._folder = folder
        self.clicks = 0
        self._server = subprocess.Popen(
            [
                "Xvfb",
                display,
                "-screen",
                "0",
                f"{_SIZE[0]}x{_SIZE[1]}x24",
                "+extension",
                "GLX",
                "-nolisten",
                "tcp",
            ],
            stderr=subprocess.DEVNULL,
        )
        time.sleep(2)
        inside = folder / "inside.py"
        inside.write_bytes(_INSIDE.read_bytes())
        geometry = ["--window-geometry", "0", "0", str(_SIZE[0]), str(_SIZE[1])]
        with (folder / "blender.log").open("wb") as log:
            self.blender = subprocess.Popen(
                [blender, "--factory-startup", *geometry, "--python", str(inside)],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._peer = socket.socket(socket.AF_UNIX)
        self.wait(lambda: (folder / "socket").exists(), 60, "Blender starts")
        self._peer.connect(str(folder / "socket"))

    def ask(self, request: str) -> Any:
        """The value of a Python expression in Blender. Raises RuntimeError with its traceback."""
        self._peer.sendall(request.encode() + b"\0")
        answer = b""
        while not answer.endswith(b"\0"):
            part = self._peer.recv(1 << 20)
            if not part:
                raise RuntimeError("Blender is gone.")
            answer += part
        said = json.loads(answer[:-1])
        if "error" in said:
            raise RuntimeError(said["error"])
        return said["value"]

    def wait(self, until: Callable[[], Any], seconds: float, what: str) -> None:
        """Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise TimeoutError(what)
            time.sleep(0.1)

    def xdotool(self, *arguments: str | float) -> str:
        """Mouse and keyboard."""
        command = ["xdotool", *map(str, arguments)]
        return subprocess.run(
            command, env=self._environment, check=True, capture_output=True, text=True
        ).stdout

    def picture(self, name: str, part: tuple[int, int, int, int] | None = None) -> None:
        """Keep what the screen shows, or a part of it: x, y, width and height."""
        path = str(self._folder / f"{name}.png")
        crop = [] if part is None else ["-crop", "{2}x{3}+{0}+{1}".format(*part), "+repage"]
        subprocess.run(["import", "-window", "root", *crop, path], env=self._environment, check=True)

    def move(self, x: float, y: float) -> None:
        """In two steps, since Blender looks under the mouse only when it moves."""
        self.xdotool("mousemove", round(x) - 1, round(y))
        self.xdotool("mousemove", round(x), round(y), "sleep", _SETTLE)

    def click(self, button: int = 1) -> None:
        """Where the mouse is."""
        self.clicks += 1
        self.xdotool("click", button, "sleep", 0.3)

    def region(self, area: str, region: str) -> tuple[int, int, int, int]:
        """x, y, width and height on the screen."""
        x, y, width, height, window = self.ask(f"region_of({area!r}, {region!r})")
        left, top = self._window_place(window)
        return left + x, top + y, width, height

    def _window_place(self, index: int) -> tuple[int, int]:
        if index == 0:
            return 0, 0
        found = self.xdotool("search", "--onlyvisible", "--class", "Blender").split()
        newest = max(found, key=int)
        self.xdotool("windowmove", newest, *_PLACE)  # no window manager keeps it on the screen
        return _PLACE

    def find(self, name: str, area: str = "VIEW_3D", region: str = "UI", across: float = 0.5) -> None:
        """Move the mouse to the button for an operator or property. Raises LookupError when there is none."""
        x, y, width, height = self.region(area, region)
        for down in range(y + 4, y + height, _STEP):
            self.move(x + across * width, down)
            there = self.ask(f"under_mouse({area!r}, {region!r})")
            if there.startswith(f"bpy.ops.{name}(") or there == name:
                self.move(x + across * width, down + 4)
                return
        raise LookupError(f"There is no button for {name}.")

    def press(self, name: str, area: str = "VIEW_3D", region: str = "UI", across: float = 0.5) -> None:
        """Click the button for an operator or property."""
        self.find(name, area, region, across)
        self.click()

    def close(self) -> None:
        """End Blender and the X server."""
        self._peer.close()
        for process in (self.blender, self._server):
            process.terminate()
            process.wait(20)
