from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from training.datasets.bvh import SkeletalMotion, read_bvh

ARM = """HIERARCHY
ROOT Shoulder
{
  OFFSET 1 2 3
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Elbow
  {
    OFFSET 10 0 0
    CHANNELS 3 Yrotation Zrotation Xrotation
    End Site
    {
      OFFSET 5 1 0
    }
  }
}
MOTION
Frames: 3
Frame Time: 0.02
0 0 0  0 0 0  0 0 0
4 5 6  90 0 0  0 0 0
0 0 0  90 90 0  0 90 0
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_an_arm_by_hand(tmp_path: Path) -> None:
    motion = read_bvh(write(tmp_path / "arm.bvh", ARM))
    assert motion.names == ("Shoulder", "Elbow", "Elbow:end")
    assert motion.fps == pytest.approx(50)
    # The root's channels give its place, whatever its offset.
    np.testing.assert_allclose(motion.positions[0], [[0, 0, 0], [10, 0, 0], [15, 1, 0]], atol=1e-12)
    # A quarter turn about z carries x to y and y to -x.
    np.testing.assert_allclose(motion.positions[1], [[4, 5, 6], [4, 15, 6], [3, 20, 6]], atol=1e-12)
    # First about z, then about the x axis that has moved with it; the elbow then about its own z.
    # Upper arm: x -> y. The forearm (5, 1, 0) turns to (-1, 5, 0), then about x to (-1, 0, 5), then about z.
    np.testing.assert_allclose(motion.positions[2], [[0, 0, 0], [0, 10, 0], [0, 9, 5]], atol=1e-12)


def test_points_move_with_their_joint(tmp_path: Path) -> None:
    motion = read_bvh(write(tmp_path / "arm.bvh", ARM))
    np.testing.assert_allclose(motion.point("Elbow", (5, 1, 0)), motion.position("Elbow:end"), atol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HIERARCHY",
        ARM[: ARM.index("MOTION")],
        ARM[:-12],
        ARM.replace("Frames: 3", "Frames: 4"),
        ARM.replace("Frames: 3", "Frames: 1"),
        ARM.replace("Frame Time: 0.02", "Frame Time: 0"),
        ARM.replace("90 90 0", "90 ninety 0"),
        ARM.replace("OFFSET 10 0 0", "OFFSET 10 0"),
        ARM.replace("Frame Time", "Rate"),
    ],
)
def test_files_that_are_not_whole_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not a whole BVH file"):
        read_bvh(write(tmp_path / "broken.bvh", text))


def test_binary_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.bvh"
    path.write_bytes(b"HIERARCHY \xff\xfe")
    with pytest.raises(InvalidInput, match="is not a whole BVH file"):
        read_bvh(path)


_BLENDER = """
import json, sys, bpy
path, out = sys.argv[-2:]
bpy.ops.import_anim.bvh(filepath=path, axis_forward="Y", axis_up="Z", rotate_mode="NATIVE", frame_start=0)
armature = bpy.context.object
frames = []
first, last = map(int, armature.animation_data.action.frame_range)
for frame in range(first, last + 1):
    bpy.context.scene.frame_set(frame)
    frames.append({bone.name: [list(bone.head), list(bone.tail)] for bone in armature.pose.bones})
json.dump(frames, open(out, "w"))
import os
os._exit(0)
"""


def in_blender(path: Path, folder: Path) -> list[dict[str, NDArray[np.float64]]]:
    """Head and tail of every bone in every frame, from Blender's own importer."""
    if find_spec("bpy") is None:
        pytest.skip("the bpy module, whose importer is the reference, is not installed")
    out = folder / "bones.json"
    command = [sys.executable, "-c", _BLENDER, str(path), str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    frames = json.loads(out.read_text(encoding="utf-8"))
    return [{name: np.array(bone) for name, bone in frame.items()} for frame in frames]


def agrees(motion: SkeletalMotion, frames: list[dict[str, NDArray[np.float64]]], tolerance: float) -> None:
    assert len(frames) == len(motion.positions)
    for index, bones in enumerate(frames):
        heads = np.array([bones[name][0] for name in motion.names if name in bones])
        ours = np.array(
            [motion.positions[index, motion.names.index(name)] for name in motion.names if name in bones]
        )
        assert len(heads) > 1
        np.testing.assert_allclose(heads, ours, atol=tolerance)


def test_blender_poses_the_skeleton_alike(cmu_bvh: Callable[[Path, int], None], tmp_path: Path) -> None:
    path = tmp_path / "clip.bvh"
    cmu_bvh(path, 6)
    agrees(read_bvh(path), in_blender(path, tmp_path), tolerance=1e-4)


def test_blender_poses_a_recorded_clip_alike(shared_folder: Path, tmp_path: Path) -> None:
    text = (shared_folder / "mocap" / "cmu_bvh" / "salsa" / "01.bvh").read_text(encoding="utf-8")
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Frames:"))
    chosen = lines[start + 2 : start + 200 : 40]
    short = [*lines[:start], f"Frames: {len(chosen)}", lines[start + 1], *chosen]
    path = write(tmp_path / "clip.bvh", "\n".join(short))
    agrees(read_bvh(path), in_blender(path, tmp_path), tolerance=1e-3)
