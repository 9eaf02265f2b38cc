"""Where people are in the videos of Human3.6M, as its own 3D joints tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.regions import Box
from lifting_core.media.frames import Frame
from training.datasets.human36m.loading import find_copy
from training.datasets.human36m.names import CAMERAS, VideoName

SIDE = 440.0
"""Pixels along the sides of the square that the paper cuts out (Martinez et al., ICCV 2017, section 4.1)."""


def projected_joints(folder: Path) -> Mapping[VideoName, NDArray[np.float64]]:
    """(T, 17, 2) pixels of the joints in every video of a copy. Raises InvalidInput when there is no copy."""
    copy = find_copy(folder)
    calibration = copy.calibration()
    found = {}
    for recording in copy.recordings():
        for name in CAMERAS:
            camera = calibration[recording.subject, name]
            key = recording.subject, recording.action, recording.number, name
            found[key] = camera.project(camera.from_world(recording.joints))
    return found


def square(joints: NDArray[np.float64]) -> Box:
    """The square of the paper around the (17, 2) joints of one frame."""
    x, y = (joints.min(axis=0) + joints.max(axis=0)) / 2
    return Box(float(x) - SIDE / 2, float(y) - SIDE / 2, SIDE, SIDE)


class TrueBoxes:
    """The person's square in every frame of one video, as a `BoxSource`."""

    def __init__(self, joints: NDArray[np.float64]) -> None:
        """From (T, 17, 2) pixels; some videos last a few frames longer."""
        self._joints = joints

    def boxes(self, frame: Frame) -> list[Box]:
        return [square(self._joints[min(frame.index, len(self._joints) - 1)])]

    def close(self) -> None:
        pass
