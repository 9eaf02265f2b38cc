"""On the rendered clip, whose true joints are known; on real video where there is some."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.detection import Person, open_detector
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.media import Frame, open_media
from lifting_core.skeleton import LIMB_JOINTS
from lifting_core.tracking import track

Image = NDArray[np.uint8]
DATA = Path(__file__).parents[2] / "data"
LIMBS = [KEYPOINT_NAMES.index(name) for name in LIMB_JOINTS]
LEGS = [KEYPOINT_NAMES.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "ankle")]
ARMS = [KEYPOINT_NAMES.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("elbow", "wrist")]


@pytest.fixture(scope="module")
def clip() -> list[Image]:
    """Every other of the first 60 pictures of the rendered clip."""
    return [frame.image for frame in islice(open_media(DATA / "walk_and_wave.mp4"), 0, 60, 2)]


@pytest.fixture(scope="module")
def truth() -> NDArray[np.float64]:
    """(T, 12, 2) true pixels of the limb joints in those pictures."""
    data = json.loads((DATA / "walk_and_wave.json").read_text())
    columns = [data["joint_names"].index(name) for name in LIMB_JOINTS]
    points = np.array(data["joints_world"])[0:60:2, columns] @ np.array(data["R"]).T + data["t"]
    pixels: NDArray[np.float64] = points @ np.array(data["K"]).T
    return pixels[..., :2] / pixels[..., 2:]


def detect(images: Iterable[Image]) -> list[list[Person]]:
    with open_detector("mediapipe") as detector:
        return [detector.detect(Frame(i, i / 15, image)) for i, image in enumerate(images)]


def errors(people: list[Person], truth: NDArray[np.float64]) -> list[float]:
    """Median distance to the true limbs, for each person, in heights of the true person."""
    height = np.ptp(truth[:, 1])
    return [float(np.median(np.linalg.norm(p.keypoints[LIMBS] - truth, axis=1)) / height) for p in people]


def on_canvas(image: Image, share: float, x: float, size: tuple[int, int] = (960, 720)) -> tuple[Image, NDArray]:
    """The picture scaled by `share`, at height `x` of a grey canvas's free width; and its affine matrix."""
    small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    canvas = np.full((size[1], size[0], 3), small.reshape(-1, 3).mean(axis=0), np.uint8)
    left, top = round(x * (size[0] - small.shape[1])), (size[1] - small.shape[0]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas, np.array([[share, 0, left], [0, share, top]])
