"""Where the clip's picture is in a region of the window, so that pixels of the clip can be drawn there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy_extras.view3d_utils import location_3d_to_region_2d
from mathutils import Vector
from numpy.typing import NDArray

from ..building.camera import MARK
from ..building.orientation import UPRIGHT, Orientation, orientation


@dataclass(frozen=True, eq=False)
class Frame:
    """The upright picture in a region, whose y points up. It may be shown turned or mirrored."""

    corner: NDArray[np.float64]
    """(2,) the place of its top left corner."""
    axes: NDArray[np.float64]
    """(2, 2) columns: where a step of one pixel to the right, and of one down, leads in the region."""
    size: tuple[int, int]
    """Its width and height in pixels."""

    def to_region(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        """(..., 2) pixels of the clip to the region's."""
        places: NDArray[np.float64] = self.corner + pixels @ self.axes.T
        return places

    def to_clip(self, x: float, y: float) -> tuple[float, float]:
        """A point of the region to pixels of the clip."""
        across, down = np.linalg.solve(self.axes, np.array([x, y]) - self.corner)
        return float(across), float(down)


def frame_in_camera_view(
    context: bpy.types.Context, source: str | None, size: tuple[int, int]
) -> Frame | None:
    """In a 3D view that looks through the camera of the clip `source` (None: of any); None elsewhere."""
    region: Any = context.region
    view = context.region_data
    camera = context.space_data.camera if context.space_data.type == "VIEW_3D" else None
    if view is None or view.view_perspective != "CAMERA" or camera is None:
        return None
    if MARK not in camera or (source is not None and camera[MARK] != source):
        return None
    corners = [camera.matrix_world @ corner for corner in camera.data.view_frame(scene=context.scene)]
    shown = [location_3d_to_region_2d(region, view, corner) for corner in corners]
    if any(corner is None for corner in shown):
        return None
    return fitted(shown, size)


def clip_size(camera: bpy.types.Object | None) -> tuple[int, int] | None:
    """Width and height of the upright picture behind a camera; None where there is none."""
    data: Any = camera.data if camera is not None else None
    shown = [background.image for background in data.background_images] if data is not None else []
    for image in shown:
        if image is not None and 0 not in image.size:
            return _upright_size(image.size, _orientation(image))
    return None


def fitted(corners: list[Vector], size: tuple[int, int]) -> Frame:
    """The largest picture of that size in the middle of a camera's frame, as backgrounds are shown."""
    low = np.min([corner[:2] for corner in corners], axis=0)
    high = np.max([corner[:2] for corner in corners], axis=0)
    scale = float(np.min((high - low) / size))
    middle = (low + high) / 2
    corner = middle + scale / 2 * np.array([-size[0], size[1]])
    return Frame(corner, np.diag([scale, -scale]), size)


def frame_in_image_editor(context: bpy.types.Context, source: str | None) -> Frame | None:
    """In an Image Editor that shows the clip `source` (None: any picture); None elsewhere."""
    space: Any = context.space_data
    image = space.image if space is not None and space.type == "IMAGE_EDITOR" else None
    if image is None or 0 in image.size:
        return None
    if source is not None and bpy.path.basename(image.filepath) != source:
        return None
    view = context.region.view2d
    ends: Any = view.view_to_region(0, 0, clip=False), view.view_to_region(1, 1, clip=False)
    (left, bottom), (right, top) = ends
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    return _turned(corners, image.size, _orientation(image))


def _turned(corners: NDArray[np.float64], size: Sequence[int], turn: Orientation) -> Frame:
    """Of a picture as its file has it, with corners (4, 2) clockwise from the top left one in the region."""
    if turn.mirrored:
        corners = corners[[1, 0, 3, 2]]
    corners = np.roll(corners, turn.quarter_turns, axis=0)
    width, height = _upright_size(size, turn)
    across, down = (corners[1] - corners[0]) / width, (corners[3] - corners[0]) / height
    return Frame(corners[0], np.column_stack([across, down]), (width, height))


def _upright_size(size: Sequence[int], turn: Orientation) -> tuple[int, int]:
    width, height = size
    return (height, width) if turn.quarter_turns % 2 else (width, height)


def _orientation(image: bpy.types.Image) -> Orientation:
    """How an Image Editor would have to turn the picture to show it upright."""
    path = Path(bpy.path.abspath(image.filepath, library=image.library))
    try:
        return _read_orientation(path, path.stat().st_mtime_ns, image.source == "MOVIE")
    except OSError:
        return UPRIGHT


@lru_cache(maxsize=8)
def _read_orientation(path: Path, changed: int, movie: bool) -> Orientation:
    """`changed` is when the file was: it is read again then, and not at every redraw."""
    return orientation(path, movie)
