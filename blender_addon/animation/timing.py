"""Source time and scene frames."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from ..motion_file import Motion
from .fcurves import Keys

_SCATTER = (
    0.05  # frames that whole frames may be off in a clip's time stamps (WebM and MKV count milliseconds)
)


def frame_rate(scene: bpy.types.Scene) -> float:
    """Frames a second of the scene."""
    return scene.render.fps / scene.render.fps_base


def scene_frames(motion: Motion, rate: float, start: int) -> NDArray[np.float64]:
    """(T,) scene frames of a motion in a scene of `rate` frames a second, its time 0 at frame `start`.

    Times are kept: frames lie between whole ones where the clip's rate is not the scene's. Where all times
    fall on whole frames but for the rounding of time stamps, whole frames are returned.
    """
    frames = start + motion.time * rate
    whole = np.round(frames)
    return whole if abs(frames - whole).max(initial=0) < _SCATTER else frames


def from_frame(keys: Keys, frame: float) -> Keys:
    """The same keys, the first one at a frame."""
    return Keys(keys.frames - keys.frames[0] + frame, keys.holds)


def clip_start(motion: Motion, keys: Keys, rate: float) -> int:
    """The scene frame of a clip's time 0, when these are the keys of its motion."""
    return round(float(keys.frames[0] - motion.time[motion.present][0] * rate))


def pose_keys(motion: Motion, frames: NDArray[np.float64]) -> Keys:
    """Keys for the frames with a person; the pose before a gap is held until the person is back."""
    present = np.flatnonzero(motion.present)
    holds = np.append(np.diff(present) > 1, False)
    return Keys(frames[present], holds)
