"""What a file is, told by its first bytes and not by its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

FileType = Literal["photo", "video", "heif", "empty", "unknown"]

_HEAD_BYTES = 512
_SIGNATURES: tuple[tuple[FileType, bytes], ...] = (
    ("photo", rb"\xff\xd8\xff"),  # JPEG
    ("photo", rb"\x89PNG\r\n\x1a\n"),
    ("photo", rb"RIFF....WEBP"),
    ("photo", rb"II[*+]\0|MM\0[*+]"),  # TIFF, BigTIFF
    ("photo", rb"GIF8[79]a"),
    ("photo", rb"BM.{4}\0\0\0\0"),
    ("heif", rb"....ftyp(hei|hev|mif1|msf1|avif|avis)"),
    ("video", rb"....(ftyp|moov|mdat|wide|free|skip)"),  # MP4, MOV
    ("video", rb"RIFF....AVI "),
    ("video", rb"\x1a\x45\xdf\xa3"),  # Matroska, WebM
    ("video", rb"FLV\x01|OggS|\x30\x26\xb2\x75\x8e\x66\xcf\x11|\0\0\x01\xba"),  # Flash, Ogg, ASF, MPEG
    ("video", rb"\x47.{187}\x47|.{4}\x47.{191}\x47"),  # MPEG transport stream, AVCHD
)


def file_type(path: Path) -> FileType:
    """The type of the file at `path`. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        return "empty"
    return next(
        (found for found, signature in _SIGNATURES if re.match(signature, head, re.DOTALL)), "unknown"
    )
