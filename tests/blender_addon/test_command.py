"""The command as the engine starts it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

_ROOT = Path(__file__).resolve().parents[2]
_AS_MODULE = ["-m", "blender_addon.command"]
_AS_SCRIPT = [str(_ROOT / "blender_addon" / "command.py"), "--"]


def _run(*arguments: object, way: list[str] = _AS_MODULE) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    command = [sys.executable, *way, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("way", [_AS_MODULE, _AS_SCRIPT], ids=["module", "script"])
def test_blend_holds_an_animated_armature_each(
    motion_file: Callable[..., Path], tmp_path: Path, way: list[str]
) -> None:
    output = tmp_path / "out.blend"
    done = _run(motion_file(), motion_file(source="run.mp4", fps=60.0), output, way=way)
    assert done.returncode == 0, done.stderr
    bpy.ops.wm.open_mainfile(filepath=str(output))
    scene = bpy.context.scene
    assert sorted(scene.objects.keys()) == ["run", "run Camera", "walk", "walk Camera"]
    assert scene.camera.name == "walk Camera"
    assert (scene.render.fps, scene.render.resolution_x) == (30, 1280)
    assert scene.objects["run"].animation_data.action.name == "run"
    assert list(tmp_path.glob(".*")) == []
    bpy.ops.wm.read_factory_settings(use_empty=True)


def test_clip_is_found_from_the_saved_file(motion_file: Callable[..., Path], tmp_path: Path) -> None:
    clip, output = tmp_path / "media" / "walk.png", tmp_path / "made" / "out.blend"
    clip.parent.mkdir()
    output.parent.mkdir()
    image = bpy.data.images.new("Picture", 8, 8)
    image.filepath_raw, image.file_format = str(clip), "PNG"
    image.save()
    done = _run(motion_file(), output, "--media", clip)
    assert done.returncode == 0, done.stderr
    bpy.ops.wm.open_mainfile(filepath=str(output))
    shown = bpy.context.scene.camera.data.background_images[0].image
    assert Path(bpy.path.abspath(shown.filepath)).resolve() == clip
    bpy.ops.wm.read_factory_settings(use_empty=True)


def test_existing_file_is_replaced_whole(motion_file: Callable[..., Path], tmp_path: Path) -> None:
    output = tmp_path / "out.blend"
    output.write_text("old")
    assert _run(motion_file(), output).returncode == 0
    assert output.stat().st_size > 10_000
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix.startswith(".blend")) == [
        "out.blend"
    ]


def _is_refused(done: subprocess.CompletedProcess[str], code: int, sentence: str) -> bool:
    last = done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    return done.returncode == code and sentence in last


def test_bad_input_is_told_in_a_sentence(motion_file: Callable[..., Path], tmp_path: Path) -> None:
    output, broken = tmp_path / "out.blend", tmp_path / "broken.npz"
    broken.write_bytes(b"PK")
    assert _is_refused(_run(broken, output), 2, "broken.npz is not a Motion file.")
    assert _is_refused(_run(motion_file(), tmp_path / "out.obj"), 2, "does not end in .blend, .fbx or .glb.")
    assert _is_refused(_run(motion_file(), output, "--media", "no.mp4"), 2, "no.mp4 does not exist.")
    assert _is_refused(_run(motion_file()), 2, "the following arguments are required")
    assert not output.exists()


def test_folder_that_is_not_there_is_a_failure(motion_file: Callable[..., Path], tmp_path: Path) -> None:
    assert _is_refused(_run(motion_file(), tmp_path / "no" / "out.blend"), 1, "cannot be written")
