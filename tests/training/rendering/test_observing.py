from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("bpy", reason="shots are filmed with bpy, which this Python does not have")

from lifting_core.camera.pinhole import project
from lifting_core.detection import open_detector
from lifting_core.detection.detector import Person
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.media.frames import Frame
from training.datasets.mocap import POINTS, Clip
from training.rendering import observing
from training.rendering.filming import Camera, facing
from training.rendering.observing import TRUE_POINTS, observe
from training.rendering.scenes import Shot

_CAMERA = Camera(480, 360, 50.0, np.array([0.0, -4.0, 1.2]), facing(5))


class Seeing:
    """A detector that sees what it is told, frame by frame."""

    def __init__(self, frames: Sequence[Sequence[Person]]) -> None:
        self._frames = frames

    def __enter__(self) -> Seeing:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def detect(self, frame: Frame) -> Sequence[Person]:
        return self._frames[frame.index]


def shot_of(standing: NDArray[np.float64], asides: Sequence[float], frames: int) -> Shot:
    """People beside each other who stand still."""
    world = np.stack([standing + np.array([aside, 0, 0]) for aside in asides])
    points = np.tile((world - _CAMERA.position) @ _CAMERA.rotation.T, (frames, 1, 1, 1))
    pictures = [np.zeros((_CAMERA.height, _CAMERA.width, 3), np.uint8)] * frames
    clip = Clip("still", "nobody", 30.0, points[:, 0].astype(np.float32))
    return Shot(_CAMERA, np.arange(frames) / 15, pictures, points, (clip,) * len(asides))


def seen(shot: Shot, frame: int, actor: int, off: float = 0.0) -> Person:
    """All keypoints where they truly are, moved by some pixels."""
    pixels = project(shot.points[frame, actor][list(TRUE_POINTS)], _CAMERA.matrix()) + off
    return Person(pixels.astype(np.float32), np.full(len(TRUE_POINTS), 0.9, np.float32))


def test_keypoints_are_meant_to_be_at_the_points_of_their_names() -> None:
    named = {
        name: POINTS[point] for name, point in zip(KEYPOINT_NAMES, TRUE_POINTS, strict=True) if point >= 0
    }
    assert named["nose"] == "neck"  # Human3.6M's name of the tip of the nose
    assert named["left_foot_index"] == "left_toe"
    assert named["right_wrist"] == "right_wrist"
    assert "mouth_left" not in named
    assert len(named) == 27


def test_everybody_gets_their_own_detection(
    standing: NDArray[np.float64], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the order in which people are found, and when somebody is missed or a stranger appears."""
    shot = shot_of(standing, [0.0, 0.9], frames=3)
    stranger = dataclasses.replace(seen(shot, 0, 0), keypoints=seen(shot, 0, 0).keypoints + 400)
    frames = [
        [seen(shot, 0, 1, 2.0), seen(shot, 0, 0, 1.0)],
        [seen(shot, 1, 1, 3.0), stranger],
        [],
    ]
    monkeypatch.setattr(observing, "open_detector", lambda *_: Seeing(frames))
    observation = observe(shot, "mediapipe", with_world=False)
    known = np.array(TRUE_POINTS) >= 0
    found = [(0, 0, 1.0), (0, 1, 2.0), (1, 1, 3.0)]
    for frame, actor, off in found:
        truth = project(shot.points[frame, actor][list(TRUE_POINTS)], _CAMERA.matrix())
        np.testing.assert_allclose(observation.keypoints[frame, actor][known] - truth[known], off, atol=1e-3)
    assert observation.confidence.any(-1).tolist() == [[True, True], [False, True], [False, False]]
    assert np.isnan(observation.world).all()


def test_real_people_are_found_where_they_are(shared_folder: Path) -> None:
    """MediaPipe's own landmarks come with those of the detector, for the same person."""
    cv2 = pytest.importorskip("cv2")
    capture = cv2.VideoCapture(str(shared_folder / "media" / "sports2d_walk.mp4"))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 40)
    picture = np.ascontiguousarray(capture.read()[1][..., ::-1])
    with open_detector() as detector:
        (left, top), (right, bottom) = (
            edge(detector.detect(Frame(0, 0.0, picture))[0].keypoints, axis=0).astype(int)
            for edge in (np.min, np.max)
        )
        picture = picture[max(top - 80, 0) : bottom + 80, max(left - 80, 0) : right + 80].copy()
    with open_detector(effort="most") as detector:
        person = detector.detect(Frame(0, 0.0, picture))[0]
    # A body that is seen exactly at these keypoints: flat, as far away as the focal length in pixels.
    height, width = picture.shape[:2]
    camera = Camera(width, height, 60.0, np.zeros(3), np.eye(3))
    points = np.zeros((1, 1, len(POINTS), 3))
    points[..., 2] = camera.matrix()[0, 0]
    for keypoint, point in zip(person.keypoints, TRUE_POINTS, strict=True):
        if point >= 0:
            points[0, 0, point, :2] = keypoint - camera.matrix()[:2, 2]
    clip = Clip("walk", "somebody", 30.0, points[:, 0].astype(np.float32))
    observation = observe(Shot(camera, np.zeros(1), [picture], points, (clip,)), "mediapipe", with_world=True)
    np.testing.assert_allclose(observation.keypoints[0, 0], person.keypoints, atol=1e-3)
    world = observation.world[0, 0]
    shoulders = np.linalg.norm(
        world[KEYPOINT_NAMES.index("left_shoulder")] - world[KEYPOINT_NAMES.index("right_shoulder")]
    )
    assert 0.15 < shoulders < 0.5  # metres
