"""The operators in background mode, with a real engine process."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import blender_addon
from blender_addon.animation.origin import has_origin, origin_of
from blender_addon.session import session

_ROOT = Path(__file__).resolve().parents[3]
UseEngine = Callable[[str], None]


@pytest.fixture
def settings(scene: bpy.types.Scene, tmp_path: Path) -> Iterator[Any]:
    """The panel's settings, with a clip chosen."""
    blender_addon.register()
    clip = tmp_path / "walk.mp4"
    clip.touch()
    chosen: Any = scene.lift_pose
    chosen.input = str(clip)
    yield chosen
    blender_addon.unregister()


def _script(path: Path, command: str) -> None:
    """A program that takes the place of the engine's Python."""
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)


@pytest.fixture
def use_engine(
    engine_command: Callable[[str], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> UseEngine:
    def use(behaviour: str) -> None:
        _script(tmp_path / "python", f"exec {shlex.join(engine_command(behaviour))}")
        monkeypatch.setenv("LIFT_POSE_PYTHON", str(tmp_path / "python"))

    return use


@pytest.fixture
def photo(tmp_path: Path, settings: Any) -> None:
    """A clip that Blender can show."""
    image = bpy.data.images.new("Picture", 8, 8)
    image.filepath_raw, image.file_format = str(tmp_path / "walk.png"), "PNG"
    image.save()
    bpy.data.images.remove(image)
    settings.input = str(tmp_path / "walk.png")


def _names() -> list[list[str]]:
    return [
        [block.name for block in blocks] for blocks in (bpy.data.objects, bpy.data.actions, bpy.data.images)
    ]


def _motions() -> list[Path]:
    """The Motion files in the add-on's folder."""
    return list((blender_addon.preferences.user_folder() / "motions").iterdir())


@pytest.mark.usefixtures("photo")
def test_button_makes_an_armature(scene: bpy.types.Scene, use_engine: UseEngine) -> None:
    use_engine("succeed")
    assert bpy.ops.lift_pose.lift() == {"FINISHED"}
    assert sorted(scene.objects.keys()) == ["walk", "walk Camera"]
    active = bpy.context.view_layer.objects.active
    assert active.name == "walk"
    assert [selected.name for selected in bpy.context.selected_objects] == ["walk"]
    assert session.job is None
    assert session.outcome is not None
    assert session.outcome.text.startswith("12 poses on walk.")
    assert origin_of(active.animation_data.action).motion in _motions()


@pytest.mark.usefixtures("photo")
def test_active_armature_gets_the_next_motion(
    scene: bpy.types.Scene, settings: Any, use_engine: UseEngine
) -> None:
    use_engine("succeed")
    bpy.ops.lift_pose.lift()
    settings.target = "ACTIVE"
    bpy.ops.lift_pose.lift()
    assert [found.name for found in scene.objects if found.type == "ARMATURE"] == ["walk"]
    assert scene.objects["walk"].animation_data.action.name == "walk.001"


@pytest.mark.usefixtures("photo")
def test_motion_that_no_action_needs_is_not_kept(settings: Any, use_engine: UseEngine) -> None:
    use_engine("succeed")
    bpy.ops.lift_pose.lift()
    kept = sorted(_motions())
    settings.target, settings.destination = "ACTIVE", "APPEND"
    assert bpy.ops.lift_pose.lift() == {"FINISHED"}
    assert sorted(_motions()) == kept
    assert not has_origin(bpy.context.object.animation_data.action)


@pytest.mark.usefixtures("settings")
def test_a_job_that_fails_leaves_no_file(use_engine: UseEngine) -> None:
    blender_addon.preferences.user_folder().joinpath("motions").mkdir(exist_ok=True)
    before = sorted(_motions())
    use_engine("fail")
    with pytest.raises(RuntimeError, match="Film somebody"):
        bpy.ops.lift_pose.lift()
    assert sorted(_motions()) == before


def test_motion_on_a_rig_is_kept_to_solve_its_feet_again(
    settings: Any, use_engine: UseEngine, make_rig: Callable[..., bpy.types.Object]
) -> None:
    settings.target, settings.rig = "RIG", make_rig()
    use_engine("succeed")
    assert bpy.ops.lift_pose.lift() == {"FINISHED"}
    kept = origin_of(settings.rig.animation_data.action).motion
    assert bpy.ops.lift_pose.solve_feet() == {"FINISHED"}
    kept.unlink()
    with pytest.raises(RuntimeError, match=f"{kept.name} of the Action .* is gone"):
        bpy.ops.lift_pose.solve_feet()


def test_armature_of_somebody_else_is_refused(scene: bpy.types.Scene, settings: Any) -> None:
    theirs = bpy.data.objects.new("Theirs", bpy.data.armatures.new("Theirs"))
    scene.collection.objects.link(theirs)
    bpy.context.view_layer.objects.active = theirs
    settings.target = "ACTIVE"
    with pytest.raises(RuntimeError, match="no armature that Lift Pose made"):
        bpy.ops.lift_pose.lift()
    assert session.job is None


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("fail", "Nobody. Film somebody."),
        ("die", "stopped unexpectedly"),
        ("garbage", "is no message"),
        ("newer", "version 2 of the protocol"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_failed_job_changes_nothing(use_engine: UseEngine, behaviour: str, message: str) -> None:
    use_engine(behaviour)
    before = _names()
    with pytest.raises(RuntimeError, match=message):
        bpy.ops.lift_pose.lift()
    assert _names() == before
    assert session.job is None
    assert session.outcome is not None
    assert session.outcome.failed
    assert message in session.outcome.text


@pytest.mark.usefixtures("settings")
def test_engine_that_is_missing_leads_to_the_preferences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFT_POSE_PYTHON", "/no/such/python")
    with pytest.raises(RuntimeError, match="or name its Python, in the add-on's preferences"):
        bpy.ops.lift_pose.lift()


@pytest.mark.usefixtures("settings")
def test_engine_killed_in_the_middle_is_told(use_engine: UseEngine) -> None:
    use_engine("slow")

    def kill() -> None:
        while session.job is None or session.job.stage != "lifting":
            time.sleep(0.01)
        engine = session._engine
        assert engine is not None
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    before = _names()
    with pytest.raises(RuntimeError, match="SIGKILL"):
        bpy.ops.lift_pose.lift()
    killer.join()
    assert _names() == before


@pytest.mark.usefixtures("settings")
def test_cancelled_job_changes_nothing(use_engine: UseEngine) -> None:
    use_engine("slow")

    def cancel() -> None:
        while session.job is None or session.job.stage != "lifting":
            time.sleep(0.01)
        session.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    before = _names()
    assert bpy.ops.lift_pose.lift() == {"CANCELLED"}
    canceller.join()
    assert _names() == before
    assert session.outcome is not None
    assert session.outcome.text == "Cancelled."


@pytest.mark.usefixtures("settings")
def test_clip_that_blender_cannot_show_is_no_failure(use_engine: UseEngine) -> None:
    """The engine may know kinds of media that this Blender does not."""
    use_engine("succeed")
    assert bpy.ops.lift_pose.lift() == {"FINISHED"}


def test_settings_are_sent_in_the_words_of_the_protocol(settings: Any) -> None:
    plain = blender_addon.properties.engine_settings(settings)
    assert plain == {
        "detector": "mediapipe",
        "person": "largest",
        "device": "auto",
        "fov": None,
        "smoothing": 0.5,
        "height": 1.7,
    }
    settings.person, settings.person_point = "POINT", (320, 240)
    settings.use_fov = settings.use_range = True
    settings.start, settings.end, settings.step = 10, 20, 2
    chosen = blender_addon.properties.engine_settings(settings)
    assert chosen["person"] == [320, 240]
    assert (chosen["fov"], chosen["start"], chosen["end"], chosen["step"]) == (60.0, 10, 20, 2)


def test_the_file_of_a_detector_is_sent_if_it_reads_one(settings: Any) -> None:
    settings.detector_weights = "/weights/../hourglass.safetensors"
    for own in ("mediapipe", "mediapipe-full"):
        settings.detector = own
        assert "detector_weights" not in blender_addon.properties.engine_settings(settings)
    settings.detector = "hourglass"
    chosen = blender_addon.properties.engine_settings(settings)
    assert (chosen["detector"], chosen["detector_weights"]) == ("hourglass", "/hourglass.safetensors")


@pytest.mark.usefixtures("settings")
def test_look_tells_what_the_clip_is(use_engine: UseEngine) -> None:
    use_engine("succeed")
    assert bpy.ops.lift_pose.probe() == {"FINISHED"}
    assert session.outcome is not None
    assert session.outcome.text == (
        "Video, 640 x 480, 90 frames at 29.97 frames/s. People in the first frame with any: 0 at (60, 120)."
    )


def test_button_says_why_it_is_grey(settings: Any) -> None:
    settings.input = ""
    with pytest.raises(RuntimeError, match="Choose a photo or a video first"):
        bpy.ops.lift_pose.lift()
    with pytest.raises(RuntimeError, match="Lift Pose is not at work"):
        bpy.ops.lift_pose.cancel()


def test_motion_file_is_built(
    scene: bpy.types.Scene, settings: Any, motion_file: Callable[..., Path]
) -> None:
    assert bpy.ops.lift_pose.build(filepath=str(motion_file(source="other.mp4"))) == {"FINISHED"}
    assert sorted(scene.objects.keys()) == ["other", "other Camera"]
    with pytest.raises(RuntimeError, match="does not exist"):
        bpy.ops.lift_pose.build(filepath="/no/such.npz")


def test_real_engine_is_spoken_to(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text named .mp4 goes the whole way to the engine and comes back as its own words."""
    for package in ("torch", "cv2", "mediapipe", "av"):
        pytest.importorskip(package)
    program = f"PYTHONPATH={shlex.quote(str(_ROOT))} exec {shlex.quote(sys.executable)}"
    _script(tmp_path / "python", f'{program} "$@"')
    monkeypatch.setenv("LIFT_POSE_PYTHON", str(tmp_path / "python"))
    Path(settings.input).write_text("no video")
    before = _names()
    with pytest.raises(RuntimeError, match=r"walk\.mp4"):
        bpy.ops.lift_pose.lift()
    assert session.outcome is not None
    assert session.outcome.failed
    assert "engine stopped" not in session.outcome.text
    assert _names() == before
