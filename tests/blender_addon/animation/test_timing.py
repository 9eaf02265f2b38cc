from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blender_addon.animation.timing import scene_frames
from blender_addon.motion_file import read_motion


def test_rounded_time_stamps_fall_on_whole_frames(motion_file: Callable[..., Path]) -> None:
    """WebM and MKV give time in milliseconds: 33, 67, 100."""
    motion = read_motion(motion_file(fps=30.0))
    motion.time[:] = np.round(motion.time, 3)
    assert scene_frames(motion, 30, 1).tolist() == list(range(1, 13))


@pytest.mark.parametrize("rate", [24.0, 25.0, 60.0])
def test_other_rates_keep_the_time(motion_file: Callable[..., Path], rate: float) -> None:
    motion = read_motion(motion_file(fps=30.0))
    np.testing.assert_allclose(scene_frames(motion, rate, 5), 5 + np.arange(12) / 30 * rate)


def test_variable_frame_rate_keeps_its_own_times(motion_file: Callable[..., Path]) -> None:
    motion = read_motion(motion_file(fps=30.0))
    motion.time[:] += np.linspace(0, 0.3, 12) ** 2
    np.testing.assert_allclose(scene_frames(motion, 30, 0), motion.time * 30)
