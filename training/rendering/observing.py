"""What detectors see in pictures whose people are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import mediapipe
import numpy as np
from mediapipe.tasks.python.core.base_options import BaseOptions
from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions, RunningMode
from numpy.typing import NDArray

from lifting_core.camera.pinhole import project
from lifting_core.detection import detections, open_detector
from lifting_core.detection.detector import Person
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES, model_bundle
from lifting_core.detection.poses import similarity
from lifting_core.media.frames import Frame
from training.datasets.mocap import POINTS
from training.rendering.scenes import Shot

_SAME = 0.15
"""Similarity from which on a detection is of a person: even a poor one."""
_POINT_NAMES = {"nose": "neck", "left_foot_index": "left_toe", "right_foot_index": "right_toe"}
TRUE_POINTS: tuple[int, ...] = tuple(
    POINTS.index(named) if (named := _POINT_NAMES.get(name, name)) in POINTS else -1
    for name in KEYPOINT_NAMES
)
"""Of every keypoint of the detector, the point of `POINTS` that it is meant to be, or -1."""


@dataclass(frozen=True, eq=False)
class Observation:
    """What was seen of the A actors in the F frames of a shot; K keypoints."""

    keypoints: NDArray[np.float32]
    """(F, A, K, 2) pixels, 0 where the actor was not found."""
    confidence: NDArray[np.float32]
    """(F, A, K), 0 where the actor was not found."""
    world: NDArray[np.float32]
    """(F, A, K, 3) metres, MediaPipe's own world landmarks; NaN where it found nobody or was not asked."""


def observe(shot: Shot, detector_name: str, with_world: bool) -> Observation:
    """Run a detector over a shot, and MediaPipe by itself where its landmarks are asked for."""
    with open_detector(detector_name, "usual" if len(shot.pictures) > 1 else "most") as detector:
        pictures = (
            Frame(number, float(time), picture)
            for number, (time, picture) in enumerate(zip(shot.times, shot.pictures, strict=True))
        )
        found = [people for _, people in detections(detector, pictures)]
    truth = _true_keypoints(shot)
    frames, actors, count, _ = truth.shape
    keypoints = np.zeros((frames, actors, count, 2), np.float32)
    confidence = np.zeros((frames, actors, count), np.float32)
    for frame, people in enumerate(found):
        for actor, person in _assigned(truth[frame], people):
            keypoints[frame, actor] = people[person].keypoints
            confidence[frame, actor] = people[person].confidence
    world = np.full((*keypoints.shape[:-1], 3), np.nan, np.float32)
    if with_world:
        _add_world_landmarks(world, shot, truth)
    return Observation(keypoints, confidence, world)


def _true_keypoints(shot: Shot) -> NDArray[np.float64]:
    """(F, A, K, 2) pixels; NaN where a keypoint has no true point."""
    pixels = project(shot.points[..., list(TRUE_POINTS), :], shot.camera.matrix())
    pixels[..., [number < 0 for number in TRUE_POINTS], :] = np.nan
    return pixels


def _assigned(truth: NDArray[np.float64], people: Sequence[Person]) -> Iterable[tuple[int, int]]:
    """Pairs of actor and detected person who are alike, the most alike first, nobody twice."""
    known = np.isfinite(truth).all(-1)
    actors = [
        Person(np.nan_to_num(own).astype(np.float32), seen.astype(np.float32))
        for own, seen in zip(truth, known, strict=True)
    ]
    alike = np.array([[_likeness(actor, person) for person in people] for actor in actors])
    while alike.size and alike.max() >= _SAME:
        actor, person = np.unravel_index(alike.argmax(), alike.shape)
        yield int(actor), int(person)
        alike[actor], alike[:, person] = 0, 0


def _likeness(actor: Person, person: Person) -> float:
    known = actor.confidence > 0
    return similarity(
        Person(actor.keypoints[known], actor.confidence[known]),
        Person(person.keypoints[known], person.confidence[known]),
    )


def _add_world_landmarks(world: NDArray[np.float32], shot: Shot, truth: NDArray[np.float64]) -> None:
    """Enter those of MediaPipe used as its documentation tells."""
    video = len(shot.pictures) > 1
    options = PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model_bundle("heavy")),
        running_mode=RunningMode.VIDEO if video else RunningMode.IMAGE,
        num_poses=world.shape[1],
    )
    size = np.array([shot.camera.width, shot.camera.height], np.float32)
    with PoseLandmarker.create_from_options(options) as landmarker:
        for frame, (time, picture) in enumerate(zip(shot.times, shot.pictures, strict=True)):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
            found = (
                landmarker.detect_for_video(image, round(time * 1000)) if video else landmarker.detect(image)
            )
            people = [
                Person(
                    np.array([(p.x, p.y) for p in pose], np.float32) * size, np.ones(len(pose), np.float32)
                )
                for pose in found.pose_landmarks
            ]
            for actor, person in _assigned(truth[frame], people):
                world[frame, actor] = [(p.x, p.y, p.z) for p in found.pose_world_landmarks[person]]
