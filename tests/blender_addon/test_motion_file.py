from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blender_addon.errors import InvalidInput
from blender_addon.motion_file import read_motion
from lifting_core.motion.motion import Motion as EngineMotion


def test_file_of_the_engine_is_read(arrays: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    wanted = arrays(absent=(2,))
    fields = {name: value for name, value in wanted.items() if name not in ("format", "version")}
    EngineMotion(**fields, step=2).save(tmp_path / "motion.npz")
    motion = read_motion(tmp_path / "motion.npz")
    assert (motion.source, motion.fps, motion.image_size) == ("walk.mp4", 30, (1280, 720))
    assert motion.clip_fps == 60
    assert motion.bone_names == tuple(wanted["bone_names"])
    np.testing.assert_array_equal(motion.rotations, wanted["rotations"])
    np.testing.assert_array_equal(motion.root_translation, wanted["root_translation"])
    assert np.flatnonzero(~motion.present).tolist() == [2]


def test_frames_of_the_clip_are_counted_though_not_all_were_lifted(
    arrays: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """Of a clip of 30 frames/s every third one."""
    np.savez(tmp_path / "motion.npz", **(arrays(fps=10.0) | {"step": 3}))
    assert read_motion(tmp_path / "motion.npz").nearest(12).time.tolist() == [0.4]


def _broken(name: str, value: Any) -> Any:
    return pytest.param(name, value, id=f"{name}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        _broken("rotations", np.zeros((12, 18, 3))),
        _broken("root_translation", np.zeros((11, 3))),
        _broken("time", np.zeros(12)),
        _broken("fps", -1.0),
        _broken("step", 0),
        _broken("image_size", np.array([0, 720])),
        _broken("camera_matrix", np.zeros((3, 3))),
        _broken("camera_from_world", np.zeros((4, 4))),
        _broken("bone_parents", np.arange(18)),
        _broken("bone_heads", np.full(18, 99)),
        _broken("bone_names", np.full(18, "pelvis")),
        _broken("rest_joints", np.zeros((28, 3))),
        _broken("rest_rotations", np.zeros((18, 4))),
        _broken("rotations", np.full((12, 18, 4), "x")),
    ],
)
def test_contradictions_are_refused(
    arrays: Callable[..., dict[str, Any]], tmp_path: Path, name: str, value: Any
) -> None:
    np.savez(tmp_path / "motion.npz", **(arrays() | {name: value}))
    with pytest.raises(InvalidInput, match="is damaged"):
        read_motion(tmp_path / "motion.npz")


def test_missing_array_is_named(arrays: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    content = arrays()
    del content["rest_joints"]
    np.savez(tmp_path / "motion.npz", **content)
    with pytest.raises(InvalidInput, match="rest_joints"):
        read_motion(tmp_path / "motion.npz")


def test_newer_format_asks_for_an_update(arrays: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    np.savez(tmp_path / "motion.npz", **(arrays() | {"version": 2}))
    with pytest.raises(InvalidInput, match="newer Lift Pose"):
        read_motion(tmp_path / "motion.npz")


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x93NUMPY\x01\x00"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "motion.npz").write_bytes(content)
    with pytest.raises(InvalidInput, match="not a Motion file"):
        read_motion(tmp_path / "motion.npz")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        read_motion(tmp_path / "motion.npz")


def test_pickles_are_not_opened(arrays: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    np.savez(tmp_path / "motion.npz", **(arrays() | {"source": np.array({"a": 1}, object)}))
    with pytest.raises(InvalidInput, match="damaged"):
        read_motion(tmp_path / "motion.npz")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_anywhere_is_an_invalid_input(motion_file: Callable[..., Path], data: st.DataObject) -> None:
    path = motion_file()
    content = bytearray(path.read_bytes())
    start = data.draw(st.integers(0, len(content) - 1))
    damaged = (
        content[:start] + data.draw(st.binary(max_size=40)) + content[start + data.draw(st.integers(0, 80)) :]
    )
    path.write_bytes(damaged)
    try:
        motion = read_motion(path)
    except InvalidInput:
        return
    assert motion.rotations.shape == (len(motion.time), len(motion.bone_names), 4)
