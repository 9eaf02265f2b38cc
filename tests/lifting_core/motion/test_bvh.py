from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.motion.bvh import write_bvh
from lifting_core.motion.motion import Motion
from lifting_core.motion.solve import solve
from lifting_core.skeleton import BONE_HEADS, BONE_NAMES, BONE_PARENTS, BONE_TAILS

Array = NDArray[np.float64]

TIME = np.arange(40) / 30
ENDS = [bone for bone in range(len(BONE_NAMES)) if bone not in BONE_PARENTS]

_IMPORT_INTO_BLENDER = """
import json, os, sys
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_anim.bvh(filepath=sys.argv[1])
armature = bpy.context.object
frames = []
for frame in range(1, int(sys.argv[3]) + 1):
    bpy.context.scene.frame_set(frame)
    at = {bone.name: (armature.matrix_world @ bone.head, armature.matrix_world @ bone.tail)
          for bone in armature.pose.bones}
    frames.append({name: [list(head), list(tail)] for name, (head, tail) in at.items()})
with open(sys.argv[2], "w") as file:
    json.dump(frames, file)
os._exit(0)
"""


@pytest.fixture(scope="module")
def motion(film: Callable[..., Any], walk: Callable[..., Any]) -> Motion:
    return solve(film(TIME, walk(TIME).joints, noise=0.02).observation)


def _turn(axis: str, degrees: float) -> Array:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array({
        "X": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "Y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "Z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }[axis])  # fmt: skip


def _read(path: Path) -> tuple[float, list[dict[str, Array]], Array]:
    """The frame time, the joints' positions frame by frame (ends as NAME_end, z up), and the raw numbers."""
    header, numbers = path.read_text().split("MOTION\n")
    lines = [line.split() for line in header.splitlines()]
    joints: list[dict[str, Any]] = []
    open_joints: list[dict[str, Any]] = []
    for words in lines:
        if words[0] in ("ROOT", "JOINT", "End"):
            parent = open_joints[-1] if open_joints else None
            name = f"{parent['name']}_end" if words[0] == "End" and parent else words[1]
            joints.append({"name": name, "parent": parent, "channels": []})
        elif words[0] == "{":
            open_joints.append(joints[-1])
        elif words[0] == "}":
            open_joints.pop()
        elif words[0] == "OFFSET":
            open_joints[-1]["offset"] = np.array(words[1:], float)
        elif words[0] == "CHANNELS":
            open_joints[-1]["channels"] = words[2:]
    count, frame_time, *rows = numbers.splitlines()
    table = np.array([row.split() for row in rows], float)
    assert count == f"Frames: {len(table)}"
    return float(frame_time.split(":")[1]), [_place(joints, row) for row in table], table


def _place(joints: list[dict[str, Any]], row: Array) -> dict[str, Array]:
    values = iter(row)
    for joint in joints:
        offset, turn = joint["offset"].copy(), np.eye(3)
        for channel in joint["channels"]:
            value = next(values)
            if channel.endswith("position"):
                offset["XYZ".index(channel[0])] = value
            else:
                turn = turn @ _turn(channel[0], value)
        parent = joint["parent"]
        joint["turn"] = turn if parent is None else parent["turn"] @ turn
        joint["place"] = offset if parent is None else parent["place"] + parent["turn"] @ offset
    return {joint["name"]: joint["place"][[0, 2, 1]] * [1, -1, 1] for joint in joints}


def _positions(frame: dict[str, Array]) -> Array:
    """(14 + 5, 3): the heads of all bones and the ends of those without children."""
    return np.array([*(frame[name] for name in BONE_NAMES), *(frame[f"{BONE_NAMES[b]}_end"] for b in ENDS)])


def _expected(joints: NDArray[Any]) -> NDArray[Any]:
    return joints[..., [*BONE_HEADS, *(BONE_TAILS[bone] for bone in ENDS)], :]


def test_the_joints_are_where_they_were(motion: Motion, tmp_path: Path) -> None:
    write_bvh(motion, tmp_path / "walk.bvh")
    frame_time, frames, _ = _read(tmp_path / "walk.bvh")
    assert frame_time == pytest.approx(1 / 30, abs=1e-8)
    written = np.array([_positions(frame) for frame in frames])
    np.testing.assert_allclose(written, _expected(motion.joints_world), atol=2e-5)


