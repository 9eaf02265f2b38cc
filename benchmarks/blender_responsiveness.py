"""The longest time between two redraws of Blender while it lifts a clip: `blender_responsiveness.py VIDEO`.

Starts the `blender` on the PATH, which must have the add-on installed and needs a screen (Xvfb will do), in a
small window, redraws its 3D view without pause, and presses Lift Pose. The gap in the idle window is what
drawing itself costs on this machine; `held` is the longest that the add-on kept the window waiting at once,
by the clock and in processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

_ADDON = "bl_ext.user_default.lift_pose"
_WARM_UP, _IDLE = 3.0, 5.0  # seconds
_MARK = "responsiveness: "


def _largest_gap(times: list[float], begin: float, end: float) -> float:
    """Milliseconds."""
    within = [begin, *(moment for moment in times if begin < moment < end), end]
    return round(1000 * max(after - before for before, after in pairwise(within)), 1)


class Recorder:
    """Keeps Blender drawing, and writes down when it drew and how long the add-on held it up."""

    def __init__(self, bpy: Any, video: str) -> None:
        self._bpy, self._video = bpy, video
        self._draws: list[float] = []
        self._holds: list[tuple[float, float]] = []
        self._began = time.perf_counter()
        self._pressed = self._ended = 0.0

    def start(self) -> None:
        view = self._bpy.types.SpaceView3D
        view.draw_handler_add(lambda: self._draws.append(time.perf_counter()), (), "WINDOW", "POST_PIXEL")
        operator = self._bpy.types.Operator.bl_rna_get_subclass_py("LIFT_POSE_OT_lift")
        operator.modal = self._timed(operator.modal)
        self._bpy.app.timers.register(self._tick, first_interval=3)

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(operator: Any, context: Any, event: Any) -> Any:
            began, began_working = time.perf_counter(), time.thread_time()
            result = call(operator, context, event)
            self._holds.append((time.perf_counter() - began, time.thread_time() - began_working))
            return result

        return timed

    def _tick(self) -> float | None:
        now, window = time.perf_counter(), self._bpy.context.window_manager.windows[0]
        area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
        area.tag_redraw()
        if not self._draws:
            self._began = now
        elif not self._pressed and now > self._began + _WARM_UP + _IDLE:
            self._pressed = now
            window.scene.lift_pose.input = self._video
            with self._bpy.context.temp_override(window=window, area=area):
                self._bpy.ops.lift_pose.lift("INVOKE_DEFAULT")
        elif self._pressed and not self._ended and not window.modal_operators:
            self._ended = now
        elif self._ended and now > self._ended + 1:
            self._report()
            os._exit(0)
        return 0.005

    def _report(self) -> None:
        held, worked = (round(1000 * max(times), 1) for times in zip(*self._holds, strict=True))
        result = {
            "idle_redraw_gap_ms": _largest_gap(self._draws, self._began + _WARM_UP, self._pressed),
            "job_redraw_gap_ms": _largest_gap(self._draws, self._pressed, self._ended + 0.9),
            "held_ms": held,
            "held_processor_ms": worked,
            "job_seconds": round(self._ended - self._pressed, 1),
            "armatures": [found.name for found in self._bpy.data.objects if found.type == "ARMATURE"],
        }
        print(_MARK + json.dumps(result), flush=True)


def _inside(bpy: Any) -> None:
    """Run by Blender."""
    import addon_utils

    addon_utils.enable(_ADDON)
    bpy.context.preferences.view.show_splash = False
    Recorder(bpy, sys.argv[sys.argv.index("--") + 1]).start()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    video = parser.parse_args().video
    blender = shutil.which("blender")
    if blender is None or not os.environ.get("DISPLAY"):
        print(json.dumps({"skipped": "needs Blender with a window, and the add-on installed in it"}))
        return
    command = [blender, "--window-geometry", "0", "0", "480", "360", "--python", __file__, "--", video]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    print(next(line.removeprefix(_MARK) for line in done.stdout.splitlines() if line.startswith(_MARK)))


if __name__ == "__main__":
    if "bpy" in sys.modules:
        _inside(sys.modules["bpy"])
    else:
        main()
