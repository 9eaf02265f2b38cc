"""A photo, or an image sequence: files that are one frame each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from lifting_core.errors import InvalidInput
from lifting_core.media.frame_range import FrameRange
from lifting_core.media.frames import Frame, MediaInfo
from lifting_core.media.photo import read_photo

FRAME_RATE = 24.0
_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp"}
_PLACEHOLDER = re.compile(r"%0?(?P<width>\d*)d|(?P<hashes>#+)|(?P<star>\*)|(?P<mark>\?)")


class Pictures:
    """`Media` of one file a frame, all of the same size, `FRAME_RATE` of them a second."""

    def __init__(
        self, paths: Sequence[Path], kind: Literal["image", "sequence"], name: str, chosen: FrameRange
    ) -> None:
        chosen.check_within(name, len(paths))
        first = read_photo(paths[0])
        height, width = first.image.shape[:2]
        self._paths = paths
        self._chosen = chosen
        self.info = MediaInfo(
            kind=kind,
            name=name,
            width=width,
            height=height,
            fps=FRAME_RATE,
            frames=len(paths),
            duration=len(paths) / FRAME_RATE if kind == "sequence" else None,
            focal_length=first.focal_length,
        )

    def __iter__(self) -> Iterator[Frame]:
        for index in range(len(self._paths)):
            if index in self._chosen:
                yield self._frame(index)

    def _frame(self, index: int) -> Frame:
        path = self._paths[index]
        image = read_photo(path).image
        height, width = image.shape[:2]
        if (width, height) != (self.info.width, self.info.height):
            raise InvalidInput(
                f"{path.name} is {width} x {height} pixels, but the sequence began with "
                f"{self.info.width} x {self.info.height}.",
                "Give all pictures of a sequence the same size, or take this one out.",
            )
        return Frame(index=index, time=index / FRAME_RATE, image=image)


def is_pattern(name: str) -> bool:
    """Whether a file name stands for many: `shot_%04d.png`, `shot_####.png`, `shot_*.png`."""
    return _PLACEHOLDER.search(name) is not None


def files_in(folder: Path) -> list[Path]:
    """The pictures of a folder in natural order. Raises `InvalidInput` where there is none, OSError."""
    return _ordered(_pictures_of(folder), f"The folder {folder.name} holds no pictures.")


def files_matching(pattern: Path) -> list[Path]:
    """The pictures that a pattern in the file name stands for, in natural order.

    Raises `InvalidInput` where there is none, and OSError where the folder cannot be read.
    """
    if not pattern.parent.is_dir():
        raise InvalidInput(f"There is no folder {pattern.parent}.", "Check the path.")
    expression = re.compile(_expression(pattern.name))
    matching = (path for path in _pictures_of(pattern.parent) if expression.fullmatch(path.name))
    return _ordered(matching, f"No picture matches {pattern.name}.")


def _pictures_of(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file():
            yield path


def _ordered(paths: Iterator[Path], complaint: str) -> list[Path]:
    ordered = sorted(paths, key=lambda path: _natural_key(path.name))
    if not ordered:
        raise InvalidInput(complaint, "A sequence is made of JPEG, PNG, WebP, TIFF or BMP files.")
    return ordered


def _natural_key(name: str) -> tuple[list[tuple[int, str]], str]:
    """Orders names as people do, shot_9 before shot_10; the name itself settles shot_1 and shot_01."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], name


def _expression(pattern: str) -> str:
    """The regular expression for a pattern: a width is the least number of digits, as in printf."""
    expression, end = "", 0
    for found in _PLACEHOLDER.finditer(pattern):
        expression += re.escape(pattern[end : found.start()]) + _placeholder_expression(found)
        end = found.end()
    return expression + re.escape(pattern[end:])


def _placeholder_expression(found: re.Match[str]) -> str:
    if found["star"]:
        return ".*"
    if found["mark"]:
        return "."
    digits = len(found["hashes"]) if found["hashes"] else int(found["width"] or 1)
    return rf"[0-9]{{{digits},}}"
