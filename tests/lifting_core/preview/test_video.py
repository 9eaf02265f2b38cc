from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.camera.pinhole import camera_matrix, project
from lifting_core.errors import Cancelled, LiftPoseError
from lifting_core.media.frames import Frame, MediaInfo
from lifting_core.motion.motion import Motion
from lifting_core.preview.drawing import LEFT, RIGHT, shown_bones
from lifting_core.preview.video import write_preview
from lifting_core.skeleton import (
    BONE_HEADS,
    BONE_NAMES,
    BONE_PARENTS,
    BONE_TAILS,
    BONES,
    JOINT_PARENTS,
    JOINTS,
)

_WIDTH, _HEIGHT = 639, 361
_GREY = 128


def _standing(sidestep: float = 0.0) -> NDArray[np.float64]:
    """(28, 3) world axes: facing -y, so the left is at +x."""
    heights = {"ankle": 0.1, "knee": 0.5, "hip": 0.9, "shoulder": 1.4, "elbow": 1.4, "wrist": 1.4}
    heights |= {"heel": 0.05, "toe": 0.02, "hand": 1.4, "index": 1.4, "ear": 1.6}
    sides = {"ankle": 0.1, "knee": 0.1, "hip": 0.1, "shoulder": 0.2, "elbow": 0.45, "wrist": 0.7}
    sides |= {"heel": 0.1, "toe": 0.1, "hand": 0.8, "index": 0.8, "ear": 0.07}
    middle = {"pelvis": 0.9, "spine": 1.1, "thorax": 1.4, "neck": 1.5, "head": 1.7, "skull": 1.6}
    joints = []
    for name in JOINTS:
        side, _, joint = name.partition("_")
        sign = {"left": 1.0, "right": -1.0}.get(side, 0.0)
        joints.append([sign * sides.get(joint, 0.0) + sidestep, 0.0, middle.get(name) or heights[joint]])
    return np.array(joints)


def _motion(times: list[float], fps: float = 30.0, absent: int | None = None) -> Motion:
    """Steps to the left, and nobody in frame `absent`."""
    world = np.stack([_standing(0.1 * index) for index in range(len(times))])
    camera_from_world = np.eye(4)
    camera_from_world[:3] = [[1, 0, 0, 0], [0, 0, -1, 1.0], [0, 1, 0, 4.0]]
    camera = world @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    matrix = camera_matrix(600.0, _WIDTH, _HEIGHT)
    frames = len(times)
    here = (np.arange(frames) != absent).astype(np.float32)
    nowhere = np.where(here, 0, np.nan)[:, None, None]
    return Motion(
        time=np.array(times),
        fps=fps,
        source="clip.mp4",
        image_size=np.array([_WIDTH, _HEIGHT], np.int32),
        joint_names=np.array(JOINTS),
        joint_parents=np.array(JOINT_PARENTS, np.int32),
        joints_camera=(camera + nowhere).astype(np.float32),
        joints_world=(world + nowhere).astype(np.float32),
        joint_confidence=np.repeat(here[:, None], len(JOINTS), axis=1),
        keypoint_names=np.array(["left_wrist"]),
        keypoints_2d=project(camera[:, [JOINTS.index("left_wrist")]], matrix).astype(np.float32),
        keypoint_confidence=here[:, None],
        camera_matrix=matrix,
        camera_from_world=camera_from_world,
        bone_names=np.array(BONE_NAMES),
        bone_parents=np.array(BONE_PARENTS, np.int32),
        bone_heads=np.array(BONE_HEADS, np.int32),
        bone_tails=np.array(BONE_TAILS, np.int32),
        rest_rotations=np.tile(np.array([1, 0, 0, 0], np.float32), (len(BONES), 1)),
        rest_joints=_standing().astype(np.float32),
        rotations=(np.tile([1.0, 0, 0, 0], (frames, len(BONES), 1)) + nowhere).astype(np.float32),
        root_translation=(world + nowhere)[:, 0].astype(np.float32),
        contacts=np.ones((frames, 2), np.float32),
    )


class _Grey:
    """A clip of nothing but grey."""

    def __init__(self, times: list[float]) -> None:
        self._times = times
        self.info = MediaInfo("video", "clip.mp4", _WIDTH, _HEIGHT, 30.0, len(times), None, None)

    def __iter__(self) -> Iterator[Frame]:
        for index, time in enumerate(self._times):
            yield Frame(index, time, np.full((_HEIGHT, _WIDTH, 3), _GREY, np.uint8))


