from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lifting_core.media.file_type import file_type


@pytest.mark.parametrize("pil_format", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
def test_photos_are_known_whatever_their_name(tmp_path: Path, pil_format: str) -> None:
    path = tmp_path / "picture.mp4"
    Image.new("RGB", (8, 8)).save(path, pil_format)
    assert file_type(path) == "photo"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", "empty"),
        (b"A holiday in the hills", "unknown"),
        (b"#EXTM3U\nhttp://example.org/a.ts", "unknown"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heif"),
        (b"\0\0\0\x1cftypavif", "heif"),
        (b"\0\0\0\x14ftypqt  ", "video"),
        (b"\x1a\x45\xdf\xa3\x9f", "video"),
        (b"RIFF\0\1\0\0AVI LIST", "video"),
        (b"RIFF\0\1\0\0WAVEfmt ", "unknown"),
        ((b"G" + bytes(187)) * 3, "video"),
        ((bytes(4) + b"G" + bytes(187)) * 3, "video"),
    ],
)
def test_the_first_bytes_tell(tmp_path: Path, head: bytes, expected: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(head)
    assert file_type(path) == expected


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="GIRM\0"), min_size=1))
def test_plain_text_is_never_taken_for_a_picture(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "text.mp4"
    path.write_text(text)
    assert file_type(path) == "unknown" or text[4:8] in ("free", "wide", "skip", "moov", "mdat", "ftyp")
