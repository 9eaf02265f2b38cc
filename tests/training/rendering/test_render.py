"""The command training.render, on a figure made of a few faces, and on the real one where it is at hand."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("bpy", reason="scenes are filmed with bpy, which this Python does not have")

from lifting_core.errors import InvalidInput
from lifting_core.skeleton import JOINTS
from training import render
from training.datasets.renders import read_renders
from training.render import main
from training.rendering import scenes, viewpoints
from training.rendering.dressing import Clothes
from training.rendering.people import PersonDescription
from training.rendering.scenes import CLIPS, Programme
from training.rendering.viewpoints import TRIPOD


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short videos of one person in tiny pictures."""
    glimpses = Programme(videos=1, photos=2, frames=2, second_person=0.0, viewpoints=TRIPOD)
    monkeypatch.setattr(render, "GLIMPSES", glimpses)
    monkeypatch.setattr(render, "CLIPS", dataclasses.replace(CLIPS, frames=3))
    monkeypatch.setattr(viewpoints, "SIZES", ((128, 128),))


@pytest.fixture
def mocap(cmu_bvh: Callable[[Path, int], None], tmp_path: Path) -> Path:
    for number in range(5):
        cmu_bvh(tmp_path / "mocap" / f"subject{number}" / "walk.bvh", 20)
    return tmp_path / "mocap"


@pytest.mark.usefixtures("small")
def test_scenes_become_data_and_runs_go_on(
    figure_data: Path, mocap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = PersonDescription(0.3, 41.0, {}, Clothes())
    monkeypatch.setattr(scenes, "draw_person", lambda _: person)
    monkeypatch.setattr(render, "_HELD_OUT_EVERY", 2)
    out = tmp_path / "renders"
    arguments = ["--motion", str(mocap), "--figure", str(figure_data), "--out", str(out)]
    assert main([*arguments, "--scenes", "1"]) == 0
    first = (out / "scene_000000.npz").stat().st_mtime_ns
    assert main([*arguments, "--scenes", "2"]) == 0
    assert (out / "scene_000000.npz").stat().st_mtime_ns == first
    assert len(list(out.glob("scene_*.npz"))) == 2
    training, held_out = (read_renders(out, held_out) for held_out in (False, True))
    assert len(training) == len(held_out) == 2 + 1 + 1  # a video and two photos
    assert set(held_out.subject) == {"subject3"}
    assert "subject3" not in set(training.subject)
    assert set(training.age) == {41.0}
    np.testing.assert_allclose(training.sex, 0.3)
    np.testing.assert_allclose(training.stature, 1.75, atol=1e-3)  # the figure's crown
    # World and camera agree on where the floor is: nobody is far above it or below.
    joints = np.concatenate([training.joints, np.ones((*training.joints.shape[:2], 1))], -1)
    world = (joints @ np.linalg.inv(training.camera_from_world).transpose(0, 2, 1))[..., 2]
    assert np.abs(world[:, JOINTS.index("left_toe")]).max() < 0.6
    assert (world[:, JOINTS.index("head")] > 1.2).all()
    picture = cv2.imread(str(next(out.glob("*.jpg"))))
    assert picture.shape[0] == 128


@pytest.mark.usefixtures("small")
def test_clips_are_all_held_out(
    figure_data: Path, mocap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenes, "draw_person", lambda _: PersonDescription(0.3, 41.0, {}, Clothes()))
    out = tmp_path / "clips"
    arguments = ["--motion", str(mocap), "--figure", str(figure_data), "--out", str(out), "--scenes", "2"]
    observe, by = render.observe, []
    monkeypatch.setattr(
        render, "observe", lambda shot, name, **options: by.append(name) or observe(shot, name, **options)
    )
    assert main([*arguments, "--clips", "--detector", "mediapipe-full"]) == 0
    assert by == ["mediapipe-full"] * 2
    clips = read_renders(out, held_out=True)
    assert len(clips) == 2 * 3
    assert set(clips.subject) == {"subject3"}
    with pytest.raises(InvalidInput):
        read_renders(out, held_out=False)


def test_a_figure_that_is_not_there_is_refused(
    mocap: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = ["--motion", str(mocap), "--figure", str(tmp_path / "none"), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--scenes", "1"]) == 2
    assert "lacks" in caplog.messages[-1]
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.usefixtures("small")
def test_the_real_figure_is_found_by_the_detector(
    mocap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = os.environ.get("LIFT_POSE_FIGURE")
    if figure is None:
        pytest.skip("LIFT_POSE_FIGURE does not name the folder mpfb2 of MakeHuman's data")
    monkeypatch.setattr(viewpoints, "SIZES", ((256, 256),))
    out = tmp_path / "renders"
    assert main(["--motion", str(mocap), "--figure", figure, "--out", str(out), "--scenes", "1"]) == 0
    renders = read_renders(out, held_out=False)
    assert renders.found.any()
    assert (renders.stature > 0.8).all()
    assert (renders.stature < 2.2).all()
