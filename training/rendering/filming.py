"""A calibrated camera, and the pictures it takes of the scene."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray
from PIL import Image

from lifting_core.camera.pinhole import camera_matrix, focal_length_from_field_of_view
from training.rendering.stage import current_scene, put

# Blender's camera looks along -z with y up; OpenCV's along z with y down.
_OPENCV_FROM_BLENDER = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera."""

    width: int
    height: int
    field_of_view: float
    """Degrees along the longer side of the picture."""
    position: NDArray[np.float64]
    """(3,) metres, world."""
    rotation: NDArray[np.float64]
    """(3, 3) from the world's axes to OpenCV's camera axes."""

    def matrix(self) -> NDArray[np.float64]:
        """(3, 3) intrinsics in pixels."""
        focal_length = focal_length_from_field_of_view(self.field_of_view, self.width, self.height)
        return camera_matrix(focal_length, self.width, self.height)

    def from_world(self) -> NDArray[np.float64]:
        """(4, 4) world to OpenCV's camera axes."""
        extrinsics = np.eye(4)
        extrinsics[:3, :3] = self.rotation
        extrinsics[:3, 3] = -self.rotation @ self.position
        return extrinsics


def facing(pitch: float) -> NDArray[np.float64]:
    """(3, 3) rotation of a level camera that faces +Y, `pitch` degrees below the horizon."""
    sine, cosine = math.sin(math.radians(pitch)), math.cos(math.radians(pitch))
    return np.array([[1, 0, 0], [0, -sine, -cosine], [0, cosine, -sine]])


def set_up_pictures() -> None:
    """Quick, shadowed pictures (Workbench)."""
    scene = current_scene()
    scene.render.resolution_percentage = 100
    scene.render.engine = "BLENDER_WORKBENCH"  # type: ignore[assignment]  # the stubs list EEVEE alone
    scene.render.image_settings.file_format = "PNG"
    colours, display = scene.view_settings, scene.display
    assert colours is not None
    assert display is not None
    colours.view_transform = "Standard"  # type: ignore[assignment]  # the list comes with Blender's data
    colours.exposure = 0.8
    shading = display.shading
    assert shading is not None
    shading.light, shading.color_type = "STUDIO", "MATERIAL"
    shading.show_shadows, shading.shadow_intensity = True, 0.35
    shading.show_cavity, shading.cavity_type = True, "BOTH"
    display.light_direction = (0.35, 0.45, 0.82)


def film_with(camera: Camera) -> None:
    """Put the camera into the scene, in place of an earlier one."""
    scene = current_scene()
    film = scene.camera or put("camera", bpy.data.cameras.new("camera"))
    assert isinstance(film.data, bpy.types.Camera)
    film.data.angle = math.radians(camera.field_of_view)  # along the longer side, which the sensor fits
    film.data.clip_start = 0.05
    pose = np.linalg.inv(camera.from_world())
    pose[:3, :3] = pose[:3, :3] @ _OPENCV_FROM_BLENDER
    film.matrix_world = Matrix(pose.tolist())
    scene.camera = film
    scene.render.resolution_x, scene.render.resolution_y = camera.width, camera.height


def render() -> NDArray[np.uint8]:
    """(height, width, 3) RGB picture of the scene as it is now."""
    return _rendered("RGB")


def render_cutout() -> NDArray[np.uint8]:
    """(height, width, 4) RGBA picture of the scene, clear where nothing is."""
    current_scene().render.film_transparent = True
    return _rendered("RGBA")


def _rendered(mode: str) -> NDArray[np.uint8]:
    render_settings = current_scene().render
    render_settings.image_settings.color_mode = mode  # type: ignore[assignment]
    render_settings.image_settings.compression = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        render_settings.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        with Image.open(path) as picture:
            return np.asarray(picture.convert(mode))
