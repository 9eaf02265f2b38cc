"""Frames a second of the whole pipeline against the bare detector, in one run: `end_to_end.py VIDEO`.

The bare detector is a plain decoding loop around MediaPipe's own landmarker in video mode for one person.
Both have run once before, so loading does not count. The ratio is that of the rounds' medians.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable

import av
import mediapipe
import numpy as np
from mediapipe.tasks.python.core.base_options import BaseOptions
from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions, RunningMode

from lifting_core.detection.mediapipe_model import MODELS, PoseModel, model_bundle
from lifting_core.pipeline import Pipeline
from lifting_core.settings import LiftSettings


def bare_detector(model: PoseModel) -> Callable[[str], int]:
    """A loaded detector, which detects in every frame of a video and returns their number."""
    options = PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model_bundle(model)),
        running_mode=RunningMode.VIDEO,
        num_poses=1,
    )
    landmarker = PoseLandmarker.create_from_options(options)
    videos = itertools.count()

    def detect(video: str) -> int:
        frames, start = 0, next(videos) * 10**8  # milliseconds: its time must not run backwards
        with av.open(video) as container:
            for frame in container.decode(video=0):
                picture = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
                image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
                landmarker.detect_for_video(image, start + round(float(frame.time or 0) * 1000))
                frames += 1
        return frames

    return detect


def frames_per_second(work: Callable[[], int]) -> float:
    """The speed of `work`, which returns its number of frames."""
    began = time.perf_counter()
    return work() / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--detector", choices=list(MODELS), default="mediapipe")
    options = parser.parse_args()
    pipeline, settings = Pipeline(), LiftSettings(detector=options.detector)
    detect = bare_detector(MODELS[options.detector])

    def whole() -> int:
        return len(pipeline.lift(options.video, settings).motion.time)

    def bare() -> int:
        return detect(options.video)

    whole()
    bare()
    speeds = [(frames_per_second(bare), frames_per_second(whole)) for _ in range(options.rounds)]
    detector, pipeline_speed = (statistics.median(each) for each in zip(*speeds, strict=True))
    print(
        json.dumps(
            {
                "bare_detector_fps": round(detector, 1),
                "pipeline_fps": round(pipeline_speed, 1),
                "ratio": round(pipeline_speed / detector, 3),
                "rounds": [[round(speed, 1) for speed in each] for each in speeds],
            }
        )
    )


if __name__ == "__main__":
    main()
