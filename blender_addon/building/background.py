"""The clip behind the armature, in step with it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..animation.fcurves import Curves, Keys, write
from ..compatibility import new_animation
from ..motion_file import Motion
from .camera import frame_aspect
from .orientation import Orientation, orientation

_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".exr"}
_DRIFT = 0.5  # frames that clip and scene may part before the background is keyed to follow


def add_background(
    camera: bpy.types.Object, media: Path, motion: Motion, scene: bpy.types.Scene, start: int
) -> bool:
    """Show a photo, a video or numbered pictures (a folder or shot_%04d.png) behind the camera.

    Its first frame is shown at scene frame `start`, its last is the last of the motion: asking Blender for
    the length of a movie takes longer than all the rest. Returns False, having done nothing, when Blender
    cannot find the media.
    """
    pictures = _pictures(media)
    file = pictures[0] if pictures else media
    try:
        image = bpy.data.images.load(str(file))
    except RuntimeError:
        return False
    data: Any = camera.data
    data.show_background_images = True
    background = data.background_images.new()
    background.alpha = 1
    background.frame_method = "FIT"
    background.image = image
    background.image_user.frame_start = start
    if pictures:
        image.source = "SEQUENCE"
        first, last = _number(pictures[0]), _number(pictures[-1])
        _follow(data, background, range(first, last + 1), motion.clip_fps, scene)
    elif image.source == "MOVIE":
        frames = round(motion.time[-1] * motion.clip_fps) + 1
        _follow(data, background, range(1, frames + 1), motion.clip_fps, scene)
    _turn(background, orientation(file, image.source == "MOVIE"), frame_aspect(scene))
    return True


def _pictures(media: Path) -> list[Path]:
    """The numbered pictures in a folder or of a pattern, in order; empty for a file."""
    if media.is_dir():
        files = media.iterdir()
    elif not media.exists() and media.parent.is_dir():
        files = media.parent.glob(re.sub(r"%\d*d|#+", "*", media.name))
    else:
        return []
    pictures = (path for path in files if path.suffix.lower() in _PICTURES and re.search(r"\d", path.stem))
    return sorted(pictures, key=_number)


def _number(path: Path) -> int:
    """The last number in a file's name, by which Blender counts a sequence."""
    return int(re.findall(r"\d+", path.stem)[-1])


def _follow(
    data: bpy.types.Camera,
    background: bpy.types.CameraBackgroundImage,
    numbers: range,
    fps: float,
    scene: bpy.types.Scene,
) -> None:
    """Show the media's frames, which Blender knows by `numbers`, at the clip's rate.

    Blender shows one frame of the media a scene frame; where the rates differ, its offset is keyed.
    """
    user = background.image_user
    user.use_auto_refresh = True
    user.frame_offset = numbers.start - 1
    user.frame_duration = len(numbers)
    ratio = fps * scene.render.fps_base / scene.render.fps
    if abs(ratio - 1) * len(numbers) < _DRIFT:
        return
    frames = np.arange(math.ceil(len(numbers) / ratio))
    shown = numbers.start + np.minimum(np.floor(frames * ratio + 1e-3), len(numbers) - 1)
    user.frame_duration = len(frames)
    keys = Keys((user.frame_start + frames).astype(np.float64), np.ones(len(frames), bool))
    animation = new_animation(data, f"{data.name} Background")
    curves: list[Curves] = []
    keys.insert(curves, user.path_from_id("frame_offset"), (shown - frames - 1)[:, None], "Background")
    write(animation, curves)
    animation.assign(data)


def _turn(background: bpy.types.CameraBackgroundImage, turn: Orientation, frame: float) -> None:
    """Stand the image upright inside a frame of that width over height."""
    background.use_flip_x = turn.mirrored
    background.rotation = math.pi / 2 * turn.quarter_turns  # clockwise
    if turn.quarter_turns % 2:
        size: Any = background.image.size  # decodes the picture
        lying = size[0] / max(1, size[1])
        # Blender fits the lying image; widths and heights in units of the frame's height.
        background.scale = min(1, frame * lying) / min(frame, lying)
