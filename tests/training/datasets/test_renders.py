from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lifting_core.errors import InvalidInput
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import POINTS
from training.datasets.renders import Renders, facing, read_renders, view_names, write_renders


def _renders(count: int, held_out: bool, shot: int = 0) -> Renders:
    random = np.random.default_rng(shot)
    return Renders(
        keypoints=random.random((count, 33, 2)).astype(np.float32),
        confidence=np.ones((count, 33), np.float32),
        world=np.full((count, 33, 3), np.nan, np.float32),
        points=random.random((count, len(POINTS), 3)).astype(np.float32),
        camera_matrix=np.zeros((count, 3, 3), np.float32),
        camera_from_world=np.zeros((count, 4, 4), np.float32),
        image_size=np.zeros((count, 2), np.int32),
        shot=np.full(count, shot, np.int64),
        person=np.zeros(count, np.int32),
        time=np.arange(count, dtype=np.float32),
        sex=np.zeros(count, np.float32),
        age=np.zeros(count, np.float32),
        stature=np.zeros(count, np.float32),
        subject=np.full(count, "somebody"),
        clip=np.full(count, "a longer name"),
        held_out=np.full(count, held_out),
    )


def test_files_keep_everything_and_splits_apart(tmp_path: Path) -> None:
    first, second, unseen = _renders(3, False), _renders(2, False, 100), _renders(4, True, 200)
    for number, scene in enumerate((first, second, unseen)):
        write_renders(tmp_path / f"scene_{number:06}.npz", scene)
    held_out = read_renders(tmp_path, held_out=True)
    for field in dataclasses.fields(Renders):
        np.testing.assert_array_equal(getattr(held_out, field.name), getattr(unseen, field.name))
    training = read_renders(tmp_path, held_out=False)
    assert training.shot.tolist() == [0, 0, 0, 100, 100]
    assert training.joints.shape == (5, len(JOINTS), 3)
    assert set(training.clip) == {"a longer name"}


def test_whoever_has_no_confidence_was_not_found() -> None:
    renders = _renders(3, False)
    renders.confidence[1] = 0
    assert renders.found.tolist() == [True, False, True]


def test_bad_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="held-out"):
        read_renders(tmp_path, held_out=True)
    (tmp_path / "scene_000000.npz").write_bytes(b"PK\\x03\\x04 half of a file")
    with pytest.raises(InvalidInput, match="scene_000000"):
        read_renders(tmp_path, held_out=True)


@pytest.mark.parametrize(("degrees", "name"), [(0, "front"), (75, "side"), (-100, "side"), (170, "behind")])
def test_views(degrees: float, name: str) -> None:
    """Somebody 4 m before the camera, who turns about the vertical."""
    body = np.zeros((1, len(POINTS), 3))
    for side, x in (("left", 0.2), ("right", -0.2)):  # facing the camera, left is on the picture's right
        body[0, POINTS.index(f"{side}_hip")] = [x, 0, 0]
        body[0, POINTS.index(f"{side}_shoulder")] = [x, -0.5, 0]
    body[0, POINTS.index("thorax")] = [0, -0.5, 0]
    turn = np.radians(degrees)
    body = body @ np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    body[..., 2] += 4
    assert facing(body)[0] == pytest.approx(abs(degrees))
    assert view_names(body)[0] == name
