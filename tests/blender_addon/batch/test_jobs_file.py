from __future__ import annotations

from pathlib import Path

import pytest

from blender_addon.batch.jobs_file import FolderJob, write_jobs
from blender_addon.errors import LiftPoseError

pytest.importorskip("scipy", reason="the engine's packages are not in a Blender of another version")

from lifting_core.batch.jobs import Job, read_jobs
from lifting_core.settings import LiftSettings


def test_the_engine_reads_what_the_panel_writes(tmp_path: Path) -> None:
    clips, output = tmp_path / 'a "clip" \\ ä 🕺', tmp_path / "new" / "out"
    job = FolderJob(
        clips=clips,
        output=output,
        suffix=".fbx",
        rig=tmp_path / "hero.blend",
        everybody=False,
        settings={"person": [320, 240], "smoothing": 0.25, "fov": None, "device": "cpu"},
        retarget={"root": "object", "in_place": True, "ik": False, "frame": 3},
    )
    path = write_jobs(job)
    assert [made.name for made in output.iterdir()] == [path.name]
    assert read_jobs(path) == [
        Job(
            inputs=(str(clips),),
            outputs=(str(output / "{name}.fbx"),),
            settings=LiftSettings(person=(320, 240), smoothing=0.25, device="cpu"),
            rigs=(str(tmp_path / "hero.blend"),),
            retarget=("--root=object", "--in-place", "--frame=3"),
        )
    ]


def test_everybody_gets_a_file(tmp_path: Path) -> None:
    (job,) = read_jobs(
        write_jobs(FolderJob(tmp_path, tmp_path, ".npz", None, True, {"person": 1}, {"ik": True}))
    )
    assert job.everybody
    assert job.outputs == (str(tmp_path / "{name}_{person}.npz"),)
    assert job.rigs == job.retarget == ()


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LiftPoseError, match="cannot be written"):
        write_jobs(FolderJob(tmp_path, tmp_path / "file" / "out", ".npz", None, False, {}, {}))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
