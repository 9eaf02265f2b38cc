"""Draws what was seen over the clip, in camera views and Image Editors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader
from numpy.typing import NDArray

from .evidence import Evidence
from .frames import Frame, frame_in_camera_view, frame_in_image_editor

_LIMBS = (
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
    *(
        (f"{side}_{one}", f"{side}_{other}")
        for side in ("left", "right")
        for one, other in (
            ("shoulder", "elbow"),
            ("elbow", "wrist"),
            ("shoulder", "hip"),
            ("hip", "knee"),
            ("knee", "ankle"),
            ("ankle", "foot_index"),
        )
    ),
)
_LIFTED = (1.0, 1.0, 1.0, 0.9)
_POINT = 7.0  # pixels
_LINE = 2.0
_LEAST = 0.05  # confidence; what was seen less is not drawn


@dataclass(frozen=True, eq=False)
class Shown:
    """What is drawn: a person, and how the scene's frames run through the clip."""

    evidence: Evidence
    start: float
    """The scene frame of the clip's time 0."""
    rate: float
    """Frames a second of the scene that the motion was put into; its keys stay where they are."""

    def time(self, frame: float) -> float:
        """Of the clip, at a frame of the scene."""
        return (frame - self.start) / self.rate

    def frame(self, time: float) -> float:
        """Of the scene, at a time of the clip."""
        return self.start + time * self.rate


class Overlay:
    """The drawing, while it is switched on."""

    def __init__(self) -> None:
        self.shown: Shown | None = None
        self._handles: list[tuple[Any, Any]] = []

    @property
    def visible(self) -> bool:
        return bool(self._handles)

    def show(self, shown: Shown) -> None:
        """Draw this from now on."""
        self.shown = shown
        if not self._handles:
            draws: tuple[tuple[Any, Callable[[], None]], ...] = (
                (bpy.types.SpaceView3D, self._draw_in_camera_view),
                (bpy.types.SpaceImageEditor, self._draw_in_image_editor),
            )
            self._handles = [
                (space, space.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")) for space, draw in draws
            ]

    def hide(self) -> None:
        """Draw no more."""
        for space, handle in self._handles:
            space.draw_handler_remove(handle, "WINDOW")
        self._handles = []
        self.shown = None

    def _draw_in_camera_view(self) -> None:
        context, shown = bpy.context, self.shown
        if shown is None or not context.space_data.overlay.show_overlays:
            return
        frame = frame_in_camera_view(context, shown.evidence.source, shown.evidence.image_size)
        if frame is not None:
            time = shown.time(context.scene.frame_current_final)
            _draw(shown.evidence, shown.evidence.index(time), frame)

    def _draw_in_image_editor(self) -> None:
        context: Any = bpy.context
        shown = self.shown
        if shown is None or not context.space_data.overlay.show_overlays:
            return
        frame = frame_in_image_editor(context, shown.evidence.source)
        if frame is not None:
            number = max(context.space_data.image_user.frame_current - 1, 0)
            _draw(shown.evidence, shown.evidence.index(number / shown.evidence.clip_fps), frame)


overlay = Overlay()


def _draw(evidence: Evidence, index: int | None, frame: Frame) -> None:
    if index is None:
        return
    points, confidence = frame.to_region(evidence.keypoints[index]), evidence.keypoint_confidence[index]
    gpu.state.blend_set("ALPHA")
    gpu.state.line_width_set(_LINE)
    gpu.state.point_size_set(_POINT)
    lines, colours = limb_lines(evidence.keypoint_names, points, confidence)
    _draw_batch("LINES", lines, colours)
    seen = confidence >= _LEAST
    _draw_batch("POINTS", points[seen], confidence_colours(confidence[seen]))
    bones = bone_lines(evidence.joint_parents, frame.to_region(evidence.joints[index]))
    _draw_batch("LINES", bones, np.tile(_LIFTED, (len(bones), 1)))
    gpu.state.line_width_set(1.0)
    gpu.state.point_size_set(1.0)
    gpu.state.blend_set("NONE")


def limb_lines(
    names: tuple[str, ...], points: NDArray[np.float64], confidence: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(2N, 2) ends and (2N, 4) colours of the limbs whose keypoints were both seen."""
    pairs = [(names.index(a), names.index(b)) for a, b in _LIMBS if a in names and b in names]
    ends = [end for pair in pairs if min(confidence[list(pair)]) >= _LEAST for end in pair]
    return points[ends], confidence_colours(confidence[ends])


def bone_lines(parents: NDArray[np.int64], joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2N, 2) ends of the lifted skeleton's lines; none without a person."""
    ends = [end for joint, parent in enumerate(parents) if parent >= 0 for end in (parent, joint)]
    lines = joints[ends].reshape(-1, 2, 2)
    whole: NDArray[np.float64] = lines[np.isfinite(lines).all((1, 2))].reshape(-1, 2)
    return whole


def confidence_colours(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4) from red by yellow to green."""
    red, green = np.clip(2 - 2 * confidence, 0, 1), np.clip(2 * confidence, 0, 1)
    return np.stack([red, green, np.full_like(red, 0.1), np.full_like(red, 0.9)], -1)


def _draw_batch(kind: Any, points: NDArray[np.float64], colours: NDArray[np.float64]) -> None:
    if len(points) == 0:
        return
    shader = gpu.shader.from_builtin("FLAT_COLOR")
    places = np.column_stack([points, np.zeros(len(points))]).astype(np.float32)
    contents: Any = {"pos": places, "color": colours.astype(np.float32)}
    batch_for_shader(shader, kind, contents).draw(shader)