def test_blenders_own_importer_agrees_within_a_millimetre(motion: Motion, tmp_path: Path) -> None:
    pytest.importorskip("bpy", reason="needs the bpy module")
    write_bvh(motion, tmp_path / "walk.bvh")
    command = [
        sys.executable,
        "-c",
        _IMPORT_INTO_BLENDER,
        str(tmp_path / "walk.bvh"),
        str(tmp_path / "out.json"),
    ]
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path)}
    subprocess.run([*command, str(len(TIME))], check=True, env=environment, timeout=120)
    frames = json.loads((tmp_path / "out.json").read_text())
    read = [
        [*(frame[name][0] for name in BONE_NAMES), *(frame[BONE_NAMES[bone]][1] for bone in ENDS)]
        for frame in frames
    ]
    assert np.abs(np.array(read) - _expected(motion.joints_world)).max() < 1e-3


def test_angles_do_not_jump_when_somebody_spins(motion: Motion, tmp_path: Path) -> None:
    """Three full turns on the spot, leaning: Euler angles run on beyond 360 degrees."""
    turn, lean = np.linspace(0, 6 * np.pi, 40), 0.5
    rotations = np.array(motion.rotations)
    rotations[:, 0] = np.column_stack([
        np.cos(turn / 2) * np.cos(lean), np.cos(turn / 2) * np.sin(lean),
        np.sin(turn / 2) * np.cos(lean), -np.sin(turn / 2) * np.sin(lean),
    ])  # fmt: skip
    write_bvh(dataclasses.replace(motion, rotations=rotations), tmp_path / "spin.bvh")
    _, _, table = _read(tmp_path / "spin.bvh")
    assert np.abs(np.diff(table[:, 3:], axis=0)).max() < 60
    assert np.ptp(table[:, 3:6], axis=0).max() > 900


def test_frames_without_the_person_hold_the_last_pose(motion: Motion, tmp_path: Path) -> None:
    absent = np.zeros(40, bool)
    absent[[0, 1, 20, 21, 22, 39]] = True
    emptied: dict[str, Any] = {
        name: np.where(
            absent.reshape(-1, *[1] * (getattr(motion, name).ndim - 1)), np.nan, getattr(motion, name)
        )
        for name in ("joints_world", "joints_camera", "rotations", "root_translation")
    }
    write_bvh(dataclasses.replace(motion, **emptied), tmp_path / "gaps.bvh")
    _, frames, _ = _read(tmp_path / "gaps.bvh")
    held = np.arange(40)
    held[[0, 1]], held[[20, 21, 22]], held[39] = 2, 19, 38
    written = np.array([_positions(frame) for frame in frames])
    np.testing.assert_allclose(written, _expected(motion.joints_world[held]), atol=2e-5)


def test_variable_frame_rates_are_resampled(
    film: Callable[..., Any], walk: Callable[..., Any], tmp_path: Path
) -> None:
    time = np.cumsum(np.random.default_rng(0).choice([0.02, 0.03, 0.05], 60))
    uneven = solve(dataclasses.replace(film(time, walk(time).joints).observation, fps=50.0))
    write_bvh(uneven, tmp_path / "uneven.bvh")
    frame_time, frames, _ = _read(tmp_path / "uneven.bvh")
    assert frame_time == pytest.approx(0.02)
    at = time[0] + np.arange(len(frames)) * 0.02
    assert at[-1] == pytest.approx(time[-1], abs=0.011)
    written = np.array([_positions(frame) for frame in frames])
    wanted = _expected(uneven.joints_world)
    for point in range(written.shape[1]):
        for axis in range(3):
            straight = np.interp(at, time, wanted[:, point, axis])
            assert np.abs(written[:, point, axis] - straight).max() < 0.02


def test_a_photo_is_one_frame(film: Callable[..., Any], walk: Callable[..., Any], tmp_path: Path) -> None:
    photo = solve(film(np.zeros(1), walk(np.zeros(1)).joints).observation)
    write_bvh(photo, tmp_path / "photo.bvh")
    _, frames, _ = _read(tmp_path / "photo.bvh")
    np.testing.assert_allclose([_positions(frames[0])], _expected(photo.joints_world), atol=2e-5)


def test_errors_leave_nothing_behind(motion: Motion, tmp_path: Path) -> None:
    with pytest.raises(LiftPoseError, match="cannot be written"):
        write_bvh(motion, tmp_path / "no such folder" / "walk.bvh")
    empty = dataclasses.replace(motion, joints_world=np.full_like(motion.joints_world, np.nan))
    with pytest.raises(InvalidInput, match="no frame"):
        write_bvh(empty, tmp_path / "empty.bvh")
    assert list(tmp_path.iterdir()) == []
