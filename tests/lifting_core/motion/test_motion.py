from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.motion.motion import Motion

FIELDS = [field.name for field in dataclasses.fields(Motion)]


def _motion(frames: int = 3, keypoints: int = 2, seed: int = 0, **changed: Any) -> Motion:
    """Random numbers of the right shapes: 4 joints, 3 bones."""
    random = np.random.default_rng(seed)
    joints, bones = 4, 3
    values: dict[str, Any] = {
        "time": np.cumsum(random.uniform(0.01, 1, frames)),
        "fps": 29.97,
        "source": "a clip.mp4",
        "image_size": [1920, 1080],
        "joint_names": ["pelvis", "hüfte", "knee", "ankle"],
        "joint_parents": [-1, 0, 1, 2],
        "joints_camera": random.normal(size=(frames, joints, 3)),
        "joints_world": random.normal(size=(frames, joints, 3)),
        "joint_confidence": random.uniform(size=(frames, joints)),
        "keypoint_names": [f"point {index}" for index in range(keypoints)],
        "keypoints_2d": random.normal(size=(frames, keypoints, 2)),
        "keypoint_confidence": random.uniform(size=(frames, keypoints)),
        "camera_matrix": np.eye(3),
        "camera_from_world": np.eye(4),
        "bone_names": ["a", "b", "c"],
        "bone_parents": [-1, 0, 1],
        "bone_heads": [0, 1, 2],
        "bone_tails": [1, 2, 3],
        "rest_rotations": random.normal(size=(bones, 4)),
        "rest_joints": random.normal(size=(joints, 3)),
        "rotations": random.normal(size=(frames, bones, 4)),
        "root_translation": random.normal(size=(frames, 3)),
        "contacts": random.uniform(size=(frames, 2)),
    }
    return Motion(**{**values, **changed})


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    frames=st.integers(1, 20),
    keypoints=st.integers(0, 5),
    seed=st.integers(0, 1000),
    source=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
    fps=st.floats(0.01, 1000),
)
def test_what_is_saved_is_loaded(
    frames: int, keypoints: int, seed: int, source: str, fps: float, tmp_path: Path
) -> None:
    motion = _motion(frames, keypoints, seed, source=source, fps=fps)
    motion.save(tmp_path / "motion.npz")
    loaded = Motion.load(tmp_path / "motion.npz")
    for name in FIELDS:
        before, after = getattr(motion, name), getattr(loaded, name)
        np.testing.assert_array_equal(before, after)
        assert np.asarray(before).dtype == np.asarray(after).dtype
    assert [path.name for path in tmp_path.iterdir()] == ["motion.npz"]


def test_the_file_is_plain_arrays_with_a_format_and_version(tmp_path: Path) -> None:
    _motion().save(tmp_path / "motion.npz")
    with np.load(tmp_path / "motion.npz", allow_pickle=False) as file:
        assert str(file["format"]) == "lift-pose-motion"
        assert int(file["version"]) == 1
        assert set(file.files) == {"format", "version", *FIELDS}


@given(name=st.sampled_from([name for name in FIELDS if name not in ("fps", "source", "step")]))
def test_shapes_that_contradict_each_other_are_refused(name: str) -> None:
    array = getattr(_motion(), name)
    with pytest.raises(ValueError, match=f"{name} has {array.ndim + 1} dimensions"):
        _motion(**{name: array[..., None]})
    with pytest.raises(ValueError, match="does not fit"):
        _motion(**{name: array[:-1]})


def test_files_of_earlier_versions_tell_no_step(tmp_path: Path) -> None:
    _motion(step=3).save(tmp_path / "motion.npz")
    with np.load(tmp_path / "motion.npz", allow_pickle=False) as file:
        older = {name: file[name] for name in file.files if name != "step"}
    assert Motion.load(tmp_path / "motion.npz").step == 3
    np.savez(tmp_path / "older.npz", **older)
    assert Motion.load(tmp_path / "older.npz").step == 1


def test_absent_frames() -> None:
    joints = np.zeros((3, 4, 3))
    joints[1] = np.nan
    assert _motion(joints_world=joints).present.tolist() == [True, False, True]


def test_a_motion_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        _motion().rotations[0] = 0


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        Motion.load(tmp_path / "nowhere.npz")
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(InvalidInput, match="damaged"):
        Motion.load(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", numbers=np.zeros(3))
    with pytest.raises(InvalidInput, match="not a Motion file"):
        Motion.load(tmp_path / "other.npz")
    np.savez(tmp_path / "newer.npz", format="lift-pose-motion", version=2)
    with pytest.raises(InvalidInput, match="newer"):
        Motion.load(tmp_path / "newer.npz")
    np.savez(tmp_path / "less.npz", format="lift-pose-motion", version=1, fps=30.0)
    with pytest.raises(InvalidInput, match="lacks time"):
        Motion.load(tmp_path / "less.npz")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(keep=st.floats(0, 0.999), flip=st.integers(0, 10_000))
def test_damaged_files_are_refused_or_read_right(keep: float, flip: int, tmp_path: Path) -> None:
    motion = _motion()
    motion.save(tmp_path / "motion.npz")
    whole = (tmp_path / "motion.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(InvalidInput):
        Motion.load(tmp_path / "cut.npz")
    spoilt = bytearray(whole)
    spoilt[flip % len(whole)] ^= 0xFF
    (tmp_path / "spoilt.npz").write_bytes(spoilt)
    try:
        loaded = Motion.load(tmp_path / "spoilt.npz")
    except InvalidInput:
        return
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(motion, name))


def test_saving_where_it_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(LiftPoseError, match="cannot be written"):
        _motion().save(tmp_path / "no such folder" / "motion.npz")
