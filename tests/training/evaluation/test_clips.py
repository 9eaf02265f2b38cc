"""On a figure that walks before a camera, whose keypoints are exact."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.camera.pinhole import project
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.lifting.lifter import Lifter
from lifting_core.skeleton import JOINTS, mirrored
from training.datasets.mocap import POINTS
from training.datasets.renders import Renders
from training.evaluation.clips import finished_joints
from training.evaluation.renders import errors_by_view

_FRAMES = 24
_MATRIX = np.array([[500, 0, 320], [0, 500, 240], [0, 0, 1]], np.float32)
_NAMED = {"nose": "neck", "left_foot_index": "left_toe", "right_foot_index": "right_toe"}
# Outward, forward and up, metres, of a person who stands; the left side of two.
_STANDING = {
    **{"pelvis": (0, 0, 0.94), "spine": (0, 0.01, 1.2), "thorax": (0, 0, 1.42), "neck": (0, 0.12, 1.58)},
    **{"head": (0, 0.02, 1.72), "skull": (0, 0, 1.6), "ear": (0.07, 0, 1.6), "eye": (0.03, 0.1, 1.62)},
    **{"shoulder": (0.17, 0, 1.42), "elbow": (0.24, 0, 1.16), "wrist": (0.27, 0.05, 0.92)},
    **{"hand": (0.28, 0.07, 0.82), "index": (0.27, 0.1, 0.83), "pinky": (0.29, 0.04, 0.83)},
    **{"thumb": (0.25, 0.1, 0.86), "hip": (0.1, 0, 0.92), "knee": (0.1, 0.02, 0.5), "ankle": (0.1, 0, 0.08)},
    **{"heel": (0.1, -0.05, 0.03), "toe": (0.11, 0.17, 0.03)},
}
_SWING = {"knee": 0.1, "ankle": 0.22, "heel": 0.22, "toe": 0.22, "elbow": -0.06, "wrist": -0.14}


@pytest.fixture
def shot() -> Renders:
    time = np.arange(_FRAMES, dtype=np.float32) / 30
    points = np.empty((_FRAMES, len(POINTS), 3), np.float32)
    for number, name in enumerate(POINTS):
        part = name.split("_")[-1]
        side = 1 if name.startswith("left") else -1
        outward, forward, up = _STANDING[part]
        swing = side * _SWING.get(part, 0.0) * np.sin(2 * np.pi * 0.9 * time)
        points[:, number] = np.stack(
            [np.full(_FRAMES, side * outward), np.full(_FRAMES, 0.9 - up), 4 - forward - swing], 1
        )
    level = np.eye(4, dtype=np.float32)
    level[:3] = [[1, 0, 0, 0], [0, 0, -1, 0.9], [0, 1, 0, 4]]
    named = [_NAMED.get(name, name) for name in KEYPOINT_NAMES]
    keypoints = np.zeros((_FRAMES, len(KEYPOINT_NAMES), 2), np.float32)
    confidence = np.zeros(keypoints.shape[:2], np.float32)
    for column, name in enumerate(named):
        if name in POINTS:
            keypoints[:, column] = project(points[:, POINTS.index(name)].astype(float), _MATRIX.astype(float))
            confidence[:, column] = 1

    def all_alike(value: object) -> NDArray[Any]:
        return np.repeat(np.asarray(value)[None], _FRAMES, axis=0)

    return Renders(
        keypoints=keypoints,
        confidence=confidence,
        world=np.full((_FRAMES, 33, 3), np.nan, np.float32),
        points=points,
        camera_matrix=all_alike(_MATRIX),
        camera_from_world=all_alike(level),
        image_size=all_alike(np.array([640, 480], np.int32)),
        shot=np.zeros(_FRAMES, np.int64),
        person=np.zeros(_FRAMES, np.int32),
        time=time,
        sex=np.zeros(_FRAMES, np.float32),
        age=np.full(_FRAMES, 30, np.float32),
        stature=np.full(_FRAMES, 1.72, np.float32),
        subject=np.full(_FRAMES, "one"),
        clip=np.full(_FRAMES, "clip"),
        held_out=np.ones(_FRAMES, bool),
    )


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    return Lifter.load(None, "cpu")


def test_motions_are_near_the_truth_and_confused_sides_make_no_difference(
    shot: Renders, lifter: Lifter
) -> None:
    counted = np.ones(_FRAMES, bool)
    joints = finished_joints(shot, lifter)
    error = errors_by_view(joints, shot, counted)["all"].aligned
    assert error < 60
    columns = [KEYPOINT_NAMES.index(mirrored(name)) for name in KEYPOINT_NAMES]
    confused = dataclasses.replace(shot, keypoints=shot.keypoints.copy())
    confused.keypoints[9:15] = confused.keypoints[9:15][:, columns]
    put_right = errors_by_view(finished_joints(confused, lifter), confused, counted)["all"].aligned
    assert put_right == pytest.approx(error, abs=3)


def test_a_photo_will_do_and_who_is_not_found_has_no_motion(shot: Renders, lifter: Lifter) -> None:
    photo = shot.rows(np.arange(1))
    assert np.isfinite(finished_joints(photo, lifter)).all()
    unseen = dataclasses.replace(photo, confidence=np.zeros_like(photo.confidence))
    both = finished_joints(unseen, lifter)
    assert both.shape == (1, len(JOINTS), 3)
    assert np.isnan(both).all()
