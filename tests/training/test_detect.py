from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.detection import open_detector
from lifting_core.errors import InvalidInput
from lifting_core.media.opening import open_media
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.datasets.human36m.detections import read_detections_npz
from training.detect import detect_video, main

_DATA = Path(__file__).parents[1] / "data"
_START, _FRAMES = 90, 6  # of the demo clip, where the figure faces the camera


def write_video(path: Path, blank: tuple[int, ...] = ()) -> Path:
    """A few frames of the demo clip; some of them black."""
    path.parent.mkdir(parents=True, exist_ok=True)
    clip = open_media(_DATA / "walk_and_wave.mp4", _START, _START + _FRAMES - 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = clip.info.width, clip.info.height, "yuv420p"
        for index, frame in enumerate(clip):
            image = np.zeros_like(frame.image) if index in blank else frame.image
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        container.mux(stream.encode())
    return path


def true_pixels() -> dict[str, NDArray[np.float64]]:
    """(T, 2) px by joint."""
    truth = json.loads((_DATA / "walk_and_wave.json").read_text(encoding="utf-8"))
    world = np.array(truth["joints_world"])[_START : _START + _FRAMES]
    seen = world @ np.array(truth["R"]).T + np.ravel(truth["t"])
    pixels = seen @ np.array(truth["K"]).T
    pixels = pixels[..., :2] / pixels[..., 2:]
    return {name: pixels[:, index] for index, name in enumerate(truth["joint_names"])}


def test_the_joints_are_found_where_they_are(tmp_path: Path) -> None:
    joints = detect_video(write_video(tmp_path / "clip.mp4"), open_detector("mediapipe"))
    assert joints.shape == (_FRAMES, 17, 2)
    truth = true_pixels()
    for index, name in enumerate(HUMAN36M_JOINTS):
        if name in ("spine", "head"):  # which MediaPipe does not give
            assert np.isnan(joints[:, index]).all()
        else:
            assert np.linalg.norm(joints[:, index] - truth[name], axis=-1).mean() < 20, name


def test_frames_without_anybody_are_filled_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_video(tmp_path / "clip.mp4", blank=(0, 3))
    joints = detect_video(path, open_detector("mediapipe"))
    assert "nobody found in 2 of 6 frames" in caplog.text
    wrist = joints[:, HUMAN36M_JOINTS.index("left_wrist")]
    assert np.isfinite(wrist).all()
    np.testing.assert_array_equal(wrist[0], wrist[1])
    assert (np.minimum(wrist[2], wrist[4]) <= wrist[3]).all()
    assert (wrist[3] <= np.maximum(wrist[2], wrist[4])).all()


def test_a_video_of_nobody_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", blank=tuple(range(_FRAMES)))
    with pytest.raises(InvalidInput, match="finds nobody in"):
        detect_video(path, open_detector("mediapipe"))


def test_the_command_line_goes_on_where_it_was(tmp_path: Path) -> None:
    videos = tmp_path / "data" / "S1" / "Videos"
    write_video(videos / "WalkingDog 1.55011271.mp4")
    (videos / "_ALL.55011271.mp4").write_bytes(b"other")
    out = tmp_path / "mine.npz"
    # An earlier run has found the joints of one video, which is not looked at again.
    done = np.arange(_FRAMES * 34, dtype=np.float32).reshape(_FRAMES, 17, 2)
    parts = tmp_path / "mine.npz.mediapipe-parts"
    parts.mkdir()
    np.save(parts / "S1-Eating-0-54138969.npy", done)
    (videos / "Eating.54138969.mp4").write_bytes(b"no video")

    assert main(["--data", str(tmp_path / "data"), "--out", str(out)]) == 0
    read = read_detections_npz(out)
    assert set(read) == {("S1", "WalkDog", 1, "55011271"), ("S1", "Eating", 0, "54138969")}
    np.testing.assert_array_equal(read["S1", "Eating", 0, "54138969"], done)
    assert not parts.exists()


def test_bad_requests_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "a.npz")]) == 2
    assert "holds no videos S1/Videos" in caplog.text
    video = tmp_path / "S1" / "Videos" / "Eating.54138969.mp4"
    video.parent.mkdir(parents=True)
    video.write_bytes(b"no video")
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "none" / "a.npz")]) == 2
    assert "does not exist" in caplog.text
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "a.npz")]) == 2
    assert not (tmp_path / "a.npz").exists()
