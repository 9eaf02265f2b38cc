"""MediaPipe's pose landmarker (BlazePose; Bazarevsky et al. 2020, Grishchenko et al. 2022), offline.

The Tasks API wants a model bundle, which is a download. MediaPipe's wheel carries the two networks of the
"full" bundle as plain TFLite files, and the larger pose network of the "heavy" one lies here, in `models`;
with their input's normalisation added as metadata and zipped without compression, they are those bundles.
"""

from __future__ import annotations

import ctypes
import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

import mediapipe
import numpy as np
from mediapipe.tasks.python.components.containers.landmark import NormalizedLandmark
from mediapipe.tasks.python.core.base_options import BaseOptions
from mediapipe.tasks.python.metadata.metadata_writers.metadata_writer import MetadataWriter
from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions, RunningMode
from numpy.typing import NDArray

from lifting_core.detection.detector import Person
from lifting_core.detection.joint_sets import MEDIAPIPE
from lifting_core.detection.poses import hidden_outside, mediapipe_confidence
from lifting_core.detection.windows import Window
from lifting_core.errors import LiftPoseError
from lifting_core.skeleton import mirrored

KEYPOINT_NAMES = MEDIAPIPE
OTHER_SIDES = [KEYPOINT_NAMES.index(mirrored(name)) for name in KEYPOINT_NAMES]
"""The number of each keypoint's counterpart on the other side of the body."""

PoseModel = Literal["full", "heavy"]
"""MediaPipe's names of its pose networks: "heavy" is more exact, and two to three times as slow."""

MODELS: dict[str, PoseModel] = {"mediapipe": "heavy", "mediapipe-full": "full"}
"""What the detectors of these names look with."""

_FOLDER = Path(__file__).parent / "models"

# Milliseconds between the frames as MediaPipe is told. Its low-pass filter, which lags behind the motion,
# lets everything through when they are so far apart; smoothing without lag is the business of a later stage.
_TIME_STEP = 10**8


@cache
def model_bundle(model: PoseModel) -> bytes:
    """The .task file of that name.

    Raises `LiftPoseError` where MediaPipe's wheel carries no networks (from 0.10.30 on).
    """
    wheel = Path(mediapipe.__file__).parent / "modules"
    landmarks = {
        "full": wheel / "pose_landmark" / "pose_landmark_full.tflite",
        "heavy": _FOLDER / "pose_landmark_heavy.tflite",
    }
    # Mean and standard deviation are those of pixels from 0 to 255.
    networks = (
        ("pose_detector.tflite", wheel / "pose_detection" / "pose_detection.tflite", 127.5, 127.5),
        ("pose_landmarks_detector.tflite", landmarks[model], 0.0, 255.0),
    )
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_STORED) as archive:
        for name, path, mean, deviation in networks:
            archive.writestr(name, _with_normalisation(path, mean, deviation))
    return bundle.getvalue()


def _with_normalisation(network: Path, mean: float, deviation: float) -> bytes:
    """The file, told how its input's pixels are to be standardised."""
    try:
        content = bytearray(network.read_bytes())
    except FileNotFoundError as error:
        raise LiftPoseError(
            f"MediaPipe {mediapipe.__version__} comes without the pose model {network.name}.",
            "Install mediapipe 0.10.21.",
        ) from error
    writer = MetadataWriter.create(content)
    writer.add_image_input([mean], [deviation])
    return bytes(writer.populate()[0])


class Landmarker:
    """One MediaPipe pose landmarker, which looks at a window of a picture.

    In "image" mode it finds up to `people`. In "video" mode it follows one person from call to call as long
    as the window moves along with that person: what it remembers is where in the window the person was.
    """

    def __init__(
        self, mode: Literal["image", "video"], model: PoseModel, people: int = 1, in_mirror: bool = False
    ) -> None:
        """`in_mirror`: look at the mirror image of every picture, in which other things are mistaken."""
        self._video = mode == "video"
        self._in_mirror = in_mirror
        self._time = 0
        self._landmarker = PoseLandmarker.create_from_options(
            PoseLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=model_bundle(model)),
                running_mode=RunningMode.VIDEO if self._video else RunningMode.IMAGE,
                num_poses=people,
            )
        )

    def find(self, image: NDArray[np.uint8], window: Window, hidden: Sequence[Window] = ()) -> list[Person]:
        """The people in a window of the (height, width, 3) RGB picture, in pixels of the picture.

        The `hidden` parts of the picture are painted over first.
        """
        pixels = window.cut(image, hidden)
        if self._in_mirror:
            pixels = np.ascontiguousarray(pixels[:, ::-1])
        part = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=pixels)
        if self._video:
            self._time += _TIME_STEP
            poses = self._landmarker.detect_for_video(part, self._time).pose_landmarks
        else:
            poses = self._landmarker.detect(part).pose_landmarks
        return [self._person(pose, window, (image.shape[1], image.shape[0])) for pose in poses]

    def close(self) -> None:
        self._landmarker.close()
        _trim_memory()

    def _person(
        self, landmarks: list[NormalizedLandmark], window: Window, image_size: tuple[int, int]
    ) -> Person:
        values = np.array([(p.x, p.y, p.visibility, p.presence) for p in landmarks], np.float32)
        if self._in_mirror:
            values = values[OTHER_SIDES]
            values[:, 0] = 1 - values[:, 0]
        size, corner = np.array([[window.width, window.height], [window.left, window.top]], np.float32)
        keypoints = values[:, :2] * size + corner
        confidence = mediapipe_confidence(values[:, 2], values[:, 3])
        return Person(keypoints, hidden_outside(keypoints, confidence, image_size))


def _trim_memory() -> None:
    """Let the system have freed memory back.

    Every landmarker has threads of its own, whose memory the GNU C library keeps for later threads: without
    this a clip in which people come and go takes some 20 MB more with each of them.
    """
    with suppress(AttributeError, OSError, TypeError):  # other C libraries have no such call
        ctypes.CDLL(None).malloc_trim(0)


def with_sides_exchanged(person: Person) -> Person:
    """What is left taken for what is right."""
    return Person(person.keypoints[OTHER_SIDES], person.confidence[OTHER_SIDES])
