"""The preview video: the clip with what was seen in it, beside the turning 3D motion."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np

from lifting_core.files import written_whole
from lifting_core.media.frames import Frame
from lifting_core.motion.motion import Motion
from lifting_core.preview.drawing import Image, caption, fitted
from lifting_core.preview.overlay import draw_overlay
from lifting_core.preview.scene import Scene
from lifting_core.progress import Progress, silent

_TIME_BASE = Fraction(1, 90_000)
_PHOTO_SECONDS, _PHOTO_RATE = 6, 24


def write_preview(
    motion: Motion, media: Iterable[Frame], path: str | os.PathLike[str], progress: Progress = silent
) -> None:
    """Write an H.264 video: the frames of `media` beside the motion that was made of them.

    `media` gives the very frames of `motion`, and the video keeps their times. A photo, or a single frame,
    stands for some seconds while the view turns. Raises LiftPoseError when the file cannot be written.
    """
    is_photo = len(motion.time) == 1  # whose rate, if it was taken from a video, means nothing
    rate, repeats = (_PHOTO_RATE, _PHOTO_SECONDS * _PHOTO_RATE) if is_photo else (motion.fps, 1)
    total = repeats * len(motion.time)
    with written_whole(path) as temporary:
        try:
            with av.open(str(temporary), "w", format="mp4", options={"movflags": "faststart"}) as container:
                stream = container.add_stream("libx264", Fraction(rate).limit_denominator(1001))
                stream.pix_fmt = "yuv420p"
                stream.options = {"preset": "veryfast", "crf": "20"}
                stream.codec_context.time_base = _TIME_BASE
                for done, (time, image) in enumerate(_pictures(motion, media, repeats)):
                    progress("preview", done, total)
                    if done == 0:
                        stream.height, stream.width = image.shape[:2]
                    frame = av.VideoFrame.from_ndarray(image, "rgb24")
                    frame.pts, frame.time_base = round(time / _TIME_BASE), _TIME_BASE
                    container.mux(stream.encode(frame))
                container.mux(stream.encode(None))
                progress("preview", total, total)
        except av.error.FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error


def _pictures(motion: Motion, media: Iterable[Frame], repeats: int) -> Iterator[tuple[float, Image]]:
    """The times, from 0, and pictures of the video; each frame is shown `repeats` times."""
    scene = None
    for row, frame in zip(range(len(motion.time)), media, strict=True):
        picture, scale = fitted(frame.image)
        height, width = picture.shape[:2]
        scene = scene or Scene(motion, min(width, height), height)
        draw_overlay(picture, motion, row, scale)
        caption(picture, f"frame {frame.index}   {frame.time:.2f} s")
        for repeat in range(repeats):
            time = frame.time - float(motion.time[0]) + repeat / _PHOTO_RATE
            yield time, np.hstack([picture, scene.draw(row, time)])
