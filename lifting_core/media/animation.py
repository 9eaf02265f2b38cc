"""Animated GIF, WebP and PNG: short videos in a picture's clothes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from PIL import Image

from lifting_core.media.frame_range import FrameRange
from lifting_core.media.frames import Frame, MediaInfo
from lifting_core.media.photo import open_image, upright_rgb

# Seconds. Browsers show a frame that claims to last less than the first for the second.
_SHORTEST = 0.011
_UNTIMED = 0.1


def is_animation(path: Path) -> bool:
    """Whether the picture at `path` moves. Raises `InvalidInput` where it is broken."""
    with open_image(path) as image:
        return image.format in ("GIF", "WEBP", "PNG") and bool(getattr(image, "is_animated", False))


class Animation:
    """`Media` of the frames of one animated picture, transparency laid over white."""

    def __init__(self, path: Path, chosen: FrameRange) -> None:
        with open_image(path) as image:
            durations = [_duration(each) for each in _each(image)]
            height, width = upright_rgb(image).shape[:2]
        chosen.check_within(path.name, len(durations))
        self._path = path
        self._chosen = chosen
        self._times = list(accumulate(durations, initial=0.0))
        self.info = MediaInfo(
            kind="video",
            name=path.name,
            width=width,
            height=height,
            fps=len(durations) / self._times[-1],
            frames=len(durations),
            duration=self._times[-1],
            focal_length=None,
        )

    def __iter__(self) -> Iterator[Frame]:
        with open_image(self._path) as image:
            for index, each in enumerate(_each(image)):
                if index in self._chosen:
                    yield Frame(index=index, time=self._times[index], image=upright_rgb(each))
                if self._chosen.ends_at(index):
                    return


def _each(image: Image.Image) -> Iterator[Image.Image]:
    """The image at each of its frames in turn, decoded."""
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        image.load()
        yield image


def _duration(image: Image.Image) -> float:
    """Seconds that the present frame is shown."""
    seconds = float(image.info.get("duration", 0)) / 1000
    return seconds if seconds >= _SHORTEST else _UNTIMED
