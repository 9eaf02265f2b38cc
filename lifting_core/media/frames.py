"""What every source of pictures gives: frames one after the other, and facts about the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source."""

    index: int
    """Number of the frame in the source, from 0."""
    time: float
    """Seconds from the start of the source."""
    image: NDArray[np.uint8]
    """(height, width, 3) RGB, upright."""


@dataclass(frozen=True)
class MediaInfo:
    """Facts about a source that are known before it is decoded."""

    kind: Literal["image", "video", "sequence"]
    name: str
    width: int
    """Pixels of the upright picture."""
    height: int
    fps: float
    """Average frames a second; 24 for photos and sequences, which carry no rate."""
    frames: int | None
    """Number of frames; None where the container does not tell."""
    duration: float | None
    """Seconds; None for a photo."""
    focal_length: float | None
    """Pixels, where the file tells (EXIF)."""


class Media(Protocol):
    """A source of frames; iterating decodes it, holding a bounded number of frames in memory."""

    @property
    def info(self) -> MediaInfo: ...

    def __iter__(self) -> Iterator[Frame]: ...
