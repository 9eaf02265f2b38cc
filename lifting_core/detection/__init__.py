"""Detectors: from a frame to the 2D keypoints of the people in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lifting_core.detection.detector import Detector, Person, detections
from lifting_core.detection.options import DetectorOptions, Effort
from lifting_core.errors import InvalidInput

__all__ = ["DETECTORS", "Detector", "DetectorOptions", "Effort", "Person", "detections", "open_detector"]


def _mediapipe(name: str, options: DetectorOptions, effort: Effort) -> Detector:
    from lifting_core.detection.mediapipe_detector import MediaPipeDetector
    from lifting_core.detection.mediapipe_model import MODELS

    return MediaPipeDetector(MODELS[name], effort=effort)


def _hourglass(options: DetectorOptions, effort: Effort) -> Detector:
    from lifting_core.detection.hourglass.detector import open_hourglass

    return open_hourglass(options, effort)


def _onnx(options: DetectorOptions, effort: Effort) -> Detector:
    from lifting_core.detection.onnx.detector import open_onnx

    return open_onnx(options, effort)


def _file(options: DetectorOptions, effort: Effort) -> Detector:
    from lifting_core.detection.keypoint_files.detector import KeypointFileDetector

    return KeypointFileDetector.open(options)


# Each entry imports its own dependencies when it is opened, so that one that is missing harms no other.
_OPENERS: dict[str, Callable[[DetectorOptions, Effort], Detector]] = {
    "mediapipe": partial(_mediapipe, "mediapipe"),
    "mediapipe-full": partial(_mediapipe, "mediapipe-full"),
    "hourglass": _hourglass,
    "onnx": _onnx,
    "file": _file,
}

DETECTORS: tuple[str, ...] = tuple(_OPENERS)
"""The names that `open_detector` knows; the first is the default."""


def open_detector(
    name: str = DETECTORS[0],
    effort: Effort = "usual",
    options: DetectorOptions = DetectorOptions(),  # noqa: B008 (frozen)
) -> Detector:
    """A detector for one clip or photo; close it, or use it as a context manager.

    Raises `InvalidInput` for a name that is not in `DETECTORS`, and where the detector wants a file that the
    options lack, or one that cannot be used.
    """
    if name not in _OPENERS:
        raise InvalidInput(f"There is no detector named {name!r}.", f"Choose one of: {', '.join(DETECTORS)}.")
    return _OPENERS[name](options, effort)
