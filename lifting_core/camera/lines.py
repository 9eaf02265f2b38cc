"""Straight lines in pictures."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lifting_core.media.frames import Frame

_LONGEST_SIDE = 800
"""Pixels to which larger pictures are brought: lines of rooms are long, and noise is not."""
_LEAST_LENGTH = 0.025
"""Of the picture's longer side."""
_MOST = 200
_GLANCES = 0, 60, 240, 960
"""The pictures of a clip, counted from 0, that are looked at."""


def line_segments(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N, 2, 2) both ends in pixels of the longest line segments, the longest first.

    `picture` (height, width, 3) RGB. By LSD, von Gioi et al. (IPOL 2012).
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    longest = max(grey.shape)
    scale = min(1.0, _LONGEST_SIDE / longest)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found: Any = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(grey)[0]
    segments = np.empty((0, 2, 2)) if found is None else found.reshape(-1, 2, 2).astype(np.float64) / scale
    lengths = np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1) / longest
    order = np.argsort(-lengths, kind="stable")[:_MOST]
    chosen: NDArray[np.float64] = segments[order[lengths[order] > _LEAST_LENGTH]]
    return chosen


class Glances:
    """The lines in some pictures of a clip: in the first, and in fewer and fewer after it."""

    def __init__(self) -> None:
        self._seen = 0
        self.segments: list[NDArray[np.float64]] = []
        """Of every picture that was looked at."""

    def see(self, frame: Frame) -> None:
        """To be called with every frame."""
        if self._seen in _GLANCES:
            self.segments.append(line_segments(frame.image))
        self._seen += 1
