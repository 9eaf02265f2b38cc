from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from lifting_core.errors import InvalidInput
from lifting_core.media import open_media


def _complaint(path: Path) -> str:
    with pytest.raises(InvalidInput) as raised:
        open_media(path)
    assert raised.value.advice
    assert "\n" not in str(raised.value)
    return raised.value.message


def test_missing_and_empty_files(tmp_path: Path) -> None:
    assert "There is no file" in _complaint(tmp_path / "missing.mp4")
    (tmp_path / "empty.mp4").touch()
    assert _complaint(tmp_path / "empty.mp4") == "empty.mp4 is empty."


@pytest.mark.parametrize("name", ["notes.mp4", "notes.jpg", "notes.m3u8", "notes.txt"])
def test_text_is_no_media_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    assert _complaint(tmp_path / name) == f"{name} is neither a photo nor a video."


def test_heif_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    assert _complaint(tmp_path / "IMG_1.HEIC") == "IMG_1.HEIC is a HEIF or AVIF picture."


def test_content_decides_not_the_name(tmp_path: Path, write_video: Callable[..., Path]) -> None:
    Image.new("RGB", (5, 4)).save(tmp_path / "photo.mp4", "JPEG")
    assert open_media(tmp_path / "photo.mp4").info.kind == "image"
    shutil.move(write_video(tmp_path / "clip.mp4"), tmp_path / "clip.jpg")
    assert open_media(tmp_path / "clip.jpg").info.kind == "video"


def test_paths_may_be_text(tmp_path: Path) -> None:
    Image.new("RGB", (5, 4)).save(tmp_path / "Füße 12:30.png")
    assert open_media(str(tmp_path / "Füße 12:30.png")).info.name == "Füße 12:30.png"


def test_a_name_too_long_for_the_system(tmp_path: Path) -> None:
    assert "cannot be read" in _complaint(tmp_path / ("x" * 5000))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may read everything")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_without_permission(tmp_path: Path, what: str) -> None:
    (tmp_path / "folder").mkdir()
    Image.new("RGB", (5, 4)).save(tmp_path / "folder" / "file.png")
    path = tmp_path / "folder" / "file.png" if what == "file" else tmp_path / "folder"
    path.chmod(0)
    try:
        assert "cannot be read: Permission denied" in _complaint(path)
    finally:
        path.chmod(0o700)


def test_a_file_that_the_system_refuses_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked.mp4").write_bytes(b"anything")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert _complaint(tmp_path / "locked.mp4") == "locked.mp4 cannot be read: Permission denied."


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_photo_may_be_of_any_of_these_formats(tmp_path: Path, kind: str) -> None:
    Image.new("RGB", (5, 4), "red").save(tmp_path / "photo", kind)
    (frame,) = open_media(tmp_path / "photo")
    assert frame.image.shape == (4, 5, 3)
