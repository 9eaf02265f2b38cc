from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lifting_core.detection.boxes import GivenBoxes, WholePicture, open_boxes
from lifting_core.detection.regions import Box
from lifting_core.errors import InvalidInput
from lifting_core.media.frames import Frame
from lifting_core.media.opening import open_media

_DATA = Path(__file__).parents[2] / "data"


def _frame(index: int = 0) -> Frame:
    return Frame(index, 0.0, np.zeros((480, 640, 3), np.uint8))


def test_the_whole_picture_is_one_box() -> None:
    assert WholePicture().boxes(_frame()) == [Box(0, 0, 640, 480)]
    assert isinstance(open_boxes("centre", effort="usual"), WholePicture)


def test_boxes_are_read_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps([[[10, 20, 40, 80]], [], [[0, 0, 8, 8], [1, 2, 3, 4]]]))
    boxes = open_boxes(str(path), effort="usual")
    assert boxes.boxes(_frame(0)) == [Box(5, 10, 50, 100)]  # with the margin of MPII
    assert boxes.boxes(_frame(1)) == []
    assert len(boxes.boxes(_frame(2))) == 2
    with pytest.raises(InvalidInput, match="boxes for 3 frames, but the clip has a frame 3"):
        boxes.boxes(_frame(3))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "5",
        "[" * 100_000,
        "[[1]]",
        "[[[1, 2, 3]]]",
        "[[[1, 2, 3, 0]]]",
        '[[["a", 2, 3, 4]]]',
        "[[[NaN, 1, 1, 1]]]",
    ],
)
def test_what_holds_no_boxes_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "boxes.json"
    path.write_text(text)
    with pytest.raises(InvalidInput, match="does not hold people's boxes") as error:
        GivenBoxes.read(path)
    assert "left, top, width, height" in error.value.advice
    with pytest.raises(InvalidInput, match="does not hold"):
        open_boxes(str(tmp_path / "none.json"), effort="usual")


def test_mediapipe_finds_whom_it_can_follow() -> None:
    truth = json.loads((_DATA / "walk_and_wave.json").read_text(encoding="utf-8"))
    world = np.array(truth["joints_world"])[100]
    seen = (world @ np.array(truth["R"]).T + np.ravel(truth["t"])) @ np.array(truth["K"]).T
    pixels = seen[:, :2] / seen[:, 2:]
    source = open_boxes("mediapipe", effort="least")
    (frame,) = open_media(_DATA / "walk_and_wave.mp4", 100, 100)
    (box,) = source.boxes(frame)
    source.close()
    body = Box.around(pixels)
    assert box.left < body.left
    assert box.top < body.top
    assert box.left + box.width > body.left + body.width
    assert box.top + box.height > body.top + body.height
    assert 1.05 < box.height / body.height < 1.45
