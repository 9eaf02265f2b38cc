"""Detectors: from a frame to the 2D keypoints of the people in it."""

from __future__ import annotations

from collections.abc import Callable

from lifting_core.detection.detector import Detector, Person
from lifting_core.errors import InvalidInput

__all__ = ["DETECTORS", "Detector", "Person", "open_detector"]


def _mediapipe(thrifty: bool) -> Detector:
    from lifting_core.detection.mediapipe_detector import MediaPipeDetector

    return MediaPipeDetector(thrifty=thrifty)


# Each entry imports its own dependencies when it is opened, so that one that is missing harms no other.
_OPENERS: dict[str, Callable[[bool], Detector]] = {"mediapipe": _mediapipe}

DETECTORS: tuple[str, ...] = tuple(_OPENERS)
"""The names that `open_detector` knows; the first is the default."""


def open_detector(name: str = DETECTORS[0], thrifty: bool = False) -> Detector:
    """A detector for one clip or photo; close it, or use it as a context manager.

    With `thrifty` it may spend less on people other than the one who fills most of the clip.

    Raises `InvalidInput` for a name that is not in `DETECTORS`.
    """
    if name not in _OPENERS:
        raise InvalidInput(f"There is no detector named {name!r}.", f"Choose one of: {', '.join(DETECTORS)}.")
    return _OPENERS[name](thrifty)
