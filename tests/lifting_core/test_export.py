from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.export import Blender, write
from lifting_core.motion.motion import Motion
from lifting_core.pipeline import lift
from lifting_core.settings import LiftSettings

_CLIP = Path(__file__).parents[1] / "data" / "walk_and_wave.mp4"


@pytest.fixture(scope="module")
def motion() -> Motion:
    return lift(_CLIP, LiftSettings(end=5))


def _without_bpy(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "bpy" else find_spec(name))


def _executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_motion_file_holds_the_motion(motion: Motion, tmp_path: Path) -> None:
    write(motion, tmp_path / "a.NPZ", _CLIP, None)
    assert np.array_equal(Motion.load(tmp_path / "a.NPZ").rotations, motion.rotations)


def test_a_blend_holds_the_armature_its_action_and_the_clip(motion: Motion, tmp_path: Path) -> None:
    pytest.importorskip("bpy", reason="needs the bpy module")
    clip = Path(shutil.copy(_CLIP, tmp_path / "clip.mp4"))
    target = tmp_path / "out" / "a.blend"
    target.parent.mkdir()
    target.write_text("old")
    write(motion, target, clip, None)
    assert [path.name for path in target.parent.iterdir()] == ["a.blend"], "no backups, no temporary files"
    code = (
        "import bpy, os, sys; bpy.ops.wm.open_mainfile(filepath=sys.argv[1])\n"
        "armature, = [o for o in bpy.data.objects if o.type == 'ARMATURE']\n"
        "first, last = armature.animation_data.action.frame_range; print(last - first)\n"
        "clips = [clip.filepath for clip in (*bpy.data.movieclips, *bpy.data.images)]\n"
        "print(*(os.path.normpath(bpy.path.abspath(clip)) for clip in clips))"
    )
    done = subprocess.run([sys.executable, "-c", code, target], check=True, capture_output=True, text=True)
    assert "5.0\n" in done.stdout
    assert f"{clip}\n" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="POSIX scripts")
def test_a_blender_that_fails_is_told_and_leaves_what_was_there(motion: Motion, tmp_path: Path) -> None:
    fake = _executable(tmp_path / "blender", "echo half > $7; echo 'Error: no such luck' >&2; exit 3")
    target = tmp_path / "a.blend"
    target.write_text("old")
    with pytest.raises(LiftPoseError, match="no such luck"):
        write(motion, target, _CLIP, Blender.find(fake))
    with pytest.raises(LiftPoseError, match=r"wrote no .*a\.blend"):
        write(motion, target, _CLIP, Blender.find(_executable(tmp_path / "idle", "exit 0")))
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.blend", "blender", "idle"]


def test_blender_is_called_with_the_script_of_the_add_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    _without_bpy(monkeypatch)
    fake = _executable(tmp_path / "blender", "exit 0")
    command = Blender.find().command
    assert command[0] == str(fake)
    script = Path(command[command.index("--python") + 1])
    assert script.is_file()
    assert command[-1] == "--"


def test_without_blender_the_advice_is_clear(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    _without_bpy(monkeypatch)
    with pytest.raises(LiftPoseError, match="neither Blender nor the bpy module") as caught:
        Blender.find()
    assert "--blender" in caught.value.advice
    with pytest.raises(InvalidInput, match="cannot be run"):
        Blender.find(tmp_path / "blender")


def test_a_missing_add_on_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> Any:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(LiftPoseError, match="not installed"):
        Blender.find()
