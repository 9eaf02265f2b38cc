"""Tiny clips cut out of the demo clip, good ones and bad ones, and the command that lifts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

_ROOT = Path(__file__).parents[3]
_CLIP = _ROOT / "tests" / "data" / "walk_and_wave.mp4"
_FIRST = 90  # of the frames in which the figure waves


@pytest.fixture(scope="session")
def frames() -> list[NDArray[np.uint8]]:
    """Eight pictures of the waving figure, 848 x 480."""
    with av.open(str(_CLIP)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return pictures[_FIRST : _FIRST + 8]


@pytest.fixture
def make_clip() -> Callable[[Path, Sequence[NDArray[np.uint8]]], Path]:
    """Writes pictures as a video."""

    def write(path: Path, pictures: Sequence[NDArray[np.uint8]]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", 30, options={"preset": "ultrafast"})
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            for picture in pictures:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture))))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture
def two_people(frames: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """The figure beside its mirror image."""
    return [np.hstack([picture[:, 212:636], picture[:, 212:636][:, ::-1]]) for picture in frames]


@pytest.fixture
def good_and_bad(
    tmp_path: Path, frames: list[NDArray[np.uint8]], make_clip: Callable[..., Path]
) -> tuple[Path, list[str]]:
    """A jobs file about three clips that can be lifted, a damaged one, and one without a person."""
    clips = tmp_path / "clips"
    good = [f"good_{number}" for number in range(3)]
    for number, name in enumerate(good):
        make_clip(clips / f"{name}.mp4", frames[number:])
    whole = (clips / "good_0.mp4").read_bytes()
    (clips / "damaged.mp4").write_bytes(whole[: len(whole) // 8])
    make_clip(clips / "empty_room.mp4", [np.full((240, 320, 3), 128, np.uint8)] * 4)
    jobs = tmp_path / "night.toml"
    jobs.write_text('[[job]]\ninput = "clips"\noutput = "out/{name}.npz"\n')
    return jobs, good


@dataclass(frozen=True)
class Batch:
    """A running `lift-pose batch --json`."""

    process: subprocess.Popen[str]

    def events(self) -> Iterator[dict[str, object]]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield json.loads(line)

    def family(self) -> list[psutil.Process]:
        """All processes that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def workers(self) -> list[psutil.Process]:
        return [each for each in self.family() if "spawn_main" in " ".join(each.cmdline())]


@pytest.fixture
def batch() -> Callable[..., contextmanager[Batch]]:
    """Starts the command with some arguments, as a process of its own."""

    @contextmanager
    def start(*arguments: object) -> Iterator[Batch]:
        process = subprocess.Popen(
            [sys.executable, "-m", "lifting_core.cli", "batch", *map(str, arguments), "--json"],
            env=os.environ | {"PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield Batch(process)
        finally:
            process.kill()
            process.wait()

    return start
