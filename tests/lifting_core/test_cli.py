"""The command line as its users run it: files in, files and exit codes out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from lifting_core.cli import main
from lifting_core.detection.mediapipe_model import model_bundle
from lifting_core.lifting.weights import DEFAULT_WEIGHTS
from lifting_core.motion.motion import Motion

_CLIP = Path(__file__).parents[1] / "data" / "walk_and_wave.mp4"
_COMMAND = [sys.executable, "-m", "lifting_core.cli"]


@dataclass(frozen=True)
class Outcome:
    code: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The one sentence on what is wrong, and its advice."""
        (line,) = [line for line in self.stderr.splitlines() if line.startswith("lift-pose: error: ")]
        return line.removeprefix("lift-pose: error: ")


@pytest.fixture
def lift_pose(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run(*arguments: object) -> Outcome:
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


LiftPose = Callable[..., Outcome]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _frame(path: Path, size: tuple[int, int] | None = None) -> Path:
    """The clip's frame 110, in which the figure waves, as a picture."""
    with av.open(str(_CLIP)) as container:
        frame = next(frame for index, frame in enumerate(container.decode(video=0)) if index == 110)
    image = Image.fromarray(frame.to_ndarray(format="rgb24"))
    (image.resize(size) if size else image).save(path)
    return path


def test_help_is_quick() -> None:
    began = time.monotonic()
    done = subprocess.run([*_COMMAND, "--help"], check=True, capture_output=True, text=True)
    assert time.monotonic() - began < 2, "torch and mediapipe are not needed to give help"
    assert "Exit codes" in done.stdout


def test_every_kind_of_file_in_one_go(lift_pose: LiftPose, tmp_path: Path) -> None:
    outputs = [tmp_path / name for name in ("walk.npz", "walk.bvh")]
    preview = tmp_path / "walk.mp4"
    options = ["--end", "9", "--step", "3", "--fov", "50", "--height", "1.8", "--device", "cpu"]
    outcome = lift_pose(_CLIP, "-o", outputs[0], "-o", outputs[1], "--preview", preview, *options)
    assert outcome.code == 0
    assert outcome.stdout == ""
    assert "4 frames" in outcome.stderr
    assert _names(tmp_path) == ["walk.bvh", "walk.mp4", "walk.npz"]
    motion = Motion.load(outputs[0])
    assert motion.time == pytest.approx(np.arange(4) / 10, abs=1e-3)
    assert motion.camera_matrix[0, 0] == pytest.approx(424 / np.tan(np.radians(25)))
    assert outputs[1].read_text().startswith("HIERARCHY")
    with av.open(str(preview)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 4


def test_height_sets_the_scale(lift_pose: LiftPose, tmp_path: Path) -> None:
    for name, height in (("small", "0.85"), ("tall", "1.7")):
        lift_pose(_CLIP, "-o", tmp_path / f"{name}.npz", "--end", "4", "--height", height)
    small, tall = (Motion.load(tmp_path / f"{name}.npz") for name in ("small", "tall"))
    # Alike, not equal: the search for the best body ends where it gains little more.
    assert small.rest_joints * 2 == pytest.approx(tall.rest_joints, abs=4e-3)
    assert small.joints_camera * 2 == pytest.approx(tall.joints_camera, abs=0.02)


def test_json_is_for_machines(lift_pose: LiftPose, tmp_path: Path) -> None:
    outcome = lift_pose(_CLIP, tmp_path / "no.mp4", "-o", tmp_path / "out", "--end", 4, "--json")
    good, bad = map(json.loads, outcome.stdout.splitlines())
    assert good["input"] == str(_CLIP)
    assert good["outputs"] == [str(tmp_path / "out" / "walk_and_wave.npz")]
    assert (good["frames"], good["person"], good["people"]) == (5, 0, 1)
    assert good["device"]
    assert bad["input"] == str(tmp_path / "no.mp4")
    assert bad["error"]["kind"] == "input"
    assert bad["error"]["message"]
    assert bad["error"]["advice"]
    assert outcome.code == 2


def test_one_bad_input_does_not_stop_the_rest(lift_pose: LiftPose, tmp_path: Path) -> None:
    pattern = tmp_path / "out" / "{name}.bvh"
    outcome = lift_pose(tmp_path / "missing.mp4", _frame(tmp_path / "photo.png"), "-o", pattern)
    assert outcome.code == 2
    assert "missing.mp4" in outcome.error
    assert _names(tmp_path / "out") == ["photo.bvh"]


def _nothing(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("This is not a video, it only bears the name of one.\n" * 50)


def _truncated(path: Path) -> None:
    path.write_bytes(_CLIP.read_bytes()[:2000])


def _no_frames(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", 30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"


def _nobody(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", 30)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((240, 320, 3), 90, np.uint8))))
        container.mux(stream.encode(None))


def _one_pixel(path: Path) -> None:
    Image.new("RGB", (1, 1)).save(path, format="png")


@pytest.mark.parametrize(
    "make", [None, _nothing, _text, _truncated, _no_frames, _nobody, _one_pixel], ids=lambda make: str(make)
)
def test_bad_inputs_get_one_sentence_and_leave_nothing(
    lift_pose: LiftPose, tmp_path: Path, make: Callable[[Path], None] | None
) -> None:
    clip, out = tmp_path / "clip.mp4", tmp_path / "out"
    if make is not None:
        make(clip)
    out.mkdir()
    (out / "clip.npz").write_text("old")
    outcome = lift_pose(clip, "-o", out, "--preview", out / "clip.mp4", "--overwrite")
    assert outcome.code == 2
    assert outcome.error.count(". ") >= 1, "a sentence on what is wrong, one on what to do"
    assert "Traceback" not in outcome.stderr
    assert outcome.stdout == ""
    assert _names(out) == ["clip.npz"]
    assert (out / "clip.npz").read_text() == "old"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--start", "150"], "150"),
        (["--start", "10", "--end", "5"], "before its start"),
        (["--end", "1000"], "1000"),
        (["--step", "0"], "step"),
        (["--person", "7"], "7"),
        (["--person", "5,5"], "near"),
        (["--device", "abacus"], "device"),
        (["--detector", "crystal ball"], "detector"),
        (["--fov", "200"], "fov"),
        (["--smoothing", "2"], "smoothing"),
        (["--height", "170"], "height"),
        (["--weights", "missing.safetensors"], "missing.safetensors"),
        (["--blender", "/no/blender", "-o", "a.blend"], "/no/blender"),
    ],
)
def test_bad_options_get_one_sentence_and_leave_nothing(
    lift_pose: LiftPose,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: Sequence[str],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = lift_pose(_CLIP, "-o", tmp_path / "a.npz", "--end", "3", *options)
    assert outcome.code == 2
    assert complaint in outcome.error
    assert outcome.error.count(". ") >= 1
    assert "Traceback" not in outcome.stderr
    assert _names(tmp_path) == []


def _broken_header(path: Path) -> None:
    path.write_bytes(b"\xff" * 8 + DEFAULT_WEIGHTS.read_bytes()[8:])


def _cut(path: Path) -> None:
    path.write_bytes(DEFAULT_WEIGHTS.read_bytes()[:-1000])


def _other_shape(path: Path) -> None:
    save_file({"network.first.weight": np.zeros((3, 3), np.float16)}, path)


@pytest.mark.parametrize("make", [_broken_header, _cut, _other_shape])
def test_bad_weights_are_refused(lift_pose: LiftPose, tmp_path: Path, make: Callable[[Path], None]) -> None:
    weights = tmp_path / "weights.safetensors"
    make(weights)
    outcome = lift_pose(_CLIP, "-o", tmp_path / "a.npz", "--weights", weights)
    assert outcome.code == 2
    assert "weights" in outcome.error
    assert _names(tmp_path) == ["weights.safetensors"]


def test_an_existing_output_is_kept_or_replaced_on_demand(lift_pose: LiftPose, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("old")
    outcome = lift_pose(_CLIP, "-o", tmp_path / "a.npz", "--end", "3")
    assert outcome.code == 2
    assert "--overwrite" in outcome.error
    assert (tmp_path / "a.npz").read_text() == "old"
    assert lift_pose(_CLIP, "-o", tmp_path / "a.npz", "--end", "3", "--overwrite").code == 0
    assert len(Motion.load(tmp_path / "a.npz").time) == 4


def test_an_8k_picture_is_lifted(lift_pose: LiftPose, tmp_path: Path) -> None:
    photo = _frame(tmp_path / "photo.jpg", (7680, 4347))
    assert lift_pose(photo, "-o", tmp_path / "a.npz").code == 0
    motion = Motion.load(tmp_path / "a.npz")
    assert motion.image_size.tolist() == [7680, 4347]
    assert motion.present.all()


@contextmanager
def _full_disk(room: int) -> Iterator[None]:
    """As good as one: no file may grow beyond `room` bytes."""
    resource = pytest.importorskip("resource", reason="POSIX limits")
    model_bundle("heavy")  # MediaPipe makes it with the help of a large temporary file
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # numpy's archive, let go
@pytest.mark.parametrize(
    ("name", "room", "options"),
    [
        ("a.npz", 2_000, ["-o", "a.npz"]),
        ("a.bvh", 2_000, ["-o", "a.bvh"]),
        ("a.mp4", 15_000, ["-o", "other/a.bvh", "--preview", "a.mp4"]),
    ],
)
def test_a_full_disk_is_told_and_leaves_what_was_there(
    lift_pose: LiftPose,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    room: int,
    options: Sequence[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("old")
    with _full_disk(room):
        outcome = lift_pose(_CLIP, *options, "--end", "3", "--overwrite")
    assert outcome.code == 1
    assert f"{name} cannot be written" in outcome.error
    assert "Traceback" not in outcome.stderr
    assert (tmp_path / name).read_text() == "old"
    assert set(_names(tmp_path)) <= {name, "other"}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("number", "code", "moment"), [(signal.SIGINT, 130, "Lifting on"), (signal.SIGTERM, 143, "field of view")]
)
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, number: int, code: int, moment: str) -> None:
    command = [*_COMMAND, str(_CLIP), "-o", str(tmp_path / "a.bvh"), "--preview", str(tmp_path / "a.mp4")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        while moment not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in stderr
    assert "a.mp4" not in _names(tmp_path)
    assert not [name for name in _names(tmp_path) if name.startswith(".")]


def test_a_pipe_gets_no_progress_bar(lift_pose: LiftPose, tmp_path: Path) -> None:
    outcome = lift_pose(_CLIP, "-o", tmp_path / "a.npz", "--end", "4")
    assert "\r" not in outcome.stderr
    assert "/5" not in outcome.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
def test_a_terminal_gets_a_progress_bar(tmp_path: Path) -> None:
    screen, terminal = os.openpty()
    saved = os.dup(2)
    os.dup2(terminal, 2)
    try:
        assert main([str(_CLIP), "-o", str(tmp_path / "a.npz"), "--end", "4"]) == 0
    finally:
        os.dup2(saved, 2)
        os.close(saved)
    shown = os.read(screen, 1 << 16).decode()
    os.close(screen)
    os.close(terminal)
    assert "Detection" in shown
    assert "/5" in shown
