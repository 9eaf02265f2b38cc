from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.camera.lines import Glances, line_segments
from lifting_core.media.frames import Frame

_ENDS = np.array([[[40, 60], [600, 90]], [[100, 400], [130, 150]], [[300, 300], [420, 420]]])


def _picture(scale: int = 1) -> NDArray[np.uint8]:
    picture = np.full((480 * scale, 640 * scale, 3), 200, np.uint8)
    for start, end in _ENDS * scale:
        cv2.line(picture, start.tolist(), end.tolist(), (20, 30, 40), 3 * scale)
    return picture


@pytest.mark.parametrize("scale", [1, 4])
def test_drawn_lines_are_found_in_pixels_of_the_picture(scale: int) -> None:
    found = line_segments(_picture(scale))
    for line in _ENDS * scale:
        apart = [np.abs(one - line).max() for segment in found for one in (segment, segment[::-1])]
        assert min(apart) < 6 * scale  # its two edges are found, beside the drawn line


def test_the_longest_come_first_and_specks_not_at_all() -> None:
    picture = _picture()
    cv2.line(picture, (500, 300), (508, 300), (0, 0, 0), 3)
    found = line_segments(picture)
    lengths = np.linalg.norm(found[:, 1] - found[:, 0], axis=1)
    assert (np.diff(lengths) <= 0).all()
    assert lengths[0] > 540
    assert lengths[-1] > 0.025 * 640


def test_there_need_not_be_any() -> None:
    assert line_segments(np.zeros((90, 120, 3), np.uint8)).shape == (0, 2, 2)


def test_a_clip_is_glanced_at_more_and_more_rarely() -> None:
    glances = Glances()
    for index in range(300):
        glances.see(Frame(index, index / 30, _picture() if index == 60 else np.zeros((48, 64, 3), np.uint8)))
    assert [len(segments) > 0 for segments in glances.segments] == [False, True, False]
