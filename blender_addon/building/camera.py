"""A camera that sees the armature as the clip's camera saw the person."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

from ..motion_file import Motion

MARK = "lift_pose_source"
"""A custom property on cameras made for a clip: the name of its file."""
_SENSOR = 36.0  # mm along the image's longer side, so that focal lengths read as on a 35 mm camera


def new_camera(motion: Motion, name: str, scene: bpy.types.Scene) -> bpy.types.Object:
    """The clip's camera in the motion's world, in no collection yet.

    In a scene whose pictures have another shape than the clip, the whole clip fits into the frame.
    """
    data = bpy.data.cameras.new(name)
    width, height = motion.image_size
    fits_width = width / height >= frame_aspect(scene)
    data.sensor_fit = "HORIZONTAL" if fits_width else "VERTICAL"
    data.sensor_width = _SENSOR * width / max(width, height)
    data.sensor_height = _SENSOR * height / max(width, height)
    focal, size = (motion.camera_matrix[0, 0], width) if fits_width else (motion.camera_matrix[1, 1], height)
    data.lens = focal * _SENSOR / max(width, height)
    data.shift_x = (width / 2 - motion.camera_matrix[0, 2]) / size
    data.shift_y = (motion.camera_matrix[1, 2] - height / 2) / size
    camera = bpy.data.objects.new(name, data)
    camera[MARK] = motion.source
    camera.matrix_world = world_from_camera(motion)
    reach = np.nanmax(np.linalg.norm(motion.root_translation - np.array(camera.location), axis=1), initial=0)
    data.clip_end = max(data.clip_end, 2 * reach)
    return camera


def frame_aspect(scene: bpy.types.Scene) -> float:
    """Width of the scene's pictures over their height."""
    render = scene.render
    return (render.resolution_x * render.pixel_aspect_x) / (render.resolution_y * render.pixel_aspect_y)


def world_from_camera(motion: Motion) -> Matrix:
    """(4, 4) Blender's camera axes (x right, y up, looking along -z) to world."""
    return Matrix(np.linalg.inv(motion.camera_from_world).tolist()) @ Matrix.Diagonal((1, -1, -1, 1))
