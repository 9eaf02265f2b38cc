from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lifting_core.camera.calibration import calibrate
from lifting_core.media.frames import MediaInfo

_INFO = MediaInfo("video", "room.mp4", 1280, 720, 30.0, 90, 3.0, None)
_WIDE = 350.0
"""Pixels of a focal length that no room here has."""


def test_lines_tell_a_field_of_view_that_nobody_told(
    film_room: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    room = film_room(4, 25, 35, 75, count=200)
    with caplog.at_level(logging.INFO):
        camera = calibrate(_INFO, None, [room.segments])
    assert camera.matrix == pytest.approx(room.matrix, rel=0.05)
    assert camera.perspective is not None
    assert camera.perspective.up @ room.up > np.cos(np.radians(1.5))
    assert "taken from the lines" in caplog.text


@pytest.mark.parametrize("azimuth", [0, 35])
def test_what_is_told_is_believed_and_lines_tell_the_tilt(
    film_room: Callable[..., Any], azimuth: float
) -> None:
    room = film_room(4, 15, azimuth, 90, count=200)
    exif = dataclasses.replace(_INFO, focal_length=640.0)
    for camera in (calibrate(_INFO, 90.0, [room.segments]), calibrate(exif, None, [room.segments])):
        assert camera.matrix == pytest.approx(room.matrix)
        assert camera.perspective is not None
        assert camera.perspective.up @ room.up > np.cos(np.radians(1.5))
        assert camera.perspective.zoom == 1
    contrary = dataclasses.replace(_INFO, focal_length=_WIDE)
    assert calibrate(contrary, 90.0, []).matrix == pytest.approx(room.matrix)


def test_without_lines_the_usual_one_is_assumed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        camera = calibrate(_INFO, None, [np.empty((0, 2, 2))])
    assert camera.matrix[0, 0] == pytest.approx(640 / np.tan(np.radians(30)))
    assert camera.perspective is None
    assert "assumed to be 60 degrees" in caplog.text


def test_a_camera_that_moves_is_the_usual_one(film_room: Callable[..., Any]) -> None:
    rooms = [film_room(0, pitch, 35, 75, seed=pitch, count=200) for pitch in (0, 12, 24)]
    camera = calibrate(_INFO, None, [room.segments for room in rooms])
    assert camera.perspective is None
    assert camera.matrix[0, 0] == pytest.approx(640 / np.tan(np.radians(30)))
