"""The clip behind the armature, in step with it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..compatibility import new_animation
from .camera import frame_aspect
from .fcurves import Keys
from .orientation import Orientation, movie_orientation, photo_orientation

_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".exr"}
_DRIFT = 0.5  # frames that clip and scene may part before the background is keyed to follow


def add_background(
    camera: bpy.types.Object, media: Path, fps: float, scene: bpy.types.Scene, start: int
) -> None:
    """Show a photo, a video or a folder of numbered pictures behind what `camera` sees.

    `fps` is the clip's rate; its first frame is shown at scene frame `start`.
    """
    data: Any = camera.data
    background = data.background_images.new()
    data.show_background_images = True
    background.alpha = 1
    background.frame_method = "FIT"
    pictures = _pictures(media)
    image = bpy.data.images.load(str(pictures[0] if pictures else media))
    background.image = image
    background.image_user.frame_start = start
    if pictures:
        image.source = "SEQUENCE"
        first, last = _number(pictures[0]), _number(pictures[-1])
        _follow(data, background, first, last - first + 1, fps, scene)
    elif image.source == "MOVIE":
        _follow(data, background, 1, image.frame_duration, fps, scene)
    is_movie = image.source == "MOVIE"
    turn = movie_orientation(media) if is_movie else photo_orientation(pictures[0] if pictures else media)
    _turn(background, turn, frame_aspect(scene))


def _pictures(media: Path) -> list[Path]:
    """The numbered pictures in a folder, in order; empty for a file."""
    if not media.is_dir():
        return []
    files = (path for path in media.iterdir() if path.suffix.lower() in _PICTURES)
    return sorted((path for path in files if re.search(r"\d", path.stem)), key=_number)


def _number(path: Path) -> int:
    """The last number in a file's name, by which Blender counts a sequence."""
    return int(re.findall(r"\d+", path.stem)[-1])


def _follow(
    data: bpy.types.Camera,
    background: bpy.types.CameraBackgroundImage,
    first: int,
    count: int,
    fps: float,
    scene: bpy.types.Scene,
) -> None:
    """Show frame `first` of the media and the `count - 1` after it at the clip's rate.

    Blender shows one frame of the media a scene frame; where the rates differ, its offset is keyed.
    """
    user = background.image_user
    user.use_auto_refresh = True
    user.frame_offset = first - 1
    user.frame_duration = count
    ratio = fps * scene.render.fps_base / scene.render.fps
    if abs(ratio - 1) * count < _DRIFT:
        return
    frames = np.arange(math.ceil(count / ratio))
    shown = first + np.minimum(np.floor(frames * ratio + 1e-3), count - 1)
    user.frame_duration = len(frames)
    keys = Keys((user.frame_start + frames).astype(np.float64), np.ones(len(frames), bool))
    animation = new_animation(data, f"{data.name} Background")
    keys.insert(animation, user.path_from_id("frame_offset"), (shown - frames - 1)[:, None], "Background")
    animation.assign(data)


def _turn(background: bpy.types.CameraBackgroundImage, turn: Orientation, frame: float) -> None:
    """Stand the image upright inside a frame of that width over height."""
    background.use_flip_x = turn.mirrored
    background.rotation = -math.pi / 2 * turn.quarter_turns
    size: Any = background.image.size
    width, height = size
    if turn.quarter_turns % 2 and height:
        lying = width / height
        # Blender fits the lying image; widths and heights in units of the frame's height.
        background.scale = min(1, frame * lying) / min(frame, lying)
