"""What every detector offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lifting_core.media.frames import Frame

_Own = TypeVar("_Own")


@dataclass(frozen=True, eq=False)
class Person:
    """One person found in one frame."""

    keypoints: NDArray[np.float32]
    """(K, 2) pixels of the upright image, in the order of the detector's `keypoint_names`."""
    confidence: NDArray[np.float32]
    """(K,) 0 to 1: how likely a keypoint is right. What is hidden is less likely, what is outside the picture
    is 0."""


class Detector(Protocol):
    """Finds people in the frames of one clip, which are shown to it in order.

    A detector may remember earlier frames of the clip, to follow people faster than finding them anew.
    """

    @property
    def keypoint_names(self) -> tuple[str, ...]: ...

    def detect(self, frame: Frame) -> list[Person]:
        """Everybody found in the frame, each once, in no particular order."""

    def close(self) -> None: ...

    def __enter__(self) -> Detector: ...

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class ClosedOnExit:
    """What detectors have in common as contexts: they are closed at the end."""

    def close(self) -> None:
        """Give back what the detector holds; nothing, unless it says otherwise."""

    def __enter__(self: _Own) -> _Own:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@runtime_checkable
class BatchDetector(Detector, Protocol):
    """A detector that is faster with several frames at a time."""

    @property
    def batch_size(self) -> int:
        """How many."""

    def detect_batch(self, frames: Sequence[Frame]) -> list[list[Person]]:
        """As `detect`, for frames that follow each other."""


def detections(detector: Detector, frames: Iterable[Frame]) -> Iterator[tuple[Frame, list[Person]]]:
    """Every frame of a clip with the people in it, found as many frames at a time as the detector likes."""
    frames = iter(frames)
    if not isinstance(detector, BatchDetector):
        yield from ((frame, detector.detect(frame)) for frame in frames)
        return
    while batch := list(islice(frames, detector.batch_size)):
        yield from zip(batch, detector.detect_batch(batch), strict=True)
