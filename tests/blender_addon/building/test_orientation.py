"""Orientation tags that Pillow and PyAV wrote or read, against ours."""

from __future__ import annotations

import struct
from pathlib import Path

import bpy
import numpy as np
import pytest

from blender_addon.building import orientation
from blender_addon.building.orientation import UPRIGHT, Orientation, movie_orientation, photo_orientation

_MATRICES = {0: (1, 0, 0, 1), 1: (0, 1, -1, 0), 2: (-1, 0, 0, -1), 3: (0, -1, 1, 0)}


def _picture() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.arange(6 * 4 * 3, dtype=np.uint8).reshape(4, 6, 3)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("value", range(1, 9))
def test_photo_is_turned_as_pillow_turns_it(tmp_path: Path, suffix: str, value: int) -> None:
    image = pytest.importorskip("PIL.Image")
    ops = pytest.importorskip("PIL.ImageOps")
    exif = image.Exif()
    exif[274] = value
    path = tmp_path / f"photo.{suffix}"
    image.fromarray(_picture()).save(path, exif=exif)
    found = photo_orientation(path)
    plain = _picture() if suffix == "tif" else np.asarray(image.open(path))  # Pillow turns TIFF by itself
    turned = np.rot90(plain[:, ::-1] if found.mirrored else plain, -found.quarter_turns)
    np.testing.assert_array_equal(turned, np.asarray(ops.exif_transpose(image.open(path))))


def test_photo_without_a_tag_is_upright(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.fromarray(_picture()).save(tmp_path / "photo.png")
    assert photo_orientation(tmp_path / "photo.png") == UPRIGHT


@pytest.mark.parametrize(
    "content", [b"", b"II*\0", b"Exif\0\0MM\0*\0\0\0\x08\0\x09", b"Exif\0\0II*\0\xff\xff\xff\xff"]
)
def test_damaged_tags_say_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    assert photo_orientation(tmp_path / "photo.jpg") == UPRIGHT


def _turned_movie(path: Path, quarter_turns: int) -> None:
    """A short movie whose track header asks for turns, as phones write it."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        for _ in range(3):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    content = bytearray(path.read_bytes())
    a, b, c, d = _MATRICES[quarter_turns]
    start = content.index(b"tkhd") + 4 + 40
    numbers = (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    struct.pack_into(">9i", content, start, *numbers)
    path.write_bytes(content)


@pytest.mark.parametrize("quarter_turns", _MATRICES)
def test_movie_is_turned_where_blender_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quarter_turns: int
) -> None:
    path = tmp_path / "phone.mp4"
    _turned_movie(path, quarter_turns)
    monkeypatch.setattr(orientation, "MOVIES_ARE_UPRIGHT", False)
    assert movie_orientation(path) == Orientation(quarter_turns)
    monkeypatch.setattr(orientation, "MOVIES_ARE_UPRIGHT", True)
    assert movie_orientation(path) == UPRIGHT


def test_this_blender_turns_movies_as_the_table_says(tmp_path: Path) -> None:
    _turned_movie(tmp_path / "phone.mp4", 1)
    image = bpy.data.images.load(str(tmp_path / "phone.mp4"))
    is_upright = tuple(image.size) == (32, 64)
    bpy.data.images.remove(image)
    assert is_upright == orientation.MOVIES_ARE_UPRIGHT


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\0\x08moov", b"\0\0\0\0moov\0\0\0\x02trak", b"\0\0\0\x01moov" + b"\xff" * 8]
)
def test_damaged_movies_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(orientation, "MOVIES_ARE_UPRIGHT", False)
    (tmp_path / "phone.mp4").write_bytes(content)
    assert movie_orientation(tmp_path / "phone.mp4") == UPRIGHT
