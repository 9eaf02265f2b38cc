"""The 3D half of the preview: the skeleton on its floor, seen by a camera that walks around it."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from lifting_core.camera.pinhole import camera_matrix, focal_length_from_field_of_view, project
from lifting_core.motion.motion import Motion
from lifting_core.preview.drawing import (
    OUTLINE,
    Colour,
    Image,
    caption,
    dot,
    line,
    mixed,
    shown_bones,
    side_colour,
)

_TURN_SECONDS = 18.0
_START_ANGLE = math.radians(-60)  # from the x axis; the person starts facing -y
_ELEVATION = math.radians(14)
_FIELD_OF_VIEW = 36.0  # degrees along the shorter side
_FOLLOWING_SECONDS = 0.5  # how softly the view follows the person
_BONE, _TRAIL, _RING = 0.05, 0.012, 0.13  # metres: thickness, thickness, radius
_SLENDER = 0.3  # part of its length that a short bone is thick
_GRID_CELL, _GRID_CELLS = 0.5, 8  # metres, cells in each direction from the person
_NEAREST = 0.2  # metres in front of the camera

_BACKGROUND: Colour = (24, 26, 31)
_GRID: Colour = (74, 80, 94)
_SHADOW: Colour = (12, 13, 16)
_PATH: Colour = (120, 130, 150)


class Scene:
    """Draws the frames of one motion into pictures of `width` by `height` pixels."""

    def __init__(self, motion: Motion, width: int, height: int) -> None:
        self._motion = motion
        self._width, self._height = width, height
        shorter = min(width, height)
        focal_length = focal_length_from_field_of_view(_FIELD_OF_VIEW, shorter, shorter)
        self._matrix = camera_matrix(focal_length, width, height)
        self._targets = _followed(motion)
        offsets = motion.joints_world[motion.present] - self._targets[motion.present, None]
        reach = float(np.linalg.norm(offsets, axis=-1).max(initial=1.0))
        self._distance = 1.1 * reach / math.sin(math.radians(_FIELD_OF_VIEW) / 2)

    def draw(self, row: int, time: float) -> Image:
        """(height, width, 3) frame `row`; `time` in seconds turns the camera."""
        image = np.full((self._height, self._width, 3), _BACKGROUND, np.uint8)
        view = self._view(row, time)
        self._draw_floor(image, view, row)
        motion = self._motion
        if motion.present[row]:
            joints = motion.joints_world[row].astype(np.float64)
            self._draw_shadow(image, view, joints, motion.contacts[row])
            self._draw_skeleton(image, view, joints, row)
        else:
            caption(image, "nobody in this frame")
        return image

    def _view(self, row: int, time: float) -> NDArray[np.float64]:
        """(4, 4) from world axes to the axes of a camera that circles the person."""
        angle = _START_ANGLE + 2 * math.pi * time / _TURN_SECONDS
        flat = np.array([math.cos(angle), math.sin(angle), 0.0])
        forward = -math.cos(_ELEVATION) * flat - [0, 0, math.sin(_ELEVATION)]
        right = np.array([-flat[1], flat[0], 0.0])
        rotation = np.stack([right, np.cross(forward, right), forward])
        view = np.eye(4)
        view[:3, :3] = rotation
        view[:3, 3] = [0, 0, self._distance] - rotation @ self._targets[row]
        return view

    def _seen(
        self, points: NDArray[np.float64], view: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """World points (..., 3) to pixels (..., 2), NaN behind the camera, and pixels a metre (...)."""
        camera = points @ view[:3, :3].T + view[:3, 3]
        depth = np.where(camera[..., 2] > _NEAREST, camera[..., 2], np.nan)
        camera[..., 2] = depth
        return project(camera, self._matrix), self._matrix[0, 0] / depth

    def _draw_floor(self, image: Image, view: NDArray[np.float64], row: int) -> None:
        """A grid that fades away from the person, and the path that the person takes over it."""
        middle = np.round(self._targets[row, :2] / _GRID_CELL)
        steps = np.arange(-_GRID_CELLS, _GRID_CELLS + 1)
        x, y = np.meshgrid(middle[0] + steps, middle[1] + steps, indexing="ij")
        corners = np.stack([x, y, np.zeros_like(x)], -1) * _GRID_CELL
        pixels, _ = self._seen(corners, view)
        away = np.linalg.norm(corners[..., :2] - self._targets[row, :2], axis=-1)
        strength = np.clip(1 - away / (_GRID_CELL * _GRID_CELLS), 0, 1) ** 1.5
        for points, strengths in ((pixels, strength), (pixels.swapaxes(0, 1), strength.T)):
            for first, second, amount in zip(points[:-1], points[1:], strengths[:-1], strict=True):
                for start, end, visible in zip(first, second, amount, strict=True):
                    if visible > 0.02:
                        line(image, start, end, mixed(_GRID, _BACKGROUND, visible), 1)
        path = self._motion.root_translation * [1, 1, 0]
        pixels, scale = self._seen(path, view)
        for start, end, metre in zip(pixels[:-1], pixels[1:], scale, strict=False):
            if metre > 0:
                line(image, start, end, _PATH, _TRAIL * metre)

    def _draw_shadow(
        self,
        image: Image,
        view: NDArray[np.float64],
        joints: NDArray[np.float64],
        contacts: NDArray[np.float32],
    ) -> None:
        """The shadow of a light straight above, and a ring around each foot that stands."""
        pixels, scale = self._seen(joints * [1, 1, 0], view)
        for joint, parent in shown_bones(self._motion):
            if scale[joint] > 0:
                line(image, pixels[joint], pixels[parent], _SHADOW, 1.4 * _BONE * scale[joint])
        turn = np.linspace(0, 2 * math.pi, 25)
        circle = _RING * np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], -1)
        names = self._motion.joint_names.tolist()
        for foot, contact in zip(("left_ankle", "right_ankle"), contacts, strict=True):
            if contact > 0.5 and foot in names:
                ring, _ = self._seen(joints[names.index(foot)] * [1, 1, 0] + circle, view)
                for start, end in itertools.pairwise(ring):
                    line(image, start, end, side_colour(foot), 2)

    def _draw_skeleton(
        self, image: Image, view: NDArray[np.float64], joints: NDArray[np.float64], row: int
    ) -> None:
        """Bones from the farthest to the nearest, dim where the lifter is unsure."""
        motion = self._motion
        pixels, scale = self._seen(joints, view)
        for joint, parent in sorted(shown_bones(motion), key=lambda bone: scale[bone[0]] + scale[bone[1]]):
            if not scale[joint] > 0:
                continue
            sure = 0.35 + 0.65 * float(motion.joint_confidence[row, joint])
            colour = mixed(side_colour(str(motion.joint_names[joint])), _GRID, sure)
            length = float(np.linalg.norm(joints[joint] - joints[parent]))
            width = min(_BONE, _SLENDER * length) * scale[joint]
            line(image, pixels[joint], pixels[parent], OUTLINE, width + 3)
            line(image, pixels[joint], pixels[parent], colour, width)
            dot(image, pixels[joint], mixed(colour, OUTLINE, 0.75), width * 0.45)


def _followed(motion: Motion) -> NDArray[np.float64]:
    """(T, 3) the point that the camera looks at: the person's middle, gently followed through gaps."""
    present = np.flatnonzero(motion.present)
    if not len(present):
        return np.tile([0.0, 0.0, 0.9], (len(motion.time), 1))
    root = motion.root_translation[present].astype(np.float64)
    rows = np.arange(len(motion.time))
    target = np.stack([np.interp(rows, present, root[:, axis]) for axis in range(3)], -1)
    target[:, 2] = np.median(root[:, 2])
    target[:, :2] = gaussian_filter1d(target[:, :2], _FOLLOWING_SECONDS * motion.fps, axis=0, mode="nearest")
    return target
