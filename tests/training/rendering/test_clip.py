"""The demo clip and the truth that ships beside it belong together."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import av
import mediapipe
import numpy as np
import pytest

_CLIP = Path(__file__).parents[2] / "data" / "walk_and_wave.mp4"
_LANDMARKS = {  # MediaPipe's indices
    "left_shoulder": 11,
    "right_shoulder": 12,
    "left_elbow": 13,
    "right_elbow": 14,
    "left_wrist": 15,
    "right_wrist": 16,
    "left_knee": 25,
    "right_knee": 26,
    "left_ankle": 27,
    "right_ankle": 28,
}


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_CLIP.with_suffix(".json").read_text())
    return document | {key: np.array(document[key]) for key in ("K", "R", "t", "joints_world")}


@pytest.fixture(scope="module")
def pixels(truth: dict[str, Any]) -> np.ndarray:
    """(frames, joints, 2)."""
    projected = (truth["joints_world"] @ truth["R"].T + truth["t"]) @ truth["K"].T
    return projected[..., :2] / projected[..., 2:]


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    with av.open(str(_CLIP)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_one_truth_a_frame(truth: dict[str, Any], pictures: list[np.ndarray]) -> None:
    width, height = truth["image_size"]
    assert truth["joints_world"].shape == (len(pictures), len(truth["joint_names"]), 3)
    assert {picture.shape for picture in pictures} == {(height, width, 3)}
    with av.open(str(_CLIP)) as container:
        assert container.streams.video[0].average_rate == truth["fps"]


def test_is_small() -> None:
    assert _CLIP.stat().st_size <= 1_000_000


def test_the_camera_is_a_rotation_and_sees_the_whole_figure(
    truth: dict[str, Any], pixels: np.ndarray
) -> None:
    np.testing.assert_allclose(truth["R"] @ truth["R"].T, np.eye(3), atol=1e-7)
    assert np.linalg.det(truth["R"]) == pytest.approx(1)
    assert (pixels > 20).all()
    assert (pixels < np.array(truth["image_size"]) - 20).all()


def test_bones_keep_their_lengths(truth: dict[str, Any]) -> None:
    names, joints = truth["joint_names"], truth["joints_world"]
    for side in ("left", "right"):
        for chain in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle", "ball")):
            for head, tail in itertools.pairwise(chain):
                bone = joints[:, names.index(f"{side}_{head}")] - joints[:, names.index(f"{side}_{tail}")]
                assert np.ptp(np.linalg.norm(bone, axis=1)) < 3e-4  # rounded to a tenth of a millimetre


def test_a_detector_finds_the_joints_where_the_truth_says(
    truth: dict[str, Any], pixels: np.ndarray, pictures: list[np.ndarray]
) -> None:
    height, width, _ = pictures[0].shape
    joints = [truth["joint_names"].index(name) for name in _LANDMARKS]
    errors = []
    with mediapipe.solutions.pose.Pose(model_complexity=1) as detector:
        for picture, expected in zip(pictures[::3], pixels[::3, joints], strict=True):
            found = detector.process(picture).pose_landmarks
            assert found is not None
            marks = [found.landmark[index] for index in _LANDMARKS.values()]
            errors.append(np.linalg.norm([[m.x * width, m.y * height] for m in marks] - expected, axis=1))
    assert np.median(errors) < 5  # pixels, on a figure 300 pixels tall
    assert np.mean(errors) < 8
