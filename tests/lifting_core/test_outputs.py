from __future__ import annotations

from pathlib import Path

import pytest

from lifting_core.errors import InvalidInput
from lifting_core.outputs import Task, plan


def test_a_file_is_a_file(tmp_path: Path) -> None:
    clip, out = tmp_path / "clip.mp4", str(tmp_path / "out.BVH")
    preview = str(tmp_path / "preview.mp4")
    assert plan([clip], [out], preview, ".npz", False) == [Task(clip, (Path(out),), Path(preview))]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["new", "new/deep/", "there", "there.npz"])
def test_a_folder_gets_files_named_after_their_inputs(tmp_path: Path, folder: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there.npz").mkdir()
    (tmp_path / "frames").mkdir()
    inputs = [tmp_path / "a.mp4", tmp_path / "frames", tmp_path / "shot_%04d.png", tmp_path / "take*.jpg"]
    tasks = plan(inputs, [str(tmp_path) + "/" + folder], None, ".bvh", False)
    assert [task.outputs[0] for task in tasks] == [
        tmp_path / folder / name for name in ("a.bvh", "frames.bvh", "shot.bvh", "take.bvh")
    ]
    assert not (tmp_path / "new").exists(), "planning makes nothing"


def test_a_pattern_is_filled_in(tmp_path: Path) -> None:
    inputs = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    pattern, preview = str(tmp_path / "{name}" / "x_{name}.blend"), str(tmp_path / "{name}.mp4")
    with pytest.raises(InvalidInput, match="over an input"):
        plan(inputs, [pattern], preview, ".npz", True)
    tasks = plan(inputs, [pattern], str(tmp_path / "p_{name}.mp4"), ".npz", False)
    assert [task.files for task in tasks] == [
        (tmp_path / name / f"x_{name}.blend", tmp_path / f"p_{name}.mp4") for name in "ab"
    ]


@pytest.mark.parametrize(
    ("inputs", "outputs", "preview", "complaint"),
    [
        (["a.mp4"], ["a.obj"], None, "kind is unknown"),
        (["a.mp4"], ["a.npz"], "a.avi", "kind is unknown"),
        (["a.mp4", "b.mp4"], ["a.npz"], None, "Several inputs"),
        (["a.mp4", "b.mp4"], ["out"], "p.mp4", "Several inputs"),
        (["a.mp4", "x/a.avi"], ["out"], None, "written twice"),
        (["a.mp4"], ["a.npz", "a.npz"], None, "written twice"),
        (["a.mp4"], ["a.npz"], "a.mp4", "over an input"),
        (["a.mp4"], ["old.npz"], None, "exists already"),
        (["a.mp4"], ["file/a.npz"], None, "cannot be written"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    inputs: list[str],
    outputs: list[str],
    preview: str | None,
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.npz").write_text("old")
    Path("file").write_text("")
    with pytest.raises(InvalidInput, match=complaint) as caught:
        plan([Path(name) for name in inputs], outputs, preview, ".npz", False)
    assert caught.value.advice
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "old.npz"]


def test_overwriting_is_allowed_on_demand(tmp_path: Path) -> None:
    (tmp_path / "old.npz").write_text("old")
    plan([tmp_path / "a.mp4"], [str(tmp_path / "old.npz")], None, ".npz", True)
    assert (tmp_path / "old.npz").read_text() == "old"
