from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from lifting_core.batch.leftovers import clean_up, own_temporary_folder
from lifting_core.batch.plan import Task, plan


@pytest.fixture
def task(tmp_path: Path) -> Task:
    jobs = tmp_path / "jobs.toml"
    jobs.write_text('[[job]]\ninput = "a.mp4"\noutput = "out/{person}/a.npz"\nperson = "all"\n')
    (found,) = plan(jobs)
    return found


def test_what_a_kill_leaves_is_removed_and_nothing_else(task: Task, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "0"
    folder.mkdir(parents=True)
    ours = [f".lift-pose-partial-{task.id}-12.npz", f".lift-pose-7-.lift-pose-partial-{task.id}-12.blend@"]
    others = [".lift-pose-partial-0123456789abcdef-12.npz", "a.npz", f"{task.id}-.npz"]
    for name in ours + others:
        (folder / name).write_text("")
    work = tmp_path / "jobs_batch" / "work" / task.id
    work.mkdir(parents=True)
    (work / "motion.npz").write_text("")
    clean_up(task)
    assert {path.name for path in folder.iterdir()} == {*others}
    assert not work.exists()


def test_temporary_files_go_where_they_are_found(task: Task, tmp_path: Path) -> None:
    before = tempfile.gettempdir(), os.environ.get("TMPDIR")
    with own_temporary_folder(task):
        folder = Path(tempfile.mkdtemp())
        assert folder.parent == tmp_path / "jobs_batch" / "work" / task.id
        assert os.environ["TMPDIR"] == str(folder.parent)
    assert not folder.exists()
    assert (tempfile.gettempdir(), os.environ.get("TMPDIR")) == before
