"""One task after the other, in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lifting_core.batch.plan import Task, plan
from lifting_core.batch.records import read_record
from lifting_core.batch.work import Choices, do
from lifting_core.errors import Cancelled
from lifting_core.export import Blender
from lifting_core.motion.motion import Motion
from lifting_core.pipeline import Pipeline
from lifting_core.progress import silent

Frames = list[NDArray[np.uint8]]
MakeClip = Callable[[Path, Frames], Path]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline()


@pytest.fixture
def tasks(tmp_path: Path) -> Callable[[str], list[Task]]:
    """The tasks of a jobs file with one job, in a folder of its own."""

    def planned(job: str) -> list[Task]:
        jobs = tmp_path / "jobs.toml"
        jobs.write_text(f"[[job]]\n{job}\n")
        for name in ("tasks", "pictures"):
            (tmp_path / "jobs_batch" / name).mkdir(parents=True, exist_ok=True)
        return plan(jobs)

    return planned


def test_everybody_gets_files_after_one_detection(
    two_people: Frames,
    make_clip: MakeClip,
    tasks: Callable[[str], list[Task]],
    tmp_path: Path,
    pipeline: Pipeline,
) -> None:
    make_clip(tmp_path / "duo.mp4", two_people)
    (task,) = tasks(
        'input = "duo.mp4"\noutput = ["{person}/{name}.npz", "{name}_{person}.bvh"]\nperson = "all"'
    )
    seen: list[tuple[str, int]] = []
    record = do(task, Choices(), pipeline, lambda stage, done, total: seen.append((stage, done)))
    assert (record.state, record.frames, len(record.people)) == ("done", 8, 2)
    assert [done for stage, done in seen if stage == "detection"] == list(range(9)), "each frame once"
    left, right = (Motion.load(tmp_path / f"{person}" / "duo.npz") for person in (0, 1))
    assert np.nanmean(left.keypoints_2d[..., 0]) < 424 < np.nanmean(right.keypoints_2d[..., 0])
    assert (tmp_path / "duo_1.bvh").read_text().startswith("HIERARCHY")
    assert read_record(task) == record
    for person in record.people:
        assert person.picture is not None
        with Image.open(tmp_path / person.picture) as picture:
            assert picture.width == 960
    assert set(record.seconds) == {"loading", "detection", "lifting", "solving", "writing"}


def test_each_person_gets_a_rig_of_their_own(
    two_people: Frames,
    make_clip: MakeClip,
    tasks: Callable[[str], list[Task]],
    tmp_path: Path,
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Blender is stood in for; that it retargets is checked in test_retargeting.py."""
    calls = []

    def retarget(self: Blender, motion_file: Path, rig: Path, path: Path, options: list[str]) -> None:
        Motion.load(motion_file)
        assert Path(tempfile.gettempdir()) == tmp_path / "jobs_batch" / "work" / task.id
        calls.append((rig.name, path.name, options))
        path.write_text("made")

    monkeypatch.setattr(Blender, "find", lambda executable: Blender(()))
    monkeypatch.setattr(Blender, "retarget", retarget)
    make_clip(tmp_path / "duo.mp4", two_people)
    for name in ("anna.blend", "ben.blend", "map.json"):
        (tmp_path / name).write_text("")
    (task,) = tasks(
        'input = "duo.mp4"\noutput = "{person}.fbx"\nperson = "all"\nrig = ["anna.blend", "ben.blend"]\n'
        'object = "Body"\nmap = "map.json"\nretarget.in_place = true'
    )
    before = tempfile.gettempdir()
    assert do(task, Choices(), pipeline, silent).state == "done"
    options = ["--in-place", "--object=Body", f"--map={tmp_path / 'map.json'}"]
    assert calls == [("anna.blend", "0.fbx", options), ("ben.blend", "1.fbx", options)]
    assert tempfile.gettempdir() == before
    assert not (tmp_path / "jobs_batch" / "work" / task.id).exists()


def test_a_rig_is_animated_by_blender(
    frames: Frames,
    make_clip: MakeClip,
    tasks: Callable[[str], list[Task]],
    tmp_path: Path,
    pipeline: Pipeline,
) -> None:
    pytest.importorskip("bpy", reason="needs the bpy module")
    make_clip(tmp_path / "solo.mp4", frames)
    (made,) = tasks('input = "solo.mp4"\noutput = "armature.blend"')
    assert do(made, Choices(), pipeline, silent).error is None
    (task,) = tasks('input = "solo.mp4"\noutput = "rigged/{name}.glb"\nrig = "armature.blend"')
    record = do(task, Choices(), pipeline, silent)
    assert record.error is None
    assert (tmp_path / "rigged" / "solo.glb").read_bytes().startswith(b"glTF")
    assert [path.name for path in (tmp_path / "rigged").iterdir()] == ["solo.glb"]


def test_files_of_others_are_left_alone_unless_asked(
    frames: Frames,
    make_clip: MakeClip,
    tasks: Callable[[str], list[Task]],
    tmp_path: Path,
    pipeline: Pipeline,
) -> None:
    make_clip(tmp_path / "solo.mp4", frames[:3])
    (task,) = tasks('input = "solo.mp4"\noutput = "solo.npz"')
    (tmp_path / "solo.npz").write_text("precious")
    refused = do(task, Choices(), pipeline, silent)
    assert refused.error is not None
    assert "is not of this batch" in refused.error["message"]
    assert (tmp_path / "solo.npz").read_text() == "precious"
    assert do(task, Choices(again=True), pipeline, silent).state == "done"
    assert do(task, Choices(), pipeline, silent).state == "done", "now it is the batch's own"


def test_a_failure_is_recorded_and_leaves_nothing(
    make_clip: MakeClip, tasks: Callable[[str], list[Task]], tmp_path: Path, pipeline: Pipeline
) -> None:
    (task,) = tasks('input = "missing.mp4"\noutput = "out/a.npz"')
    record = do(task, Choices(), pipeline, silent)
    assert (record.state, record.error) == (
        "failed",
        {
            "kind": "input",
            "message": f"There is no file {tmp_path / 'missing.mp4'}.",
            "advice": "Check the path.",
        },
    )
    assert read_record(task) == record
    assert list((tmp_path / "out").iterdir()) == []


def test_cancelling_passes_through(tasks: Callable[[str], list[Task]], pipeline: Pipeline) -> None:
    (task,) = tasks('input = "a.mp4"\noutput = "a.npz"')

    def cancel(stage: str, done: int, total: int | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        do(task, Choices(), pipeline, cancel)
    assert read_record(task) is None


def test_a_machine_that_does_not_share_the_folder_says_so(
    tasks: Callable[[str], list[Task]], tmp_path: Path, pipeline: Pipeline
) -> None:
    (task,) = tasks('input = "a.mp4"\noutput = "a.npz"')
    (tmp_path / "jobs_batch").rename(tmp_path / "elsewhere")
    record = do(task, Choices(), pipeline, silent)
    assert record.error is not None
    assert "does not see" in record.error["message"]
    assert not (tmp_path / "jobs_batch").exists()
