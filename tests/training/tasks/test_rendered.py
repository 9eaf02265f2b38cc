from __future__ import annotations

import numpy as np
import pytest
import torch

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.lifting.camera import project
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import POINTS
from training.datasets.renders import Renders
from training.tasks.detections import KEYPOINTS
from training.tasks.habits import FRAMES, KEYPOINT_POINTS, STATURE
from training.tasks.rendered import RenderedDetections

_SHOTS = 5


@pytest.fixture(scope="module")
def renders() -> Renders:
    """Perfect detections in videos of scattered points; in the last one somebody is lost for a moment."""
    random = np.random.default_rng(0)
    count = _SHOTS * FRAMES
    points = random.normal(0, 0.3, (count, len(POINTS), 3)) + np.array([0, 0, 4])
    matrix = np.array([[400.0, 0, 240], [0, 400, 180], [0, 0, 1]])
    keypoints = np.zeros((count, len(KEYPOINT_NAMES), 2), np.float32)
    columns = [KEYPOINT_NAMES.index(name) for name in KEYPOINTS]
    keypoints[:, columns] = project(points[:, KEYPOINT_POINTS], matrix)
    confidence = np.ones(keypoints.shape[:2], np.float32)
    confidence[-3] = 0
    return Renders(
        keypoints=keypoints,
        confidence=confidence,
        world=np.full((*keypoints.shape[:2], 3), np.nan, np.float32),
        points=points.astype(np.float32),
        camera_matrix=np.tile(matrix.astype(np.float32), (count, 1, 1)),
        camera_from_world=np.tile(np.eye(4, dtype=np.float32), (count, 1, 1)),
        image_size=np.tile(np.array([480, 360], np.int32), (count, 1)),
        shot=np.repeat(np.arange(_SHOTS), FRAMES),
        person=np.zeros(count, np.int32),
        time=np.tile(np.arange(FRAMES) / 15, _SHOTS).astype(np.float32),
        sex=np.zeros(count, np.float32),
        age=np.zeros(count, np.float32),
        stature=np.full(count, 1.4, np.float32),
        subject=np.full(count, "one"),
        clip=np.full(count, "clip"),
        held_out=np.zeros(count, bool),
    )


def test_stretches_are_whole_videos_in_which_nobody_is_lost(renders: Renders) -> None:
    drawn = RenderedDetections(renders, torch.Generator().manual_seed(0))
    assert len(drawn) == _SHOTS * FRAMES - 1
    seen, confidence, points = drawn.stretches(50)
    assert seen.shape[:2] == confidence.shape[:2] == points.shape[:2] == (50, FRAMES)
    depths = renders.points[:, 0, 2].reshape(_SHOTS, FRAMES) * STATURE / 1.4
    for stretch in points[..., 0, 2].numpy():
        assert (np.abs(depths[:-1] - stretch).max(1) < 1e-5).sum() == 1


def test_rays_point_at_the_points_whether_mirrored_or_not(renders: Renders) -> None:
    seen, _, points = RenderedDetections(renders, torch.Generator().manual_seed(0)).stretches(20)
    xy = points[..., KEYPOINT_POINTS, :2] / points[..., KEYPOINT_POINTS, 2:]
    zoom = (seen[..., :2] * xy).sum((1, 2, 3)) / xy.square().sum((1, 2, 3))
    torch.testing.assert_close(seen[..., :2], zoom[:, None, None, None] * xy, atol=2e-5, rtol=0)
    assert zoom.std() > 0.05


def test_joints_are_those_of_bodies_of_one_stature(renders: Renders) -> None:
    features, joints = RenderedDetections(renders, torch.Generator().manual_seed(3)).sample(16)
    assert features.shape == (16, 3 * len(KEYPOINTS) + 1)
    assert joints.shape == (16, len(JOINTS) - 1, 3)
    middle = [JOINTS.index(name) for name in ("spine", "thorax", "neck", "head", "skull")]
    reach = renders.points[:, middle] - renders.points[:, :1]
    lengths = np.linalg.norm(reach, axis=-1) * STATURE / 1.4
    for drawn in joints[:, [joint - 1 for joint in middle]].norm(dim=-1).numpy():
        assert (np.abs(lengths - drawn).max(1) < 1e-5).sum() == 1
