"""How small people may be, and how fast they are found: `detection_range.py VIDEO`.

The video's main person is scaled to a share of a 1280 x 720 picture's height, walks from side to side before
a blurred background, and is to be found by bare MediaPipe (whole frame, video mode, one person) and by this
project's detector. A find counts when the median distance of its keypoints to those found at full size is
below a tenth of the person's height. Speeds are measured on the video, bare and ours taking turns: by the
clock, and by processor time, which tells more on a busy machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import cv2
import mediapipe
import numpy as np
from mediapipe.tasks.python.core.base_options import BaseOptions
from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions, RunningMode
from numpy.typing import NDArray

from lifting_core.detection import detections, open_detector
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES, model_bundle
from lifting_core.media import Frame, open_media
from lifting_core.tracking import Track, choose, track

Array = NDArray[np.float64]
SHARES = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15)
CANVAS = (1280, 720)
HIPS = [KEYPOINT_NAMES.index("left_hip"), KEYPOINT_NAMES.index("right_hip")]
TURN = 10  # frames in a row that each detector gets when speeds are measured


class Bare:
    """MediaPipe as it comes."""

    def __init__(self) -> None:
        self._landmarker = PoseLandmarker.create_from_options(
            PoseLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=model_bundle("heavy")),
                running_mode=RunningMode.VIDEO,
            )
        )

    def find(self, frames: Sequence[Frame]) -> list[list[Array]]:
        """(33, 2) pixels of the person in each of the frames, if found."""
        return [self._find(frame) for frame in frames]

    def _find(self, frame: Frame) -> list[Array]:
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame.image)
        poses = self._landmarker.detect_for_video(image, round(frame.time * 1000)).pose_landmarks
        size = (frame.image.shape[1], frame.image.shape[0])
        return [np.array([(p.x, p.y) for p in pose], np.float64) * size for pose in poses]


class Ours:
    """This project's detector."""

    def __init__(self) -> None:
        self._detector = open_detector("mediapipe")

    def find(self, frames: Sequence[Frame]) -> list[list[Array]]:
        return [
            [person.keypoints.astype(np.float64) for person in people]
            for _, people in detections(self._detector, frames)
        ]


def main_person(video: str, most: int) -> tuple[list[Frame], Track]:
    """The first frames in which the main person is seen, and the keypoints there."""
    with open_detector("mediapipe") as detector:
        frames = list(islice(open_media(video), most))
        people = ((frame.time, found) for frame, found in detections(detector, frames))
        person = choose(track(people, detector.keypoint_names))
    return [frames[i] for i in person.frames], person


def composed(frames: list[Frame], person: Track, share: float) -> Iterator[tuple[Frame, Array]]:
    """Frames with the person alone at `share` of their height, and the (33, 2) keypoints there."""
    sizes = person.boxes[:, 2:].astype(np.float64)
    scale = share * CANVAS[1] / np.median(sizes[:, 1])
    for i, frame in enumerate(frames):
        hips = person.seen_keypoints[i, HIPS].mean(axis=0)
        low = np.maximum(hips - 0.8 * np.median(sizes.max(axis=1)), 0).astype(int)
        high = (hips + 0.8 * np.median(sizes.max(axis=1))).astype(int)
        cutout = frame.image[low[1] : high[1], low[0] : high[0]]
        small = cv2.resize(cutout, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        blurred = cv2.resize(frame.image, (32, 18), interpolation=cv2.INTER_AREA)
        canvas = np.asarray(cv2.resize(blurred, CANVAS, interpolation=cv2.INTER_CUBIC), np.uint8)
        swing = np.sin(2 * np.pi * i / 150) * (1 - share) * 0.4
        corner = (CANVAS[0] * (0.5 + swing), CANVAS[1] / 2) - (hips - low) * scale
        move = np.column_stack([np.eye(2), corner])
        cv2.warpAffine(small, move, CANVAS, dst=canvas, borderMode=cv2.BORDER_TRANSPARENT)
        yield Frame(i, i / 30, canvas), (person.seen_keypoints[i] - low) * scale + corner


def hit_rate(detector: Bare | Ours, frames: list[Frame], person: Track, share: float) -> float:
    """The share of frames in which somebody with the right keypoints is found."""
    hits = []
    pictures, truths = zip(*composed(frames, person, share), strict=True)
    for i, (poses, truth) in enumerate(zip(detector.find(pictures), truths, strict=True)):
        seen = person.seen_confidence[i] > 0.5
        distances = [np.median(np.linalg.norm(pose - truth, axis=1)[seen]) for pose in poses]
        hits.append(any(distance < 0.1 * share * CANVAS[1] for distance in distances))
    return float(np.mean(hits))


def costs(frames: list[Frame]) -> list[tuple[float, float]]:
    """Seconds, and seconds of all cores together, that a frame costs after the first: bare, and ours."""
    detectors: tuple[Bare, Ours] = (Bare(), Ours())
    for detector in detectors:
        detector.find(frames[:1])
    spent = np.zeros((2, 2))
    for start in range(1, len(frames), TURN):
        for side in (0, 1):
            began = time.perf_counter(), time.process_time()
            detectors[side].find(frames[start : start + TURN])
            spent[side] += np.subtract((time.perf_counter(), time.process_time()), began)
    return [(float(wall), float(cores)) for wall, cores in spent / (len(frames) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    parser.add_argument("--frames", type=int, default=150, help="at most so many of the video (default 150)")
    options = parser.parse_args()
    frames, person = main_person(options.video, options.frames)
    print("person's height / picture's   bare MediaPipe   Lift Pose")
    for share in SHARES:
        rates = [hit_rate(detector, frames, person, share) for detector in (Bare(), Ours())]
        print(f"{share:24.0%} {rates[0]:19.0%} {rates[1]:11.0%}", flush=True)
    bare, ours = costs([Frame(f.index, i / 30, f.image) for i, f in enumerate(frames)])
    print(
        f"bare {1 / bare[0]:.1f} frames/s, Lift Pose {1 / ours[0]:.1f} frames/s:"
        f" ratio {bare[0] / ours[0]:.2f}, by processor time {bare[1] / ours[1]:.2f}"
    )


if __name__ == "__main__":
    main()
