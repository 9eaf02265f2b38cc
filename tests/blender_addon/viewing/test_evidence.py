from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blender_addon.errors import InvalidInput
from blender_addon.viewing.evidence import Evidence, WeakRange, read_evidence, weak_ranges


def _arrays(frames: int = 30) -> dict[str, Any]:
    random = np.random.default_rng(0)
    joints = random.uniform(-1, 1, (frames, 3, 3)) + np.array([0, 0, 4])
    return {
        "source": "clip.mp4",
        "time": np.arange(frames) / 10,
        "fps": 10.0,
        "image_size": [640, 480],
        "camera_matrix": [[500, 0, 320], [0, 510, 240], [0, 0, 1]],
        "joint_parents": [-1, 0, 1],
        "joints_camera": joints,
        "joint_confidence": np.ones((frames, 3)),
        "keypoint_names": ["nose", "left_hip"],
        "keypoints_2d": random.uniform(0, 480, (frames, 2, 2)),
        "keypoint_confidence": np.ones((frames, 2)),
    }


def _read(tmp_path: Path, arrays: dict[str, Any]) -> Evidence:
    np.savez(tmp_path / "m.npz", **arrays)
    return read_evidence(tmp_path / "m.npz")


def test_joints_are_projected_by_the_pinhole_camera(tmp_path: Path) -> None:
    arrays = _arrays()
    evidence = _read(tmp_path, arrays)
    x, y, z = np.moveaxis(arrays["joints_camera"], -1, 0)
    np.testing.assert_allclose(evidence.joints[..., 0], 500 * x / z + 320)
    np.testing.assert_allclose(evidence.joints[..., 1], 510 * y / z + 240)
    assert evidence.image_size == (640, 480)


def test_joints_behind_the_camera_are_nowhere(tmp_path: Path) -> None:
    arrays = _arrays()
    arrays["joints_camera"][3, 1, 2] = -1
    assert np.isnan(_read(tmp_path, arrays).joints[3, 1]).all()


def test_the_frame_of_a_time(tmp_path: Path) -> None:
    evidence = _read(tmp_path, _arrays())
    assert evidence.index(0.0) == 0
    assert evidence.index(1.04) == 10
    assert evidence.index(1.06) == 11
    assert evidence.index(-0.5) is None
    assert evidence.index(4.0) is None


def test_rate_of_the_clip(tmp_path: Path) -> None:
    assert _read(tmp_path, _arrays()).clip_fps == 10
    assert _read(tmp_path, _arrays() | {"step": 3}).clip_fps == 30


def test_weak_and_lost_stretches_are_told_apart(tmp_path: Path) -> None:
    arrays = _arrays()
    arrays["joints_camera"][5:10] = np.nan
    arrays["joint_confidence"][5:10] = 0
    arrays["joint_confidence"][20:26] = 0.2
    arrays["joint_confidence"][28] = 0.2  # one frame is no stretch
    assert weak_ranges(_read(tmp_path, arrays)) == [
        WeakRange(0.5, 0.9, lost=True),
        WeakRange(2.0, 2.5, lost=False),
    ]


def test_somebody_seen_whole_is_not_weak(tmp_path: Path) -> None:
    """What the engine says of well-lit walks: errors of about 0.1 m, a confidence of a half."""
    arrays = _arrays()
    arrays["joint_confidence"][:] = 0.49
    assert weak_ranges(_read(tmp_path, arrays)) == []


def test_joints_that_are_never_given_make_nothing_weak(tmp_path: Path) -> None:
    arrays = _arrays()
    arrays["joint_confidence"][:, 2] = 0
    assert weak_ranges(_read(tmp_path, arrays)) == []


@pytest.mark.parametrize("missing", ["source", "time", "keypoints_2d"])
def test_what_is_no_motion_file_is_refused(tmp_path: Path, missing: str) -> None:
    arrays = _arrays()
    del arrays[missing]
    with pytest.raises(InvalidInput, match="cannot be shown"):
        _read(tmp_path, arrays)


def test_arrays_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="do not fit"):
        _read(tmp_path, _arrays() | {"time": np.arange(3.0)})
    with pytest.raises(InvalidInput, match="cannot be shown"):
        read_evidence(tmp_path / "none.npz")
