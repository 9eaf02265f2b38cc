"""A room of straight lines, filmed by cameras that are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lifting_core.camera.lines import line_segments
from lifting_core.camera.perspective import Perspective, perspective_by_lines, steady
from lifting_core.camera.pinhole import camera_matrix, focal_length_from_field_of_view
from lifting_core.media import open_media

_SURE = 0.04
FilmRoom = Callable[..., Any]


def _degrees_off(told: Perspective, up: NDArray[np.float64]) -> float:
    return math.degrees(math.acos(min(1.0, float(told.up @ up))))


@settings(max_examples=25, deadline=None)
@given(
    roll=st.floats(-25, 25), pitch=st.floats(-20, 40), azimuth=st.floats(-45, 45), seed=st.integers(0, 999)
)
def test_lines_of_a_room_tell_nothing_but_which_way_is_up(
    film_room: FilmRoom, roll: float, pitch: float, azimuth: float, seed: int
) -> None:
    room = film_room(roll, pitch, azimuth, seed=seed)
    told = perspective_by_lines(room.segments, room.matrix, False)
    if told is not None:
        assert _degrees_off(told, room.up) < 2
        assert (told.zoom, told.zoom_deviation) == (1, 0)


def test_they_mostly_do_tell(film_room: FilmRoom) -> None:
    random = np.random.default_rng(0)
    rooms = [film_room(*random.uniform([-25, -20, -45], [25, 40, 45]), seed=seed) for seed in range(40)]
    told = [perspective_by_lines(room.segments, room.matrix, False) for room in rooms]
    assert told.count(None) <= 5


@pytest.mark.parametrize("true", [45, 60, 80])
def test_seen_at_a_slant_they_tell_the_focal_length_too(film_room: FilmRoom, true: int) -> None:
    room, assumed = film_room(4, 25, 35, true, count=200), film_room(0, 0, 0).matrix
    told = perspective_by_lines(room.segments, assumed, True)
    assert told is not None
    assert _degrees_off(told, room.up) < 1.5
    assert told.zoom == pytest.approx(room.matrix[0, 0] / assumed[0, 0], rel=0.05)
    assert told.zoom_deviation < _SURE


def test_seen_straight_ahead_they_leave_it_open(film_room: FilmRoom) -> None:
    room, assumed = film_room(0, 0, 0, 80, count=200), film_room(0, 0, 0).matrix
    told = perspective_by_lines(room.segments, assumed, True)
    assert told is None or told.zoom_deviation > _SURE


def test_the_error_is_told_too(film_room: FilmRoom) -> None:
    off = []
    for pitch in range(-10, 30, 2):
        room = film_room(3, pitch, 30, seed=pitch + 10)
        told = perspective_by_lines(room.segments, room.matrix, False)
        if told is not None:
            off.append(_degrees_off(told, room.up) / math.degrees(told.deviation))
    assert len(off) > 15
    assert np.sqrt(np.mean(np.square(off))) < 2


def test_lines_without_order_tell_nothing(film_room: FilmRoom) -> None:
    rooms = [film_room(0, 0, 0, seed=seed, count=0, strays=200) for seed in range(9)]
    told = [perspective_by_lines(room.segments, room.matrix, False) for room in rooms]
    assert told.count(None) >= 8


@pytest.mark.parametrize("slant", [0, 200])
def test_stripes_alone_tell_nothing(film_room: FilmRoom, slant: float) -> None:
    left = np.linspace(0, 1000, 150)[:, None]
    stripes = np.stack([np.add(left, [0, slant]), np.add(0 * left, [0, 700])], -1)
    assert perspective_by_lines(stripes, film_room(0, 0, 0).matrix, False) is None


@pytest.mark.parametrize("count", [0, 1, 49])
def test_few_lines_tell_nothing(film_room: FilmRoom, count: int) -> None:
    room = film_room(0, 10, 30)
    assert perspective_by_lines(room.segments[:count], room.matrix, True) is None


def test_a_drawn_room_is_read_as_well(film_room: FilmRoom) -> None:
    room = film_room(-8, 15, 30, strays=0)
    told = perspective_by_lines(line_segments(room.picture()), room.matrix, False)
    assert told is not None
    assert _degrees_off(told, room.up) < 1.5


def _told(pitch: float) -> Perspective:
    radians = math.radians(pitch)
    return Perspective(np.array([0, -math.cos(radians), -math.sin(radians)]), 0.02, 1.0, 0.0)


def test_of_a_camera_that_stands_the_middle_picture_counts() -> None:
    told = [_told(10), None, _told(11), _told(12)]
    assert steady(told) is told[2]
    assert steady([None, told[0]]) is told[0]


def test_a_camera_that_moves_has_no_one_tilt() -> None:
    assert steady([_told(0), _told(8), _told(16)]) is None
    assert steady([None, None]) is None
    assert steady([]) is None


@pytest.mark.parametrize(
    ("camera", "up"),
    [("cam01", (0.214, -0.899, -0.383)), ("cam03", (-0.045, -0.906, -0.421))],
)
@pytest.mark.parametrize("assumed", [50, 60, 75])
def test_a_real_room_tells_what_its_calibration_says(
    camera: str, up: tuple[float, float, float], assumed: int, shared_folder: Path
) -> None:
    """The directions, and a field of view of 59.4 degrees, are those of the recording's calibration."""
    media = open_media(shared_folder / f"media/pose2sim/{camera}.mp4")
    size = media.info.width, media.info.height
    matrix = camera_matrix(focal_length_from_field_of_view(assumed, *size), *size)
    frame = next(islice(iter(media), 1))
    told = perspective_by_lines(line_segments(frame.image), matrix, True)
    assert told is not None
    assert _degrees_off(told, np.array(up) / np.linalg.norm(up)) < 1.5
    seen = 2 * math.degrees(math.atan(max(size) / 2 / (matrix[0, 0] * told.zoom)))
    assert seen == pytest.approx(59.4, abs=2)