def _decoded(path: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        return [
            (float(frame.time or 0), cast("NDArray[np.uint8]", frame.to_ndarray(format="rgb24")))
            for frame in container.decode(stream)
        ]


def _distance(colour: NDArray[np.uint8], other: tuple[int, int, int]) -> float:
    return float(np.linalg.norm(colour.astype(float) - other))


def test_frames_keep_their_times(tmp_path: Path) -> None:
    times = [2.0, 2.05, 2.2, 2.21, 3.0]
    write_preview(_motion(times), _Grey(times), tmp_path / "p.mp4")
    assert [time for time, _ in _decoded(tmp_path / "p.mp4")] == pytest.approx(
        [time - 2.0 for time in times], abs=1e-4
    )


def test_the_skeleton_lies_where_the_camera_sees_it(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.2]
    motion = _motion(times)
    write_preview(motion, _Grey(times), tmp_path / "p.mp4")
    pictures = [picture for _, picture in _decoded(tmp_path / "p.mp4")]
    for row, picture in enumerate(pictures):
        for side, colour in (("left", LEFT), ("right", RIGHT)):
            shin = motion.joints_camera[row][[JOINTS.index(f"{side}_{joint}") for joint in ("knee", "ankle")]]
            x, y = project(shin.mean(0), motion.camera_matrix).astype(int)
            assert _distance(picture[y, x], colour) < 60
            assert _distance(picture[y, x + 12], (_GREY,) * 3) < 20
    height, width = pictures[0].shape[:2]
    assert height % 2 == width % 2 == 0
    assert width > _WIDTH + 300, "the turning view stands beside the picture"
    assert (pictures[0][:, 660:] != pictures[-1][:, 660:]).any(), "it turns"


def test_a_frame_without_the_person_shows_none(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.2]
    write_preview(_motion(times, absent=1), _Grey(times), tmp_path / "p.mp4")
    before, gap, after = (picture for _, picture in _decoded(tmp_path / "p.mp4"))

    def colourful(picture: NDArray[np.uint8]) -> int:
        return int((np.ptp(picture.astype(int), axis=-1) > 80).sum())

    assert colourful(gap) == 0
    assert min(colourful(before), colourful(after)) > 1000


def test_hands_that_were_never_seen_are_not_drawn() -> None:
    motion = _motion([0.0, 0.1])
    confidence = motion.joint_confidence.copy()
    for name in ("skull", "left_ear", "left_hand", "left_index"):
        confidence[:, JOINTS.index(name)] = 0
    drawn = {
        JOINTS[joint] for joint, _ in shown_bones(dataclasses.replace(motion, joint_confidence=confidence))
    }
    assert drawn.isdisjoint({"left_ear", "left_hand", "left_index", "pelvis"})
    assert {"skull", "neck", "head", "right_ear", "right_hand", "left_wrist"} <= drawn, "it leads to the nose"


@pytest.mark.parametrize("fps", [24.0, 0.03, 240.0])
def test_a_single_frame_becomes_some_seconds(tmp_path: Path, fps: float) -> None:
    write_preview(_motion([0.0], fps), _Grey([0.0]), tmp_path / "p.mp4")
    frames = _decoded(tmp_path / "p.mp4")
    assert len(frames) == 6 * 24
    assert frames[-1][0] == pytest.approx(6 - 1 / 24, abs=1e-3)


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    times = [0.0, 0.1]
    said: list[tuple[str, int, int | None]] = []
    write_preview(_motion(times), _Grey(times), tmp_path / "p.mp4", lambda *step: said.append(step))
    assert said == [("preview", 0, 2), ("preview", 1, 2), ("preview", 2, 2)]


def _cancel_at(step: int) -> Callable[[str, int, int | None], None]:
    def progress(stage: str, done: int, total: int | None) -> None:
        if done == step:
            raise Cancelled

    return progress


def test_cancelling_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "p.mp4"
    target.write_text("old")
    times = [0.0, 0.1, 0.2]
    with pytest.raises(Cancelled):
        write_preview(_motion(times), _Grey(times), target, _cancel_at(2))
    assert [path.name for path in tmp_path.iterdir()] == ["p.mp4"]
    assert target.read_text() == "old"


def test_an_unwritable_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(LiftPoseError, match="cannot be written"):
        write_preview(_motion([0.0]), _Grey([0.0]), tmp_path / "missing" / "p.mp4")


@pytest.mark.parametrize("size", [(3, 7681), (4321, 7681), (50, 30), (1, 1)])
def test_pictures_of_any_size_become_videos_of_sizes_that_play(tmp_path: Path, size: tuple[int, int]) -> None:
    media = [Frame(0, 0.0, np.zeros((*size, 3), np.uint8)), Frame(1, 0.1, np.zeros((*size, 3), np.uint8))]
    write_preview(_motion([0.0, 0.1]), media, tmp_path / "p.mp4")
    height, width = _decoded(tmp_path / "p.mp4")[0][1].shape[:2]
    assert height % 2 == width % 2 == 0
    assert max(height, width) <= 2560
