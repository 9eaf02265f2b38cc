from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.skeleton import HUMAN36M_JOINTS
from training.datasets.human36m.calibration import published_calibration
from training.datasets.human36m.loading import load_human36m
from training.datasets.human36m.names import (
    ACTIONS,
    CAMERAS,
    IMAGE_SIZES,
    MOVING_JOINTS,
    SUBJECTS,
    TEST_SUBJECTS,
)
from training.datasets.human36m.writing import Take
from training.datasets.mocap import POINTS, Clip
from training.standin import main, make_takes


def test_every_subject_does_every_action_twice(takes: list[Take]) -> None:
    names = [(take.subject, take.action, take.number) for take in takes]
    assert len(names) == len(set(names)) == 7 * 15 * 2
    for subject in SUBJECTS:
        assert [take.action for take in takes if take.subject == subject] == [
            a for a in ACTIONS for _ in "12"
        ]


def test_the_same_seed_gives_the_same_takes(people: list[Clip], takes: list[Take]) -> None:
    for ours, theirs in zip(make_takes(people, 3), takes, strict=True):
        np.testing.assert_array_equal(ours.positions, theirs.positions)
        for kind in ours.detections:
            for camera, keypoints in ours.detections[kind].items():
                np.testing.assert_array_equal(keypoints, theirs.detections[kind][camera])
    other = next(make_takes(people, 3, seed=1))
    assert not np.array_equal(other.positions, takes[0].positions)


def test_everybody_stands_on_the_floor_in_every_picture(people: list[Clip]) -> None:
    for take in list(make_takes(people, 90))[::10]:
        metres = take.positions[:, MOVING_JOINTS] / 1000
        assert take.positions[..., 2].min() == pytest.approx(0, abs=1e-3)
        for name in CAMERAS:
            camera = published_calibration()[take.subject, name]
            pixels = camera.project(camera.from_world(metres))
            assert (pixels > 0).all()
            assert (pixels < IMAGE_SIZES[name]).all()


def test_motion_keeps_its_speed_and_size(people: list[Clip]) -> None:
    """At 50 frames a second, whatever the clip's rate."""
    points = people[0].points[:1].repeat(40, 0)
    wrist = HUMAN36M_JOINTS.index("left_wrist")
    points[:, wrist, 2] += np.arange(40) / 30  # rises by a metre a second
    take = next(make_takes([Clip("rise", "anna", 30.0, points)], 20))
    joints = take.positions[:, MOVING_JOINTS] / 1000
    np.testing.assert_allclose(np.diff(joints[:, wrist, 2]) * 50, 1.0, atol=1e-3)
    assert thigh(joints) == pytest.approx(thigh(points), abs=1e-4)


def thigh(points: NDArray[np.float32]) -> float:
    """Mean length."""
    knee, hip = HUMAN36M_JOINTS.index("left_knee"), HUMAN36M_JOINTS.index("left_hip")
    return float(np.linalg.norm(points[:, knee] - points[:, hip], axis=-1).mean())


def test_joints_beyond_the_17_are_filled(takes: list[Take]) -> None:
    positions = takes[0].positions
    assert positions.shape[1:] == (32, 3)
    for copy, joint in ((11, 0), (16, 13), (24, 13), (20, 19), (28, 27)):
        np.testing.assert_array_equal(positions[:, copy], positions[:, joint])
    assert (
        np.linalg.norm(positions[:, 4] - positions[:, 3], axis=-1) > 100
    ).all()  # the toes of the right foot
    assert (np.linalg.norm(positions[:, 9] - positions[:, 8], axis=-1) > 100).all()


def test_people_tested_on_are_not_trained_on(people: list[Clip], caplog: pytest.LogCaptureFixture) -> None:
    standing = people[0].points[:1]
    sizes = [round(0.80 + 0.05 * number, 3) for number in range(9)]
    clips = [Clip("still", f"person{size}", 30.0, np.float32(size) * standing) for size in sizes]
    seen: dict[bool, set[float]] = {True: set(), False: set()}
    for take in make_takes(clips, 1):
        size = thigh(take.positions[:, MOVING_JOINTS] / 1000) / thigh(standing)
        seen[take.subject in TEST_SUBJECTS].add(round(size, 3))
    assert len(seen[True]) >= 2
    assert seen[True] | seen[False] == set(sizes)
    assert not seen[True] & seen[False]
    assert not caplog.messages


def test_a_single_person_is_told(people: list[Clip], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert len(list(make_takes(people[:1], 1))) == 210
    assert "both trained and tested on" in caplog.text


def test_short_clips_give_short_takes(people: list[Clip]) -> None:
    short = [Clip(clip.name, clip.subject, clip.fps, clip.points[:4]) for clip in people]
    # Three intervals of 1/30 s hold five of 1/50 s.
    assert {len(take.positions) for take in make_takes(short, 100)} == {6}
    single = [Clip(clip.name, clip.subject, clip.fps, clip.points[:1]) for clip in people]
    assert {len(take.positions) for take in make_takes(single, 100)} == {1}
    assert len(POINTS) == single[0].points.shape[1]


@pytest.mark.parametrize("layout", ["cdf", "h5", "npz"])
def test_the_command_line(layout: str, cmu_bvh: Callable[[Path, int], None], tmp_path: Path) -> None:
    for subject in ("anna", "bert", "cleo", "dora"):
        cmu_bvh(tmp_path / "mocap" / subject / "clip.bvh", 8)
    out = tmp_path / "out"
    assert main([str(tmp_path / "mocap"), str(out), "--layout", layout, "--frames", "2"]) == 0
    sequences = load_human36m(out)
    assert len(sequences) == 840
    assert {len(sequence.joints) for sequence in sequences} == {2}
    # What stands there is not written over.
    assert main([str(tmp_path / "mocap"), str(out), "--layout", layout]) == 2


def test_bad_requests_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    command = [str(tmp_path / "empty"), str(tmp_path / "out"), "--layout", "npz"]
    assert main([*command, "--frames", "0"]) == 2
    assert "--frames must be 1 or more" in caplog.text
    assert main(command) == 2
    assert "holds no motion capture" in caplog.text
    assert main([str(tmp_path / "empty"), str(tmp_path / "file"), "--layout", "npz"]) == 2
    assert "cannot be made" in caplog.text
