"""Habits are found again in detections that were made with known ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.skeleton import mirrored
from training.datasets.mocap import POINTS
from training.datasets.renders import Renders
from training.learn_habits import learn
from training.tasks.detections import KEYPOINTS
from training.tasks.filming import Shot
from training.tasks.habits import FRAMES, KEYPOINT_POINTS, MIRRORED, STATURE, Habits, Observing, displaced

_SHOTS = 40
_FOCAL = 500.0
_MIRRORED_POINTS = [POINTS.index(mirrored(name)) for name in POINTS]


def _bodies(shots: int, seed: int = 0) -> np.ndarray:
    """(shots, FRAMES, P, 3) points scattered some metres before the camera, moving little."""
    random = np.random.default_rng(seed)
    points = random.normal(0, 0.35, (shots, 1, len(POINTS), 3)) + np.array([0, 0, 4])
    return points + random.normal(0, 0.01, (shots, FRAMES, len(POINTS), 3))


@pytest.fixture(scope="module")
def offsets() -> torch.Tensor:
    """(K, 3) statures, alike on both sides."""
    drawn = torch.from_numpy(np.random.default_rng(1).normal(0, 0.02, (len(KEYPOINTS), 3))).float()
    drawn = (drawn + drawn[MIRRORED]) / 2
    drawn[KEYPOINTS.index("nose"), 1] = 0
    return drawn


@pytest.fixture(scope="module")
def renders(offsets: torch.Tensor) -> Renders:
    """People of two statures whom the detector sees with these offsets, and no other error."""
    points = _bodies(_SHOTS).reshape(-1, len(POINTS), 3)
    count = len(points)
    stature = np.repeat([1.2, 1.8], count // 2).astype(np.float32)
    bodies = torch.from_numpy(points).float()
    lying = bodies[:, KEYPOINT_POINTS] + torch.from_numpy(stature)[:, None, None] * displaced(bodies, offsets)
    keypoints = np.zeros((count, len(KEYPOINT_NAMES), 2), np.float32)
    columns = [KEYPOINT_NAMES.index(name) for name in KEYPOINTS]
    keypoints[:, columns] = (_FOCAL * lying[..., :2] / lying[..., 2:]).numpy() + np.array([480, 480])
    return Renders(
        keypoints=keypoints,
        confidence=np.full(keypoints.shape[:2], 0.9, np.float32),
        world=np.full((*keypoints.shape[:2], 3), np.nan, np.float32),
        points=points.astype(np.float32),
        camera_matrix=np.tile(
            np.array([[_FOCAL, 0, 480], [0, _FOCAL, 480], [0, 0, 1]], np.float32), (count, 1, 1)
        ),
        camera_from_world=np.tile(np.eye(4, dtype=np.float32), (count, 1, 1)),
        image_size=np.full((count, 2), 960, np.int32),
        shot=np.repeat(np.arange(_SHOTS), FRAMES),
        person=np.zeros(count, np.int32),
        time=np.tile(np.arange(FRAMES) / 15, _SHOTS).astype(np.float32),
        sex=np.zeros(count, np.float32),
        age=np.full(count, 30, np.float32),
        stature=stature,
        subject=np.full(count, "one"),
        clip=np.full(count, "clip"),
        held_out=np.zeros(count, bool),
    )


def test_offsets_are_found_again(renders: Renders, offsets: torch.Tensor) -> None:
    table, summary = learn(renders)
    np.testing.assert_allclose(table["offsets"], offsets, atol=2e-3)
    assert np.abs(table["errors"]).max() < 5e-3
    assert table["errors"].shape == (summary["recordings"], FRAMES, len(KEYPOINTS), 2)
    assert summary["recordings"] > _SHOTS / 2
    np.testing.assert_allclose(table["confidence"], 0.9, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(table["views"], axis=-1), 1, atol=0.05)


def _habits(offsets: torch.Tensor, error: float) -> Habits:
    """One recording: every keypoint is off to the right of the upright body."""
    errors = torch.tensor([error, 0.0]).expand(1, FRAMES, len(KEYPOINTS), 2)
    return Habits(
        offsets, torch.tensor([[0.0, 0.0, 1.0]]), errors, torch.full((1, FRAMES, len(KEYPOINTS)), 0.8)
    )


def _shot(points: np.ndarray) -> Shot:
    count = len(points)
    return Shot(torch.from_numpy(points).float(), torch.full((count, 2), 5.0), torch.ones(count))


def test_what_is_drawn_lies_where_the_habits_say(offsets: torch.Tensor) -> None:
    shot = _shot(_bodies(6, seed=2))
    bodies = shot.points.flatten(0, 1)
    lying = bodies[:, KEYPOINT_POINTS] + STATURE * displaced(bodies, offsets)
    exact, confidence = Observing(torch.Generator().manual_seed(0), _habits(offsets, 0.0))(shot)
    torch.testing.assert_close(
        exact.flatten(0, 1)[..., :2], lying[..., :2] / lying[..., 2:], atol=1e-5, rtol=0
    )
    assert confidence.unique().tolist() == pytest.approx([0.8])
    off, _ = Observing(torch.Generator().manual_seed(0), _habits(offsets, 0.02))(shot)
    moved = (off - exact)[..., :2].norm(dim=-1)
    expected = 0.02 * STATURE / shot.points[:, :, POINTS.index("pelvis"), 2:]
    torch.testing.assert_close(moved, expected.expand_as(moved), atol=1e-5, rtol=1e-4)


def test_mirrored_bodies_have_mirrored_keypoints(offsets: torch.Tensor) -> None:
    points = _bodies(6, seed=3)
    flip = np.array([-1.0, 1.0, 1.0])
    seen = [
        Observing(torch.Generator().manual_seed(0), _habits(offsets, 0.0))(_shot(body))[0]
        for body in (points, points[..., _MIRRORED_POINTS, :] * flip)
    ]
    torch.testing.assert_close(
        seen[1], seen[0][:, :, MIRRORED] * torch.from_numpy(flip).float(), atol=1e-5, rtol=0
    )


def test_nobody_is_sure_of_what_is_outside_the_picture(offsets: torch.Tensor) -> None:
    shot = _shot(_bodies(4, seed=4))
    narrow = Shot(shot.points, torch.full((4, 2), 0.02), shot.focal_error)
    rays, confidence = Observing(torch.Generator().manual_seed(0), _habits(offsets, 0.0))(narrow)
    far = (rays[..., :2].abs() > 0.1).any(-1)
    assert far.any()
    assert not confidence[far].any()
