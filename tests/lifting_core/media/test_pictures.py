from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lifting_core.errors import InvalidInput
from lifting_core.media import open_media


def _sequence(folder: Path, names: list[str], size: tuple[int, int] = (6, 4)) -> None:
    for number, name in enumerate(names):
        Image.new("RGB", size, (number, 2 * number, 0)).save(folder / name)


def _reds(path: Path, **chosen: int) -> list[int]:
    return [int(frame.image[0, 0, 0]) for frame in open_media(path, **chosen)]


def test_a_photo_is_one_frame(tmp_path: Path) -> None:
    _sequence(tmp_path, ["photo.png"])
    media = open_media(tmp_path / "photo.png")
    frames = list(media)
    assert (media.info.kind, media.info.name, media.info.frames) == ("image", "photo.png", 1)
    assert (media.info.width, media.info.height, media.info.fps, media.info.duration) == (6, 4, 24, None)
    assert [(frame.index, frame.time, frame.image.shape) for frame in frames] == [(0, 0.0, (4, 6, 3))]
    with pytest.raises(InvalidInput, match=r"Frame 1 is outside photo.png, which has 1 frame\. "):
        open_media(tmp_path / "photo.png", start=1)


def test_one_pixel_is_a_picture(tmp_path: Path) -> None:
    _sequence(tmp_path, ["dot.png"], size=(1, 1))
    assert [frame.image.shape for frame in open_media(tmp_path / "dot.png")] == [(1, 1, 3)]


def test_an_8k_photo_opens(tmp_path: Path) -> None:
    _sequence(tmp_path, ["wall.jpg"], size=(7680, 4320))
    media = open_media(tmp_path / "wall.jpg")
    assert (media.info.width, media.info.height) == (7680, 4320)
    assert next(iter(media)).image.nbytes == 7680 * 4320 * 3


def test_a_folder_is_sorted_as_people_count(tmp_path: Path) -> None:
    _sequence(tmp_path, ["shot_1.png", "shot_2.png", "Shot_9.png", "shot_10.png", "shot_100.png"])
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "._shot_3.png").write_bytes(b"what macOS leaves behind")
    media = open_media(tmp_path)
    frames = list(media)
    assert (media.info.kind, media.info.name, media.info.frames) == ("sequence", tmp_path.name, 5)
    assert media.info.duration == pytest.approx(5 / 24)
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.time for frame in frames] == pytest.approx([n / 24 for n in range(5)])


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("shot_%04d.png", [0, 1, 2]),
        ("shot_####.png", [0, 1, 2]),
        ("shot_#.png", [0, 1, 2, 3]),
        ("shot_%d.png", [0, 1, 2, 3]),
        ("shot_*.png", [0, 1, 2, 3, 4]),
        ("shot_000?.png", [0, 1]),
        ("*", [5, 0, 1, 2, 3, 4]),
    ],
)
def test_a_pattern_chooses_files(tmp_path: Path, pattern: str, expected: list[int]) -> None:
    names = ["shot_0008.png", "shot_0009.png", "shot_0010.png", "shot_011.png", "shot_b.png", "other (1).png"]
    _sequence(tmp_path, names)
    (tmp_path / "shot_0001.txt").write_text("not a picture")
    assert sorted(_reds(tmp_path / pattern)) == sorted(expected)
    if "*" not in pattern:
        assert _reds(tmp_path / pattern) == expected


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path: Path) -> None:
    _sequence(tmp_path, ["take #1.png", "take 21.png"])
    assert open_media(tmp_path / "take #1.png").info.kind == "image"


def test_a_range_of_a_sequence(tmp_path: Path) -> None:
    _sequence(tmp_path, [f"{number}.png" for number in range(12)])
    media = open_media(tmp_path, start=2, end=9, step=3)
    assert [frame.index for frame in media] == [2, 5, 8]
    assert [frame.index for frame in media] == [2, 5, 8]  # as often as asked
    assert [frame.time for frame in media] == pytest.approx([2 / 24, 5 / 24, 8 / 24])
    assert media.info.frames == 12
    with pytest.raises(InvalidInput, match="Frame 12 is outside"):
        open_media(tmp_path, end=12)


def test_another_size_in_a_sequence_is_named(tmp_path: Path) -> None:
    _sequence(tmp_path, ["1.png", "2.png"])
    _sequence(tmp_path, ["3.png"], size=(8, 4))
    frames = iter(open_media(tmp_path))
    assert len(list(itertools.islice(frames, 2))) == 2
    with pytest.raises(InvalidInput, match=r"3.png is 8 x 4 pixels, but the sequence began with 6 x 4"):
        next(frames)


def test_folders_and_patterns_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a picture")
    with pytest.raises(InvalidInput, match="holds no pictures"):
        open_media(tmp_path)
    with pytest.raises(InvalidInput, match=r"No picture matches shot_%04d.png"):
        open_media(tmp_path / "shot_%04d.png")
    with pytest.raises(InvalidInput, match="There is no folder"):
        open_media(tmp_path / "nowhere" / "shot_*.png")


def test_frames_are_contiguous_rgb(tmp_path: Path) -> None:
    _sequence(tmp_path, ["a.png"])
    image = next(iter(open_media(tmp_path / "a.png"))).image
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
