"""Run by the Blender under test: answers what the session outside asks, and counts redraws.

A request is a Python expression or statement, sent over a Unix socket and ended by a NUL byte; the answer is
the JSON of `answer`, or the traceback. Everything is run by a timer, on Blender's main thread.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import sys
import time
import traceback
from typing import Any

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d

_TICK = 0.01  # seconds


class _Redraws:
    """When Blender's main loop came round, drawing the 3D view, and how long the add-on held it."""

    def __init__(self) -> None:
        self._moments: list[float] = []
        self._held: list[float] = [0.0]
        self._running = False

    def watch(self, operators: str) -> None:
        """Time what the add-on does in the loop while its job runs."""
        for name in operators.split():
            operator: Any = bpy.types.Operator.bl_rna_get_subclass_py(name)
            operator.modal = self._timed(operator.modal)

    def _timed(self, call: Any) -> Any:
        def timed(operator: Any, context: Any, event: Any) -> Any:
            began = time.thread_time()
            result = call(operator, context, event)
            self._held.append(1000 * (time.thread_time() - began))
            return result

        return timed

    def start(self) -> None:
        self._moments, self._held, self._running = [], [0.0], True
        bpy.app.timers.register(self._tick, persistent=True)

    def _tick(self) -> float | None:
        if not self._running:
            return None
        self._moments.append(time.perf_counter())
        for area in bpy.context.window_manager.windows[0].screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
        return _TICK

    def stop(self) -> dict[str, float]:
        """The longest and the median round, and the longest that the add-on held it; milliseconds."""
        self._running, moments = False, self._moments
        rounds = sorted(1000 * (after - before) for before, after in itertools.pairwise(moments))
        return {
            "longest": round(rounds[-1], 1),
            "median": round(rounds[len(rounds) // 2], 1),
            "held": round(max(self._held), 1),
        }


class _Drawn:
    """Which panels Blender draws: it asks only the open ones."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}

    def watch(self, panel: Any) -> None:
        draw = panel.draw

        def watched(drawn: Any, context: bpy.types.Context) -> None:
            self._count[panel.bl_idname] = self._count.get(panel.bl_idname, 0) + 1
            draw(drawn, context)

        panel.draw = watched

    def opened(self, name: str) -> bool:
        return self._count.get(name, 0) > 0


redraws, drawn = _Redraws(), _Drawn()


def area_of(kind: str) -> tuple[bpy.types.Window, bpy.types.Area]:
    """The last window's area of a kind: VIEW_3D, PREFERENCES, IMAGE_EDITOR."""
    found = [
        (window, area)
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type == kind
    ]
    return found[-1]


def has_area(kind: str) -> bool:
    """Whether a window shows such an area."""
    windows = bpy.context.window_manager.windows
    return any(area.type == kind for window in windows for area in window.screen.areas)


def tab() -> str:
    """The sidebar's tab in the 3D view."""
    _, area = area_of("VIEW_3D")
    region: Any = next(each for each in area.regions if each.type == "UI")
    return str(region.active_panel_category)


def later(statement: str, kind: str) -> None:
    """Run a statement in an area, once the answer to this request is on its way."""

    def run() -> None:
        window, area = area_of(kind)
        region = next(each for each in area.regions if each.type == "WINDOW")
        with bpy.context.temp_override(window=window, area=area, region=region):
            exec(statement, globals())

    bpy.app.timers.register(run, first_interval=0.1)


def region_of(kind: str, region: str) -> list[int]:
    """x, y from the top, width and height of a region in its window, and the window's place in the list."""
    window, area = area_of(kind)
    found = next(each for each in area.regions if each.type == region)
    windows = list(bpy.context.window_manager.windows)
    top = window.height - found.y - found.height
    return [found.x, top, found.width, found.height, windows.index(window)]


def under_mouse(kind: str, region: str) -> str:
    """What the button under the mouse is for: "bpy.ops.lift_pose.lift()", or a property's path; else empty.

    Blender copies both into the clipboard for whoever asks in a button's context menu.
    """
    window, area = area_of(kind)
    found = next(each for each in area.regions if each.type == region)
    with bpy.context.temp_override(window=window, area=area, region=found):
        for copy in (bpy.ops.ui.copy_python_command_button, bpy.ops.ui.copy_data_path_button):
            with contextlib.suppress(RuntimeError):
                if copy.poll() and copy() == {"FINISHED"}:
                    return str(bpy.context.window_manager.clipboard)
    return ""


def on_screen(bone: str) -> list[float]:
    """Where the head of the active armature's bone is in the 3D view's region."""
    _, area = area_of("VIEW_3D")
    view: Any = area.spaces.active
    region = next(each for each in area.regions if each.type == "WINDOW")
    armature: Any = bpy.context.view_layer.objects.active
    place = armature.matrix_world @ armature.pose.bones[bone].head
    return list(location_3d_to_region_2d(region, view.region_3d, place))


def seen_hips() -> list[float]:
    """Between the keypoints of the hips in the present frame, in pixels of the clip."""
    evidence = sys.modules["bl_ext.user_default.lift_pose.viewing.overlay"].overlay.shown.evidence
    scene = bpy.context.scene
    index = evidence.index((scene.frame_current - 1) / scene.render.fps)
    hips = [evidence.keypoint_names.index(f"{side}_hip") for side in ("left", "right")]
    return [float(value) for value in evidence.keypoints[index][hips].mean(0)]


def add_rig() -> None:
    """Rigify's human, as the target."""
    bpy.ops.preferences.addon_enable(module="rigify")
    bpy.ops.object.armature_human_metarig_add()
    settings: Any = bpy.context.scene.lift_pose
    settings.target, settings.rig = "RIG", bpy.context.object


def speak_german() -> str:
    """Blender's name of the language; empty where it does not have it."""
    known = [name for name in ("de", "de_DE") if name in bpy.app.translations.locales]
    if known:
        view: Any = bpy.context.preferences.view
        view.language, view.use_translate_interface = known[0], True
    return known[0] if known else ""


def label_of(setting: str) -> str:
    """What Blender shows for one of the panel's settings."""
    settings: Any = bpy.context.scene.lift_pose
    shown = settings.bl_rna.properties[setting]
    return bpy.app.translations.pgettext_iface(shown.name, shown.translation_context)


class _Bridge:
    def __init__(self, path: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)
        self._listener.setblocking(False)
        self._peer: socket.socket | None = None
        self._names: dict[str, Any] = globals()

    def poll(self) -> float:
        try:
            if self._peer is None:
                self._peer, _ = self._listener.accept()
            request = self._receive(self._peer)
        except BlockingIOError:
            return _TICK
        self._peer.sendall(json.dumps(self._run(request), default=str).encode() + b"\0")
        return _TICK

    def _receive(self, peer: socket.socket) -> str:
        peer.setblocking(False)
        text = peer.recv(1 << 16)
        peer.setblocking(True)
        if not text:
            os._exit(0)  # the session is over
        while not text.endswith(b"\0"):
            text += peer.recv(1 << 16)
        return text[:-1].decode()

    def _run(self, request: str) -> dict[str, Any]:
        try:
            try:
                return {"value": eval(request, self._names)}
            except SyntaxError:
                exec(request, self._names)
                return {"value": None}
        except Exception:
            return {"error": traceback.format_exc()}


bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(_Bridge(os.environ["LIFT_POSE_GUI"]).poll, first_interval=0.5, persistent=True)
