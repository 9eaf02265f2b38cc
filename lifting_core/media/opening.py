"""The door to this room: any path to the `Media` that fits."""

from __future__ import annotations

import os
from pathlib import Path

from lifting_core.errors import InvalidInput
from lifting_core.media.animation import Animation, is_animation
from lifting_core.media.file_type import file_type
from lifting_core.media.frame_range import FrameRange
from lifting_core.media.frames import Media
from lifting_core.media.pictures import Pictures, files_in, files_matching, is_pattern
from lifting_core.media.video import Video

_FORMATS = "Photos are JPEG, PNG, WebP, TIFF or BMP files, videos MP4, MOV, AVI, WebM or MKV."


def open_media(path: str | os.PathLike[str], start: int = 0, end: int | None = None, step: int = 1) -> Media:
    """Every `step`-th frame of the source at `path` from frame `start` to frame `end`, both included.

    `path` is a photo, a video, a folder of pictures, or a pattern in a file name (`shot_%04d.png`,
    `shot_####.png`, `shot_*.png`); what a file is, its content tells. Its `info` describes
    the whole source, whatever the range. The first frame is decoded, so a source that opens can be used.

    Raises `InvalidInput` where the source is missing, broken or of no known kind, and where the range is not
    within it.
    """
    chosen = FrameRange(start, end, step)
    path = Path(path)
    try:
        return _open(path, chosen)
    except OSError as error:
        raise InvalidInput(
            f"{path.name} cannot be read: {error.strerror or error}.", "Check the file and its permissions."
        ) from error


def _open(path: Path, chosen: FrameRange) -> Media:
    if path.is_dir():
        return Pictures(files_in(path), "sequence", path.name, chosen)
    if not path.exists() and is_pattern(path.name):
        return Pictures(files_matching(path), "sequence", path.name, chosen)
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.", "Check the path.")
    return _open_file(path, chosen)


def _open_file(path: Path, chosen: FrameRange) -> Media:
    match file_type(path):
        case "video":
            return Video(path, chosen)
        case "photo" if is_animation(path):
            return Animation(path, chosen)
        case "photo":
            return Pictures([path], "image", path.name, chosen)
        case "heif":
            raise InvalidInput(f"{path.name} is a HEIF or AVIF picture.", "Save it as JPEG or PNG first.")
        case "empty":
            raise InvalidInput(f"{path.name} is empty.", "Copy or record it again.")
        case _:
            raise InvalidInput(f"{path.name} is neither a photo nor a video.", _FORMATS)
