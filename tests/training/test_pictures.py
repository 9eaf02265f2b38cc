"""Human3.6M's pictures and squares, on a take whose videos show a spot where the head is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lifting_core.detection.joint_sets import HUMAN36M_16
from lifting_core.media.frames import Frame
from lifting_core.skeleton import JOINTS
from training import detect, pictures
from training.datasets.human36m.boxes import SIDE, TrueBoxes, projected_joints
from training.datasets.human36m.detections import read_detections_npz
from training.datasets.human36m.names import IMAGE_SIZES
from training.datasets.human36m.writing import Take, write_npz
from training.datasets.mocap import Clip
from training.datasets.mpii import read_people
from training.standin import make_takes

_CAMERA = "55011271"
_HEAD = JOINTS.index("head")


def _write_video(path: Path, places: Iterable[NDArray[np.float64]]) -> None:
    """White spots on black."""
    width, height = IMAGE_SIZES[_CAMERA]
    rows, columns = np.mgrid[:height, :width] + 0.5
    path.parent.mkdir(parents=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=50, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for x, y in places:
            spot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 32)
            image = np.repeat(spot[..., None], 3, 2).round().astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def copy(people: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in with one take of S1 and one of S9; each has one video, a frame longer than its joints."""
    folder = tmp_path_factory.mktemp("human36m")
    takes: dict[str, Take] = {}
    for take in make_takes(people, frames=5):
        takes.setdefault(take.subject, take)
    write_npz(folder, [takes["S1"], takes["S9"]])
    joints = projected_joints(folder)
    for take in (takes["S1"], takes["S9"]):
        seen = joints[take.subject, take.action, take.number, _CAMERA][:, _HEAD]
        _write_video(folder / take.subject / "Videos" / f"{take.name()}.{_CAMERA}.mp4", [*seen, seen[-1]])
    return folder


def _spot(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    values = np.where(image[..., 0] < 60, 0, image[..., 0]).astype(float)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    centre: NDArray[np.float64] = np.array([(columns * values).sum(), (rows * values).sum()]) / values.sum()
    return centre


def test_pictures_show_what_their_joints_say(copy: Path, tmp_path: Path) -> None:
    assert pictures.main(["--data", str(copy), "--out", str(tmp_path), "--every", "2"]) == 0
    for kind, subject in (("train", "S1"), ("valid", "S9")):
        people, _ = read_people(tmp_path / f"{kind}.json", tmp_path / "images", HUMAN36M_16)
        assert len(people) == 3  # frames 0, 2 and 4 of 5
        for person in people:
            assert person.image.name.startswith(subject)
            assert person.region.width == pytest.approx(SIDE, abs=1e-3)
            with Image.open(person.image) as picture:
                found = _spot(np.asarray(picture))
            np.testing.assert_allclose(found, person.joints[HUMAN36M_16.index("head")], atol=0.5)
            middle = (person.joints.min(0) + person.joints.max(0)) / 2
            np.testing.assert_allclose(
                [person.region.x, person.region.y], middle, atol=25
            )  # of 16 joints of 17


def test_squares_follow_the_joints_and_outlast_them(copy: Path) -> None:
    joints = next(iter(projected_joints(copy).values()))
    boxes = TrueBoxes(joints)
    image = np.zeros((8, 8, 3), np.uint8)
    (third,), (last,), (beyond,) = (boxes.boxes(Frame(i, 0.0, image)) for i in (2, 4, 6))
    assert last == beyond != third
    assert (third.width, third.height) == (440, 440)
    assert third.left + 220 == pytest.approx((joints[2, :, 0].min() + joints[2, :, 0].max()) / 2)


class _SpotModel:
    """Finds the head at the spot, and the rest around it."""

    keypoint_names = HUMAN36M_16
    input_size = (220, 220)
    batch_size = 4

    def find(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        found = np.array([_spot(crop) for crop in crops])[:, None].repeat(16, 1)
        found += np.arange(16)[:, None] * (1, 6)
        found -= np.array([1, 6]) * HUMAN36M_16.index("head")
        return found.astype(np.float32), np.ones(found.shape[:2], np.float32)


def test_the_papers_squares_are_looked_at(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detect, "open_keypoints", lambda options: _SpotModel())
    out = tmp_path / "found.npz"
    command = ["--data", str(copy), "--out", str(out), "--detector", "hourglass", "--boxes", "truth"]
    assert detect.main(command) == 0
    truth = projected_joints(copy)
    found = read_detections_npz(out)
    assert {name[0] for name in found} == {"S1", "S9"}
    for name, joints in found.items():
        assert joints.shape == (6, 17, 2)
        np.testing.assert_allclose(joints[:5, _HEAD], truth[name][:, _HEAD], atol=1.0)
        assert np.isnan(joints[:, JOINTS.index("neck")]).all()


def test_bad_requests_are_told(copy: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert pictures.main(["--data", str(tmp_path), "--out", str(tmp_path / "a")]) == 2
    assert "holds no videos" in caplog.text
    command = ["--data", str(copy), "--out", str(tmp_path / "a.npz"), "--boxes", "truth"]
    assert detect.main(command) == 2
    assert "Only the detector hourglass takes true boxes" in caplog.text
    assert detect.main([*command, "--detector", "hourglass"]) == 2
    assert "needs a file" in caplog.text
    assert list(tmp_path.glob("*.npz")) == []
