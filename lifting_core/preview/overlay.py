"""The picture's half of the preview: what the detector saw, and where the motion lies over it."""

from __future__ import annotations

import numpy as np

from lifting_core.camera.pinhole import project
from lifting_core.motion.motion import Motion
from lifting_core.preview.drawing import OUTLINE, Colour, Image, dot, line, mixed, shown_bones, side_colour

_SURE, _DOUBTFUL, _UNKNOWN = (110, 230, 120), (250, 200, 60), (235, 70, 60)
_LEAST_CONFIDENCE = 0.05  # below this a keypoint is a guess and not drawn


def draw_overlay(image: Image, motion: Motion, row: int, scale: float) -> None:
    """Draw frame `row` into its picture, which has `scale` times the size of the source.

    The skeleton is `joints_camera` seen through `camera_matrix`, coloured by side; the dots are the 2D
    keypoints, red to green by confidence. Nothing is drawn where there is no person.
    """
    width = max(image.shape[:2]) / 420
    if motion.present[row]:
        joints = project(motion.joints_camera[row], motion.camera_matrix) * scale
        bones = shown_bones(motion)
        for joint, parent in bones:
            line(image, joints[joint], joints[parent], OUTLINE, width + 2)
        for joint, parent in bones:
            line(image, joints[joint], joints[parent], side_colour(str(motion.joint_names[joint])), width)
    points = motion.keypoints_2d[row] * np.float32(scale)
    for point, confidence in zip(points, motion.keypoint_confidence[row], strict=True):
        if confidence >= _LEAST_CONFIDENCE:
            dot(image, point, OUTLINE, width + 1)
            dot(image, point, confidence_colour(float(confidence)), width)


def confidence_colour(confidence: float) -> Colour:
    """Red at 0, yellow at 0.5, green at 1."""
    if confidence < 0.5:
        return mixed(_DOUBTFUL, _UNKNOWN, confidence * 2)
    return mixed(_SURE, _DOUBTFUL, confidence * 2 - 1)
