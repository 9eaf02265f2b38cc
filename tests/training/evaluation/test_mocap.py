from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lifting_core.camera.pinhole import camera_matrix, project
from lifting_core.lifting.lifter import Lifter
from training import evaluate
from training.datasets.mocap import POINTS, Clip, scaled_to_stature
from training.datasets.renders import view_names
from training.evaluation.mocap import HEIGHTS, action_of, evaluate_clips, views
from training.tasks.detections import KEYPOINTS, POINTS_OF_KEYPOINTS
from training.tasks.simulated import full_body_model


def test_cameras_stand_where_they_are_said_to(people: list[Clip]) -> None:
    """By the measure that renders are sorted by, and by where people's heads are in the camera's axes."""
    turn = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]])  # whatever way people face
    points = people[0].points.astype(float) @ turn.T
    heights = set()
    for side, height, seen in views(points):
        heights.add(height)
        if height == "level":
            assert set(view_names(seen)) == {side}
        assert np.abs(seen[:, 0] - [0, 0, 4]).max() < 1e-6
        spine = (seen[:, POINTS.index("thorax")] - seen[:, POINTS.index("pelvis")]).mean(0)
        assert spine[1] < 0  # upright
        assert np.degrees(np.arctan2(-spine[2], -spine[1])) == pytest.approx(HEIGHTS[height], abs=15)
        left, right = (seen[:, POINTS.index(f"{name}_hip"), 0].mean() for name in ("left", "right"))
        if side != "side":
            assert (left > right) == (side == "front")
        apart = np.linalg.norm(seen[:, 5] - seen[:, 9], axis=-1)
        np.testing.assert_allclose(apart, np.linalg.norm(points[:, 5] - points[:, 9], axis=-1), atol=1e-6)
    assert heights == set(HEIGHTS)


def test_actions() -> None:
    clip = Clip("m05_incorrect", "subject_06", 25.0, np.zeros((1, len(POINTS), 3), np.float32))
    assert action_of(clip) == "sit to stand"
    assert action_of(dataclasses.replace(clip, name="07_03", subject="cmu/subject_07")) == "cmu/subject_07"


def test_errors_agree_with_a_plain_computation(small_weights: Path, people: list[Clip]) -> None:
    lifter = Lifter(full_body_model(small_weights), torch.device("cpu"))
    report = evaluate_clips(lifter, people[:2])
    assert report.total.poses == 2 * 10 * 12  # five poses a second of two seconds, by twelve cameras
    assert set(report.actions) == {"person0", "person1"}
    points = scaled_to_stature(people[0], 1.70)[::6].astype(float)
    errors = []
    matrix = camera_matrix(1000, 1000, 1000)
    for side, height, seen in views(points):
        if (side, height) == ("behind", "from above"):
            keypoints = project(seen[:, POINTS_OF_KEYPOINTS], matrix)
            lifted = lifter.lift(KEYPOINTS, keypoints, np.ones(keypoints.shape[:2]), matrix).joints
            errors.append(np.linalg.norm(lifted[:, :17] - (seen[:, :17] - seen[:, :1]), axis=-1).mean())
    alone = evaluate_clips(lifter, people[:1])
    assert alone.views["behind, from above"].mpjpe == pytest.approx(1000 * np.mean(errors))
    assert alone.total.aligned < alone.total.mpjpe
    for view in ("front", "behind"):
        parts = [alone.views[f"{view}, {height}"].mpjpe for height in HEIGHTS]
        assert alone.views[view].mpjpe == pytest.approx(np.mean(parts))


def test_the_command_writes_what_it_prints(
    small_weights: Path,
    cmu_bvh: Callable[[Path, int], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for number in range(4):
        cmu_bvh(tmp_path / "mocap" / f"subject{number}" / "walk.bvh", 20)
    file = tmp_path / "table.json"
    arguments = [str(small_weights), "--data", str(tmp_path / "mocap"), "--device", "cpu"]
    assert evaluate.main([*arguments, "--json", str(file)]) == 0
    found = json.loads(file.read_text())
    assert found["subjects"] == ["subject3"]
    printed = capsys.readouterr().out
    assert f"{found['views']['side, from below']['mpjpe']:.1f}" in printed
    assert evaluate.main([str(small_weights), *arguments]) == 2
    assert "one file" in caplog.messages[-1]
