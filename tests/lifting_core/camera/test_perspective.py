"""Rooms of straight lines, filmed by cameras that are known."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.camera.lines import line_segments
from lifting_core.camera.perspective import Perspective, perspective_by_lines, steady
from lifting_core.camera.pinhole import camera_matrix, focal_length_from_field_of_view, project
from lifting_core.media import open_media

_SIZE = 1280, 720


def _matrix(field_of_view: float) -> NDArray[np.float64]:
    return camera_matrix(focal_length_from_field_of_view(field_of_view, *_SIZE), *_SIZE)


def _from_world(roll: float, pitch: float, azimuth: float) -> NDArray[np.float64]:
    """(3, 3) from axes with z up to those of a camera that leans right, looks down and around; degrees."""
    level = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    tilt = Rotation.from_euler("xz", [pitch, roll], degrees=True).as_matrix()
    turned: NDArray[np.float64] = tilt @ level @ Rotation.from_euler("z", azimuth, degrees=True).as_matrix()
    return turned


def _room(
    rotation: NDArray[Any], field_of_view: float, seed: int = 0, count: int = 150, strays: int = 40
) -> NDArray[np.float64]:
    """(N, 2, 2) segments of a room in pixels, with the errors of real ones, and some that lead nowhere."""
    random = np.random.default_rng(seed)
    directions = np.eye(3)[random.integers(0, 3, 60 * count)]
    start = random.uniform([-6, -6, -2], [6, 6, 2], (60 * count, 3))
    ends = np.stack([start, start + random.uniform(0.4, 1.5, (60 * count, 1)) * directions], 1)
    around = ends @ rotation.T
    pixels = project(around[(around[..., 2] > 1.5).all(1)], _matrix(field_of_view))
    inside = ((pixels > 0) & (pixels < _SIZE)).all((1, 2))
    lines = pixels[inside][:count] + random.normal(0, 0.4, (min(count, inside.sum()), 2, 2))
    middles = random.uniform(0, _SIZE, (strays, 2))
    anywhere = middles[:, None] + [[[-0.5], [0.5]]] * random.normal(0, 60, (strays, 1, 2))
    return np.concatenate([lines, anywhere])


def _degrees_off(perspective: Perspective, rotation: NDArray[Any]) -> float:
    return float(np.degrees(np.arccos(min(1.0, perspective.up @ rotation[:, 2]))))


@settings(max_examples=25, deadline=None)
@given(
    roll=st.floats(-25, 25), pitch=st.floats(-20, 40), azimuth=st.floats(-45, 45), seed=st.integers(0, 999)
)
def test_lines_of_a_room_tell_nothing_but_which_way_is_up(
    roll: float, pitch: float, azimuth: float, seed: int
) -> None:
    rotation = _from_world(roll, pitch, azimuth)
    told = perspective_by_lines(_room(rotation, 60, seed), _matrix(60), False)
    if told is not None:
        assert _degrees_off(told, rotation) < 2
        assert (told.zoom, told.zoom_deviation) == (1, 0)


def test_they_mostly_do_tell() -> None:
    random = np.random.default_rng(0)
    told = []
    for seed in range(40):
        rotation = _from_world(*random.uniform([-25, -20, -45], [25, 40, 45]))
        told.append(perspective_by_lines(_room(rotation, 60, seed), _matrix(60), False))
    assert told.count(None) <= 5


@pytest.mark.parametrize("true", [45, 60, 80])
def test_seen_at_a_slant_they_tell_the_focal_length_too(true: int) -> None:
    rotation = _from_world(4, 25, 35)
    told = perspective_by_lines(_room(rotation, true, count=200), _matrix(60), True)
    assert told is not None
    assert _degrees_off(told, rotation) < 1.5
    assert told.zoom == pytest.approx(_matrix(true)[0, 0] / _matrix(60)[0, 0], rel=0.05)
    assert told.zoom_deviation < 0.04


def test_seen_straight_ahead_they_leave_it_open() -> None:
    rotation = _from_world(0, 0, 0)
    told = perspective_by_lines(_room(rotation, 80, count=200), _matrix(60), True)
    assert told is None or told.zoom_deviation > 0.04


def test_the_error_is_told_too() -> None:
    rotations = [_from_world(3, pitch, 30) for pitch in range(-10, 30, 2)]
    off = []
    for seed, rotation in enumerate(rotations):
        told = perspective_by_lines(_room(rotation, 60, seed), _matrix(60), False)
        assert told is not None
        off.append(_degrees_off(told, rotation) / np.degrees(told.deviation))
    assert np.sqrt(np.mean(np.square(off))) < 2


def test_lines_without_order_tell_nothing() -> None:
    told = [perspective_by_lines(_room(np.eye(3), 60, seed, 0, 200), _matrix(60), False) for seed in range(9)]
    assert told.count(None) >= 8


def test_stripes_alone_tell_nothing() -> None:
    across = np.linspace(0, 1200, 150)
    slanted = np.stack([np.stack([across, 0 * across], 1), np.stack([across + 200, 0 * across + 700], 1)], 1)
    assert perspective_by_lines(slanted, _matrix(60), False) is None


@pytest.mark.parametrize("count", [0, 1, 49])
def test_few_lines_tell_nothing(count: int) -> None:
    lines = _room(_from_world(0, 10, 30), 60)[:count]
    assert perspective_by_lines(lines, _matrix(60), True) is None


def test_a_drawn_room_is_read_as_well() -> None:
    rotation = _from_world(-8, 15, 30)
    picture = np.full((_SIZE[1], _SIZE[0], 3), 180, np.uint8)
    for start, end in _room(rotation, 60, strays=0).round().astype(int):
        cv2.line(picture, start.tolist(), end.tolist(), (40, 40, 40), 2, cv2.LINE_AA)
    told = perspective_by_lines(line_segments(picture), _matrix(60), False)
    assert told is not None
    assert _degrees_off(told, rotation) < 1.5


def _told(pitch: float) -> Perspective:
    return Perspective(_from_world(0, pitch, 0)[:, 2], 0.02, 1.0, 0.0)


def test_of_a_camera_that_stands_the_middle_picture_counts() -> None:
    told = [_told(10), None, _told(11), _told(12)]
    assert steady(told) is told[2]
    assert steady([None, told[0]]) is told[0]


def test_a_camera_that_moves_has_no_one_tilt() -> None:
    assert steady([_told(0), _told(8), _told(16)]) is None
    assert steady([None, None]) is None
    assert steady([]) is None


@pytest.mark.parametrize(("camera", "roll", "pitch"), [("cam01", 13.4, 22.5), ("cam03", -2.8, 24.9)])
@pytest.mark.parametrize("assumed", [50, 60, 75])
def test_real_rooms_tell_what_the_calibration_says(
    camera: str, roll: float, pitch: float, assumed: int, shared_folder: Path
) -> None:
    """Roll, pitch and the field of view of 59.4 degrees are those of the recording's calibration."""
    media = open_media(shared_folder / f"media/pose2sim/{camera}.mp4")
    size = media.info.width, media.info.height
    matrix = camera_matrix(focal_length_from_field_of_view(assumed, *size), *size)
    frame = next(islice(iter(media), 1))
    told = perspective_by_lines(line_segments(frame.image), matrix, True)
    assert told is not None
    assert _degrees_off(told, _from_world(roll, pitch, 0)) < 1.5
    seen = 2 * np.degrees(np.arctan(max(size) / 2 / (matrix[0, 0] * told.zoom)))
    assert seen == pytest.approx(59.4, abs=2)
