"""Rigs that leave Blender as .fbx or .glb come back as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

_ROOT = Path(__file__).resolve().parents[2]
_COMMAND = [sys.executable, "-m", "blender_addon.command"]


def _import(path: Path) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 30
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    else:
        operators: Any = bpy.ops.import_scene
        operators.gltf(filepath=str(path))


def _heads(armature: Any, frame: float) -> dict[str, np.ndarray]:
    bpy.context.scene.frame_set(round(frame))
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return {bone.name: np.array(posed.matrix_world @ bone.head) for bone in posed.pose.bones}


@pytest.mark.parametrize("suffix", [".fbx", ".glb"])
def test_the_motion_comes_back(
    arrays: Callable[..., dict[str, Any]], motion_file: Callable[..., Path], tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / "out" / f"walk{suffix}"
    output.parent.mkdir()
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    subprocess.run([*_COMMAND, motion_file(), output], env=environment, check=True, capture_output=True)
    assert [path.name for path in output.parent.iterdir()] == [output.name]
    _import(output)
    (armature,) = [found for found in bpy.data.objects if found.type == "ARMATURE"]
    first, last = armature.animation_data.action.frame_range
    assert last - first == pytest.approx(11, abs=0.01)
    truth = arrays()
    names = truth["bone_names"].tolist()
    for row in (0, 5, 11):
        heads = _heads(armature, first + row)
        for bone in ("left_forearm", "right_shin", "head"):
            joint = truth["joints_world"][row, truth["bone_heads"][names.index(bone)]]
            assert heads[bone] == pytest.approx(joint, abs=2e-3)
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.mark.parametrize("suffix", [".fbx", ".glb"])
def test_strips_of_the_nla_are_exported_too(
    motion_file: Callable[..., Path], tmp_path: Path, suffix: str
) -> None:
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    rig, output, motion = tmp_path / "rig.blend", tmp_path / f"out{suffix}", motion_file()
    put = ["retarget", motion_file(frames=30), rig, "-o", output, "--destination", "strip"]
    for arguments in ([motion, rig], put):
        subprocess.run([*_COMMAND, *arguments], env=environment, check=True, capture_output=True)
    _import(output)
    (armature,) = [found for found in bpy.data.objects if found.type == "ARMATURE"]
    first, last = armature.animation_data.action.frame_range
    assert last - first == pytest.approx(29, abs=1.01)
    assert np.linalg.norm(_heads(armature, first)["head"] - _heads(armature, last)["head"]) > 0.1
    bpy.ops.wm.read_factory_settings(use_empty=True)
