from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lifting_core.camera.pinhole import project
from lifting_core.errors import Cancelled, InvalidInput
from lifting_core.motion.motion import Motion
from lifting_core.pipeline import Pipeline, lift
from lifting_core.settings import LiftSettings
from lifting_core.skeleton import JOINTS, LIMB_JOINTS

_DATA = Path(__file__).parents[1] / "data"
_CLIP = _DATA / "walk_and_wave.mp4"
_TRUTH = json.loads((_DATA / "walk_and_wave.json").read_text())


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline()


@pytest.fixture(scope="module")
def motion(pipeline: Pipeline) -> Motion:
    width, height = _TRUTH["image_size"]
    fov = 2 * np.degrees(np.arctan(max(width, height) / 2 / _TRUTH["K"][0][0]))
    return pipeline.lift(_CLIP, LiftSettings(fov=float(fov))).motion


def _picture(number: int) -> NDArray[np.uint8]:
    """(480, 848, 3) a frame of the clip."""
    with av.open(str(_CLIP)) as container:
        frame = next(frame for index, frame in enumerate(container.decode(video=0)) if index == number)
    picture: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    return picture


def _limbs_in_camera() -> NDArray[np.float64]:
    """(T, 12, 3) the true limb joints in camera axes."""
    columns = [_TRUTH["joint_names"].index(name) for name in LIMB_JOINTS]
    world = np.array(_TRUTH["joints_world"])[:, columns]
    camera: NDArray[np.float64] = world @ np.array(_TRUTH["R"]).T + np.ravel(_TRUTH["t"])
    return camera


def _limbs_in_picture() -> NDArray[np.float64]:
    """(T, 12, 2) pixels."""
    return project(_limbs_in_camera(), np.array(_TRUTH["K"]))


def test_the_figure_is_lifted_throughout(motion: Motion) -> None:
    assert motion.time == pytest.approx(np.arange(150) / 30, abs=1e-3)
    assert motion.present.all()
    assert motion.source == _CLIP.name
    assert motion.camera_matrix == pytest.approx(np.array(_TRUTH["K"]), abs=1)


def test_the_armature_covers_the_figure(motion: Motion) -> None:
    limbs = [JOINTS.index(name) for name in LIMB_JOINTS]
    seen = project(motion.joints_camera[:, limbs], motion.camera_matrix)
    off = np.linalg.norm(seen - _limbs_in_picture(), axis=-1)
    assert np.median(off) < 10  # pixels; the figure is some 230 tall


def test_the_pose_is_the_figures(motion: Motion) -> None:
    limbs = [JOINTS.index(name) for name in LIMB_JOINTS]
    lifted, true = motion.joints_camera[:, limbs].astype(np.float64), _limbs_in_camera()
    lifted, true = (joints - joints.mean(1, keepdims=True) for joints in (lifted, true))
    scale = (lifted * true).sum() / (lifted**2).sum()
    assert np.linalg.norm(scale * lifted - true, axis=-1).mean() < 0.12  # metres


def test_a_detector_that_confuses_the_sides_does_no_harm(
    pipeline: Pipeline, motion: Motion, tmp_path: Path
) -> None:
    """For a third of a second, while the figure waves at the camera."""
    keypoints = motion.keypoints_2d / motion.image_size
    confidence = np.sqrt(motion.keypoint_confidence)
    names = motion.keypoint_names.tolist()
    others = [names.index(name.replace("left", "#").replace("right", "left").replace("#", "right"))
              for name in names]  # fmt: skip
    motions = []
    for confused in (slice(0), slice(110, 120)):
        keypoints[confused], confidence[confused] = (
            keypoints[confused][:, others],
            confidence[confused][:, others],
        )
        frames = [
            {"landmarks": [[{"x": x, "y": y, "visibility": v} for (x, y), v in zip(k, c, strict=True)]]}
            for k, c in zip(keypoints.tolist(), confidence.tolist(), strict=True)
        ]
        path = tmp_path / "landmarks.json"
        path.write_text(json.dumps(frames))
        settings = LiftSettings(detector="file", detector_weights=path)
        motions.append(pipeline.lift(_CLIP, settings).motion.joints_camera)
    assert not np.allclose(keypoints, motion.keypoints_2d / motion.image_size, atol=0.05)
    np.testing.assert_allclose(motions[1], motions[0], atol=5e-3)


