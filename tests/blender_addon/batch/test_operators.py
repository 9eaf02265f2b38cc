"""Batches started in Blender, with the real engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import blender_addon
from blender_addon.batch.properties import chosen_batch, table
from blender_addon.command import main
from blender_addon.session import session

_ROOT = Path(__file__).resolve().parents[3]
_CLIP = _ROOT / "tests" / "data" / "walk_and_wave.mp4"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX scripts")


@pytest.fixture(autouse=True)
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python that finds the engine without the variables that are kept from it."""
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{_ROOT}" exec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("LIFT_POSE_PYTHON", str(script))
    return script


@pytest.fixture
def registered(scene: Any) -> Iterator[Any]:
    blender_addon.register()
    yield scene
    blender_addon.unregister()


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder with a clip that is damaged."""
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "damaged.mp4").write_bytes(_CLIP.read_bytes()[:3000])
    return folder


@pytest.mark.usefixtures("engine_packages")
def test_a_folder_becomes_a_batch(registered: Any, clips: Path, tmp_path: Path) -> None:
    (clips / "walk.mp4").symlink_to(_CLIP)
    settings, output = chosen_batch(bpy.context), tmp_path / "out"
    registered.lift_pose.use_range, registered.lift_pose.end = True, 3
    assert not bpy.ops.lift_pose.batch.poll(), "nothing is chosen yet"
    settings.clips, settings.output, settings.kind = str(clips), str(output), ".npz"
    assert bpy.ops.lift_pose.batch() == {"FINISHED"}
    rows = {clip.name: (clip.state, clip.text) for clip in table(bpy.context).clips}
    assert rows["walk.mp4"][0] == "done"
    assert rows["damaged.mp4"][0] == "failed"
    assert "damaged or incomplete" in rows["damaged.mp4"][1]
    assert (output / "walk.npz").is_file()
    assert session.batch is not None
    assert session.batch.report == output / "lift_pose_batch" / "report.html"
    assert session.batch.report.is_file()


def test_what_the_panel_says_about_rigs_is_passed_on(
    registered: Any, clips: Path, tmp_path: Path, engine: Path
) -> None:
    engine.write_text("#!/bin/sh\nexit 3\n")
    rig = tmp_path / "rig.blend"
    rig.write_text("")
    settings = chosen_batch(bpy.context)
    settings.clips, settings.output, settings.rig = str(clips), str(tmp_path / "out"), str(rig)
    registered.lift_pose.root, registered.lift_pose.in_place = "OBJECT", True
    with pytest.raises(RuntimeError, match="stopped unexpectedly \\(exit code 3\\)"):
        bpy.ops.lift_pose.batch()
    written = (tmp_path / "out" / "lift_pose.toml").read_text()
    assert 'root = "object"' in written
    assert "in_place = true" in written
    assert "ik = false" in written


@pytest.mark.usefixtures("engine_packages")
def test_jobs_that_are_at_fault_are_told(registered: Any, tmp_path: Path) -> None:
    settings = chosen_batch(bpy.context)
    settings.source, settings.jobs = "JOBS", str(tmp_path / "jobs.toml")
    with pytest.raises(RuntimeError, match="does not exist"):
        bpy.ops.lift_pose.batch()
    (tmp_path / "jobs.toml").write_text("")
    with pytest.raises(RuntimeError, match="has no jobs"):
        bpy.ops.lift_pose.batch()


@pytest.mark.usefixtures("engine_packages")
def test_the_command_passes_on_arguments_and_exit_code(
    clips: Path, tmp_path: Path, engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = tmp_path / "jobs.toml"
    jobs.write_text('[[job]]\ninput = "clips"\noutput = "{name}.npz"\n')
    assert main(["batch", str(jobs), "--jobs", "1"]) == 2
    assert (tmp_path / "jobs_batch" / "report.html").is_file()
    monkeypatch.setenv("LIFT_POSE_PYTHON", str(tmp_path / "nothing"))
    assert main(["batch", str(jobs)]) == 1


def test_the_batch_ends_with_blender(clips: Path, tmp_path: Path, engine: Path) -> None:
    """However Blender ends, its child hears of it; here the child only waits for that."""
    engine.write_text('#!/bin/sh\necho started\ncat > /dev/null\necho ended > "$0.ended"\n')
    code = "from blender_addon.command import main; main(['batch', 'jobs.toml'])"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as blender:
        assert blender.stdout is not None
        assert blender.stdout.readline() == b"started\n"
        blender.kill()
        blender.stdout.read()  # until the child ends too, which also holds it open
    assert (tmp_path / "python.ended").read_text() == "ended\n"
