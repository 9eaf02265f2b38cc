from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from training.datasets.mocap import POINTS
from training.datasets.renders import Renders


@pytest.fixture
def renders(standing: NDArray[np.float64]) -> Renders:
    """Four times the same person 3 m away; the detector puts every keypoint 17 px too far right."""
    upright = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    points = (standing[None].repeat(4, 0) @ upright + np.array([0, 0.95, 3.0])).astype(np.float32)
    matrix = np.array([[300.0, 0, 200], [0, 300, 200], [0, 0, 1]], np.float32)
    names = [("neck" if n == "nose" else n.replace("foot_index", "toe")) for n in KEYPOINT_NAMES]
    at = points[:, [POINTS.index(n) if n in POINTS else 0 for n in names]]
    pixels = at[..., :2] / at[..., 2:] * 300 + 200 + [17, 0]
    one = np.ones(4, np.float32)
    return Renders(
        keypoints=pixels.astype(np.float32),
        confidence=np.full((4, len(KEYPOINT_NAMES)), 0.8, np.float32),
        world=np.zeros((4, len(KEYPOINT_NAMES), 3), np.float32),
        points=points,
        camera_matrix=matrix[None].repeat(4, 0),
        camera_from_world=np.eye(4, dtype=np.float32)[None].repeat(4, 0),
        image_size=np.full((4, 2), 400, np.int32),
        shot=np.arange(4),
        person=np.zeros(4, np.int32),
        time=0 * one,
        sex=one,
        age=30 * one,
        stature=1.7 * one,
        subject=np.array(["a"] * 4),
        clip=np.array(["b"] * 4),
        held_out=np.zeros(4, bool),
    )