def test_the_way_through_the_room_is_the_figures(motion: Motion) -> None:
    """The distance walked; the scale follows from the true height."""
    hips = [_TRUTH["joint_names"].index(f"{side}_hip") for side in ("left", "right")]
    true = np.array(_TRUTH["joints_world"])[:, hips].mean(1)
    walked = np.linalg.norm(true[90, :2] - true[0, :2])
    found = np.linalg.norm(motion.root_translation[90, :2] - motion.root_translation[0, :2])
    assert found == pytest.approx(walked, rel=0.15)
    assert motion.root_translation[0, :2] == pytest.approx([0, 0], abs=1e-3)


def test_the_same_again_is_the_same(pipeline: Pipeline) -> None:
    first, second = (pipeline.lift(_CLIP, LiftSettings(end=5)).motion for _ in range(2))
    assert np.array_equal(first.rotations, second.rotations)
    assert np.array_equal(first.root_translation, second.root_translation)


def test_a_photo_has_one_frame_and_its_own_focal_length(pipeline: Pipeline, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 50  # FocalLengthIn35mmFilm
    Image.fromarray(_picture(110)).save(tmp_path / "photo.jpg", exif=exif)
    motion = pipeline.lift(tmp_path / "photo.jpg", LiftSettings()).motion
    assert len(motion.time) == 1
    assert motion.present.all()
    assert motion.camera_matrix[0, 0] == pytest.approx(50 * np.hypot(848, 480) / np.hypot(36, 24))
    told = pipeline.lift(tmp_path / "photo.jpg", LiftSettings(fov=90)).motion
    assert told.camera_matrix[0, 0] == pytest.approx(424)


def test_the_lines_of_a_room_tell_how_the_camera_was_held(
    pipeline: Pipeline, tmp_path: Path, film_room: Callable[..., Any]
) -> None:
    room = film_room(5, 20, 35, field_of_view=75, count=250, strays=0)
    picture = room.picture()
    left = int(min(_limbs_in_picture()[110, :, 0])) - 60
    picture[200:680, 500:700] = _picture(110)[:, left : left + 200]
    Image.fromarray(picture).save(tmp_path / "room.png")
    motion = pipeline.lift(tmp_path / "room.png", LiftSettings()).motion
    assert motion.present.all()
    assert motion.camera_matrix == pytest.approx(room.matrix, rel=0.05)
    assert motion.camera_from_world[:3, 2] @ room.up > np.cos(np.radians(3))


def test_a_step_thins_the_frames_and_keeps_their_times(pipeline: Pipeline) -> None:
    motion = pipeline.lift(_CLIP, LiftSettings(start=10, end=30, step=5)).motion
    assert motion.step == 5
    assert motion.time == pytest.approx(np.array([10, 15, 20, 25, 30]) / 30, abs=1e-3)
    assert motion.fps == pytest.approx(6)


def _cancel_in(stage: str, after: int) -> Callable[[str, int, int | None], None]:
    calls = 0

    def progress(reported: str, done: int, total: int | None) -> None:
        nonlocal calls
        calls += reported == stage
        if calls > after:
            raise Cancelled

    return progress


@pytest.mark.parametrize(
    ("stage", "after"), [("loading", 0), ("detection", 3), ("lifting", 0), ("solving", 1)]
)
def test_cancelling_in_any_stage_leaves_nothing_running(pipeline: Pipeline, stage: str, after: int) -> None:
    before = threading.active_count()
    with pytest.raises(Cancelled):
        pipeline.lift(_CLIP, LiftSettings(end=40), _cancel_in(stage, after))
    assert threading.active_count() == before


def test_settings_are_checked_before_the_long_work(pipeline: Pipeline) -> None:
    def no_detection(stage: str, done: int, total: int | None) -> None:
        assert stage == "loading"

    for settings in (
        LiftSettings(start=1000),
        LiftSettings(weights=Path("missing.safetensors")),
        LiftSettings(detector="crystal ball"),
    ):
        with pytest.raises(InvalidInput):
            pipeline.lift(_CLIP, settings, no_detection)


def test_the_function_gives_the_motion_alone() -> None:
    assert len(lift(_CLIP, LiftSettings(end=2)).time) == 3


def test_a_device_is_described(pipeline: Pipeline) -> None:
    description = pipeline.describe("cpu")
    assert description.device == "cpu"
    assert description.name
    assert description.poses_per_second > 100


def test_real_people_are_counted_from_the_left(pipeline: Pipeline, shared_folder: Path) -> None:
    people = pipeline.probe(shared_folder / "media" / "pose2sim" / "cam01.mp4").people
    assert [person.index for person in people] == list(range(len(people)))
    middles = [person.box[0] + person.box[2] / 2 for person in people]
    assert middles == sorted(middles)
    assert len(people) >= 2
