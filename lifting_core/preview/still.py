"""One picture of what was made of a clip: a frame with the pose over it, beside the motion in 3D."""

from __future__ import annotations

import os

import numpy as np
from PIL import Image as Pillow

from lifting_core.files import written_whole
from lifting_core.media.frames import Frame
from lifting_core.motion.motion import Motion
from lifting_core.preview.drawing import fitted
from lifting_core.preview.overlay import draw_overlay
from lifting_core.preview.scene import Scene

_WIDEST = 960  # pixels


def write_still(motion: Motion, row: int, frame: Frame, path: str | os.PathLike[str]) -> None:
    """Write a JPEG of frame `row` of the motion, whose picture is `frame`.

    Raises LiftPoseError when the file cannot be written.
    """
    picture, scale = fitted(frame.image)
    height, width = picture.shape[:2]
    draw_overlay(picture, motion, row, scale)
    scene = Scene(motion, min(width, height), height).draw(row, 0.0)
    both = Pillow.fromarray(np.hstack([picture, scene]))
    both.thumbnail((_WIDEST, _WIDEST), Pillow.Resampling.LANCZOS)
    with written_whole(path) as temporary:
        both.save(temporary, "JPEG", quality=85)
