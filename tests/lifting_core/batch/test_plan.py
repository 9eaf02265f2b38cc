from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import lifting_core
from lifting_core.batch.plan import plan
from lifting_core.errors import InvalidInput


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A jobs file beside clips, a rig, a map, and weights; what is in them is not looked at."""
    folder = tmp_path / "night"
    for name in (
        "clips/b.mp4",
        "clips/a.MOV",
        "clips/notes.txt",
        "clips/.a.mp4",
        "stills/2.png",
        "stills/1.png",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "found").mkdir()
    for name in ("rig.blend", "map.json", "weights.safetensors", "boxes.json", "found/1_keypoints.json"):
        (folder / name).write_text(name)
    jobs = folder / "jobs.toml"
    jobs.write_text(_jobs('"clips"', '"out/{name}.blend"'))
    return jobs


def _jobs(inputs: str, outputs: str, more: str = "") -> str:
    return f"[[job]]\ninput = {inputs}\noutput = {outputs}\n{more}\n"


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        ('"clips"', ["a.MOV", "b.mp4"]),
        ('"clips/*.mp4"', ["b.mp4"]),
        ('"**/*.png"', ["1.png", "2.png"]),
        ('["clips/b.mp4", "clips/missing.mp4"]', ["b.mp4", "missing.mp4"]),
        ('"stills"', ["stills"]),
        ('"*l*s"', ["a.MOV", "b.mp4", "stills"]),
        ('"stills/%d.png"', ["%d.png"]),
    ],
)
def test_what_an_input_means(night: Path, inputs: str, names: list[str]) -> None:
    night.write_text(_jobs(inputs, '"out/{folder}/{name}.npz"'))
    tasks = plan(night)
    assert [task.name for task in tasks] == names
    assert [task.input.name for task in tasks] == names
    assert all(task.outputs[0].parents[1] == night.parent / "out" for task in tasks)


def test_a_glob_character_in_a_name_is_a_character(night: Path) -> None:
    (night.parent / "take [1].mp4").write_text("")
    night.write_text(_jobs('"take [1].mp4"', '"{name}.npz"'))
    (task,) = plan(night)
    assert task.input == night.parent / "take [1].mp4"


def test_people_get_files_of_their_own(night: Path) -> None:
    night.write_text(_jobs('"clips/b.mp4"', '["{name}_{person}.npz", "{person}/b.bvh"]', 'person = "all"'))
    (task,) = plan(night)
    assert task.files(2) == (night.parent / "b_2.npz", night.parent / "2" / "b.bvh")


def _prints(jobs: Path) -> list[tuple[str, str]]:
    return [(task.id, task.fingerprint) for task in plan(jobs)]


def test_touching_and_moving_change_nothing(night: Path, tmp_path: Path) -> None:
    before = _prints(night)
    for path in night.parent.rglob("*"):
        os.utime(path, (1, 1))
    assert _prints(night) == before
    shutil.move(night.parent, tmp_path / "elsewhere")
    assert _prints(tmp_path / "elsewhere" / night.name) == before


_RIGGED = 'rig = "rig.blend"\nmap = "map.json"\n[job.settings]\nweights = "weights.safetensors"\n'
_DETECTED = 'detector = "file"\ndetector_weights = "found"\ndetector_boxes = "boxes.json"\n'


@pytest.mark.parametrize(
    "file",
    ["clips/b.mp4", "rig.blend", "map.json", "weights.safetensors", "boxes.json", "found/1_keypoints.json"],
)
def test_what_a_result_depends_on_changes_the_fingerprint(night: Path, file: str) -> None:
    night.write_text(_jobs('"clips"', '"out/{name}.blend"', _RIGGED + _DETECTED))
    before = _prints(night)
    (night.parent / file).write_text("other")
    changed = [(old[0] == new[0], old[1] == new[1]) for old, new in zip(before, _prints(night), strict=True)]
    only_one = file.startswith("clips")
    assert changed == [(True, only_one), (True, False)]


def test_the_model_behind_a_description_changes_the_fingerprint(night: Path) -> None:
    described = 'model = "model.onnx"\noutput = "heatmap"\njoints = "coco-17"\nsize = [192, 256]\n'
    (night.parent / "model.toml").write_text(described)
    settings = '[job.settings]\ndetector = "onnx"\ndetector_weights = "model.toml"\n'
    night.write_text(_jobs('"clips"', '"out/{name}.npz"', settings))
    seen = [_prints(night)]
    for content in ("one", "another"):
        (night.parent / "model.onnx").write_text(content)
        seen.append(_prints(night))
    assert len({tuple(prints) for prints in seen}) == 3


def test_a_picture_of_a_sequence_changes_the_fingerprint(night: Path) -> None:
    for inputs in ('"stills"', '"stills/%d.png"'):
        night.write_text(_jobs(inputs, '"out/{name}.blend"'))
        before = _prints(night)
        (night.parent / "stills" / "2.png").write_text(f"other {inputs}")
        assert _prints(night) != before


def test_choices_and_the_version_change_the_fingerprint_but_not_the_files(
    night: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()
    for more in ("", 'person = "all"', "person = 1", "[job.settings]\nsmoothing = 0.1"):
        night.write_text(_jobs('"clips/b.mp4"', '"out/{name}_{person}.blend"', more))
        seen.update(_prints(night))
    for more in (_RIGGED, 'object = "Hero"\n' + _RIGGED, _RIGGED + "[job.retarget]\nin_place = true"):
        night.write_text(_jobs('"clips/b.mp4"', '"out/{name}_{person}.blend"', more))
        seen.update(_prints(night))
    monkeypatch.setattr(lifting_core, "__version__", "99")
    seen.update(_prints(night))
    assert len(seen) == 8
    assert len({task for task, _ in seen}) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (_jobs('"clips/*.webm"', '"{name}.npz"'), r"Nothing matches .*clips/\*\.webm\."),
        (_jobs('"clips"', '"same.npz"'), r"same\.npz would be written twice"),
        (_jobs('"clips"', '"{name}.npz"') * 2, r"a\.npz would be written twice"),
        (_jobs('"a.mp4"', '"rig.blend"', 'rig = "rig.blend"'), r"rig\.blend would be written twice or over"),
        (_jobs('"a.mp4"', '"{name}.blend"', 'rig = "no.blend"'), r"no\.blend does not exist\."),
        (_jobs('"a.mp4"', '"{name}.npz"', 'settings.weights = "no"'), r"no does not exist\."),
        (_jobs('"a.mp4"', '"{name}.npz"', 'settings.detector_weights = "no"'), r"no does not exist\."),
        (_jobs('"a.mp4"', '"{name}.npz"', 'settings.detector_boxes = "no"'), r"no does not exist\."),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(night: Path, text: str, sentence: str) -> None:
    night.write_text(text)
    with pytest.raises(InvalidInput, match=sentence) as caught:
        plan(night)
    assert caught.value.advice
    assert not (night.parent / "jobs_batch").exists()
