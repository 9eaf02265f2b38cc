from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from lifting_core.errors import InvalidInput
from lifting_core.media import open_media

LEVELS = [0, 80, 160, 240]


def _animate(path: Path, durations: list[int], **options: Any) -> Path:
    first, *rest = (Image.new("RGB", (16, 12), (level,) * 3) for level in LEVELS)
    options |= {"lossless": True} if path.suffix == ".webp" else {}
    first.save(path, save_all=True, append_images=rest, duration=durations, **options)
    return path


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_an_animation_is_a_video_with_its_own_times(tmp_path: Path, suffix: str) -> None:
    media = open_media(_animate(tmp_path / f"wave.{suffix}", [100, 50, 200, 50]))
    frames = list(media)
    assert (media.info.kind, media.info.frames, media.info.width, media.info.height) == ("video", 4, 16, 12)
    assert media.info.duration == pytest.approx(0.4)
    assert media.info.fps == pytest.approx(10)
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.15, 0.35])
    assert [int(frame.image.mean()) for frame in frames] == LEVELS
    assert all(np.ptp(frame.image) == 0 for frame in frames)


@pytest.mark.parametrize("suffix", ["webp", "png"])
def test_an_animation_that_exif_turns_has_its_upright_size(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    media = open_media(_animate(tmp_path / f"turned.{suffix}", [100] * 4, exif=exif))
    assert (media.info.width, media.info.height) == (12, 16)
    assert {frame.image.shape for frame in media} == {(16, 12, 3)}


def test_frames_without_a_time_last_as_long_as_in_a_browser(tmp_path: Path) -> None:
    media = open_media(_animate(tmp_path / "untimed.gif", [0, 0, 0, 0]))
    assert [frame.time for frame in media] == pytest.approx([0, 0.1, 0.2, 0.3])


def test_a_range_of_an_animation(tmp_path: Path) -> None:
    path = _animate(tmp_path / "wave.gif", [100, 100, 100, 100])
    assert [(frame.index, int(frame.image[0, 0, 0])) for frame in open_media(path, 1, 3, 2)] == [
        (1, 80),
        (3, 240),
    ]
    with pytest.raises(InvalidInput, match="Frame 4 is outside"):
        open_media(path, start=4)


def test_an_animation_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = _animate(tmp_path / "cut.webp", [100] * 4)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InvalidInput, match="damaged or cut off"):
        open_media(path)
