"""How a picture or a video must be turned to stand upright, where Blender does not see to it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..compatibility import MOVIES_ARE_UPRIGHT

_EXIF_MARKERS = (b"Exif\0\0", b"eXIf", b"EXIF")  # JPEG, PNG, WebP; a TIFF file is such a block itself
_ORIENTATION = 274  # the tag in a TIFF block
_LARGEST_PHOTO = 1 << 28


@dataclass(frozen=True)
class Orientation:
    """First mirrored left to right, if at all, then turned clockwise."""

    quarter_turns: int = 0
    mirrored: bool = False


UPRIGHT = Orientation()
# The eight values of the EXIF tag (JEITA CP-3451, 4.6.4, Orientation).
_EXIF = {
    2: Orientation(0, True),
    3: Orientation(2),
    4: Orientation(2, True),
    5: Orientation(3, True),
    6: Orientation(1),
    7: Orientation(1, True),
    8: Orientation(3),
}
# The upper left 2 x 2 of the matrix in a track header (ISO/IEC 14496-12, 8.3.2).
_TRACK = {(0, 1, -1, 0): Orientation(1), (-1, 0, 0, -1): Orientation(2), (0, -1, 1, 0): Orientation(3)}


def orientation(path: Path, is_movie: bool) -> Orientation:
    """Of a movie or a photo. Raises OSError when the file cannot be read."""
    return movie_orientation(path) if is_movie else photo_orientation(path)


def photo_orientation(path: Path) -> Orientation:
    """What the EXIF data of a photo asks for; Blender ignores it in every version."""
    if path.stat().st_size > _LARGEST_PHOTO:
        return UPRIGHT
    data = path.read_bytes()
    for marker in _EXIF_MARKERS:
        start = data.find(marker)
        if start >= 0:
            return _tiff_orientation(data[start + 4 : start + (1 << 16)])
    return _tiff_orientation(data)


def movie_orientation(path: Path) -> Orientation:
    """What the track header of an MP4 or MOV asks for and this Blender does not do by itself."""
    if MOVIES_ARE_UPRIGHT:
        return UPRIGHT
    with path.open("rb") as file:
        for header in _track_headers(file, 0, path.stat().st_size):
            width, numbers = header[-8:-4], struct.unpack(">9i", header[-44:-8])
            if any(width):  # sound has none
                a, b, _, c, d = (round(number / 65536) for number in numbers[:5])
                return _TRACK.get((a, b, c, d), UPRIGHT)
    return UPRIGHT


def _tiff_orientation(data: bytes) -> Orientation:
    """The orientation in a TIFF block, which starts within a few bytes."""
    for order, signature in (("<", b"II*\0"), (">", b"MM\0*")):
        start = data.find(signature, 0, 16)
        if start < 0:
            continue
        block = data[start:]
        try:
            (directory,) = struct.unpack_from(f"{order}I", block, 4)
            (entries,) = struct.unpack_from(f"{order}H", block, directory)
            for entry in range(entries):
                tag, _, _, value = struct.unpack_from(f"{order}HHIH", block, directory + 2 + 12 * entry)
                if tag == _ORIENTATION:
                    return _EXIF.get(value, UPRIGHT)
        except struct.error:  # a damaged block says nothing
            return UPRIGHT
    return UPRIGHT


def _track_headers(
    file: BinaryIO, start: int, end: int, path: tuple[bytes, ...] = (b"moov", b"trak", b"tkhd")
) -> Iterator[bytes]:
    """The contents of the boxes at `path` inside the boxes from `start` to `end`."""
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        body = start + 8
        if size == 1 and body + 8 <= end:
            (size,) = struct.unpack(">Q", file.read(8))
            body += 8
        finish = end if size == 0 else min(start + size, end)
        if finish < body:
            return
        if kind == path[0] and len(path) > 1:
            yield from _track_headers(file, body, finish, path[1:])
        elif kind == path[0] and 84 <= finish - body < 1024:
            yield file.read(finish - body)
        start = finish
