"""Where the people are, for networks that look at one person at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from lifting_core.detection.detector import Detector
from lifting_core.detection.options import Effort
from lifting_core.detection.regions import Box
from lifting_core.errors import InvalidInput
from lifting_core.media.frames import Frame

_AROUND_KEYPOINTS = 1.3
"""MediaPipe marks neither the top of the head nor fingers; with this the margin is that of MPII."""
_AROUND_BOX = 1.25
"""What public code puts around a person's box."""
_SIZE_LIMIT = 1 << 28
"""Bytes of a file of boxes."""
_ADVICE = (
    "Give JSON with a list of frames, each a list of boxes [left, top, width, height] in pixels, "
    "or the words mediapipe or centre."
)


class BoxSource(Protocol):
    """Tells where people are in the frames of a clip, which are shown in order."""

    def boxes(self, frame: Frame) -> Sequence[Box]:
        """A box around everybody, with a margin that the network wants."""

    def close(self) -> None: ...


class FoundPeople:
    """Everybody whom another detector finds."""

    def __init__(self, finder: Detector) -> None:
        self._finder = finder

    def boxes(self, frame: Frame) -> list[Box]:
        return [Box.around(p.keypoints).grown(_AROUND_KEYPOINTS) for p in self._finder.detect(frame)]

    def close(self) -> None:
        self._finder.close()


class WholePicture:
    """One person in the middle, who fills the picture."""

    def boxes(self, frame: Frame) -> list[Box]:
        height, width = frame.image.shape[:2]
        return [Box(0.0, 0.0, float(width), float(height))]

    def close(self) -> None:
        pass


class GivenBoxes:
    """Boxes by the number of the frame; the margin is added here."""

    def __init__(self, boxes: Sequence[Sequence[Box]], margin: float = _AROUND_BOX) -> None:
        self._boxes, self._margin = boxes, margin

    @classmethod
    def read(cls, path: Path) -> GivenBoxes:
        """From a JSON list of frames, each a list of [left, top, width, height]. Raises InvalidInput."""
        try:
            if path.stat().st_size > _SIZE_LIMIT:
                raise ValueError("it is too large")
            frames = json.loads(path.read_text(encoding="utf-8"))
            return cls([[_box(values) for values in people] for people in frames])
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise InvalidInput(f"{path} does not hold people's boxes: {error}.", _ADVICE) from error

    def boxes(self, frame: Frame) -> list[Box]:
        if frame.index >= len(self._boxes):
            raise InvalidInput(
                f"There are boxes for {len(self._boxes)} frames, but the clip has a frame {frame.index}.",
                "Give boxes of all frames, an empty list where nobody is.",
            )
        return [box.grown(self._margin) for box in self._boxes[frame.index]]

    def close(self) -> None:
        pass


def _box(values: Sequence[float]) -> Box:
    left, top, width, height = (float(value) for value in values)
    if not (all(map(math.isfinite, (left, top, width, height))) and width > 0 and height > 0):
        raise ValueError(f"{values} is no box")
    return Box(left, top, width, height)


BOX_SOURCES: tuple[str, ...] = ("mediapipe", "centre")
"""Choices that are no file."""


def open_boxes(choice: str | Path, effort: Effort) -> BoxSource:
    """The source of boxes: one of `BOX_SOURCES`, or a file of boxes. Raises InvalidInput."""
    if choice == "mediapipe":
        from lifting_core.detection.mediapipe_detector import MediaPipeDetector

        return FoundPeople(MediaPipeDetector("full", effort=effort))
    if choice == "centre":
        return WholePicture()
    return GivenBoxes.read(Path(choice))
