"""Where the clip's picture is in a region of the window, so that pixels of the clip can be drawn there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from bpy_extras.view3d_utils import location_3d_to_region_2d
from mathutils import Vector
from numpy.typing import NDArray

MARK = "lift_pose_source"
"""A custom property on cameras made for a clip: the name of its file."""


@dataclass(frozen=True)
class Frame:
    """The upright picture in a region: the place of its top left corner, and of one pixel."""

    left: float
    top: float
    across: float
    """Region pixels that a pixel of the clip is wide; its height is the same downward."""
    down: float

    def to_region(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        """(..., 2) pixels of the clip to the region's, whose y points up."""
        return np.stack([self.left + pixels[..., 0] * self.across, self.top - pixels[..., 1] * self.down], -1)

    def to_clip(self, x: float, y: float) -> tuple[float, float]:
        """A point of the region to pixels of the clip."""
        return (x - self.left) / self.across, (self.top - y) / self.down


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


def fitted(corners: list[Vector], size: tuple[int, int]) -> Frame:
    """The largest picture of that size in the middle of a camera's frame, as backgrounds are shown."""
    low = np.min([corner[:2] for corner in corners], axis=0)
    high = np.max([corner[:2] for corner in corners], axis=0)
    scale = float(np.min((high - low) / size))
    middle = (low + high) / 2
    return Frame(middle[0] - scale * size[0] / 2, middle[1] + scale * size[1] / 2, scale, scale)


def frame_in_image_editor(context: bpy.types.Context, source: str | None) -> Frame | None:
    """In an Image Editor that shows the clip `source` (None: any picture); None elsewhere."""
    space: Any = context.space_data
    image = space.image if space is not None and space.type == "IMAGE_EDITOR" else None
    if image is None or 0 in image.size:
        return None
    if source is not None and bpy.path.basename(image.filepath) != source:
        return None
    view = context.region.view2d
    corners: Any = view.view_to_region(0, 0, clip=False), view.view_to_region(1, 1, clip=False)
    (left, bottom), (right, top) = corners
    return Frame(left, top, (right - left) / image.size[0], (top - bottom) / image.size[1])
