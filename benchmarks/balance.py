"""How well people who stand or walk keep their weight above their feet, and how well lifted ones do.

`balance.py MOCAP [--clips CLIPS]`: by how many degrees the direction from the feet to the centre of mass is
off the vertical, the mean over some time, in motion capture: its standard deviation about a level axis, and
the angle that 95 of 100 keep within. With CLIPS (`training.render --clips`), by how much that direction of
lifted people is off their true one, across the view and along it: 1.48 times the median. The constants of
`lifting_core/motion/balance.py` and `gravity.py` come from it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.lifting.lifter import Lifter
from lifting_core.motion.balance import Balance, balance
from lifting_core.motion.directions import tilt_of
from lifting_core.motion.trajectory import smooth_root
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import Clip, read_mocap, scaled_to_stature
from training.datasets.renders import Renders, read_renders
from training.evaluation.renders import tracks
from training.tasks.filming import STATURE

Array = NDArray[np.float64]
_RATE = 30.0
_UP = np.array([0.0, 0.0, 1.0])
_LEAST_SHARE = 0.05
"""Of a window: those on the feet for less are left out."""


def windows(clips: Sequence[Clip], seconds: float) -> Iterator[Balance]:
    """How people stand in stretches so long, but those hardly on the feet; 0 seconds are one frame."""
    for clip in clips:
        step = max(1, round(clip.fps / _RATE))
        joints = scaled_to_stature(clip, STATURE)[::step, : len(JOINTS)].astype(np.float64)
        time = np.arange(len(joints)) * step / clip.fps
        count = max(1, round(seconds * clip.fps / step))
        for start in range(0, len(joints) - count + 1, max(count, round(_RATE / 2))):
            part = slice(start, start + count)
            stance = balance(time[part], joints[part], np.ones(joints[part].shape[:2]), _UP)
            if stance is not None and stance.seconds.sum() > _LEAST_SHARE * seconds:
                yield stance


def swayed(clips: Sequence[Clip], seconds: float) -> str:
    """A line of the table."""
    means = np.array([stance.mean for stance in windows(clips, seconds)])
    angles = np.abs(np.degrees(np.arctan(means[:, :2] / means[:, 2:])))
    deviation, most = np.sqrt((angles**2).mean()), np.percentile(angles, 95)
    return f"{seconds or 'photo':>8}{len(angles):10}{deviation:10.1f}{most:10.1f}"


def lifted_wrongly(renders: Renders, lifter: Lifter) -> Iterator[Array]:
    """(2,) degrees, across the view and along it, for every clip in which somebody stands."""
    for rows in tracks(renders):
        shot = renders.rows(rows)
        time, up = shot.time.astype(np.float64), shot.camera_from_world[0, :3, 2].astype(np.float64)
        lifted = lifter.lift(KEYPOINT_NAMES, shot.keypoints, shot.confidence, shot.camera_matrix[0])
        if not np.isfinite(lifted.joints).all() or len(time) < _RATE:
            continue
        true = shot.joints.astype(np.float64)
        root = smooth_root(time, true[:, 0], np.ones(len(time)), 1.0)
        stances = [
            balance(time, joints - joints[:, :1] + root[:, None], lifted.confidence, up)
            for joints in (lifted.joints.astype(np.float64), true)
        ]
        if None not in stances:
            tilts = [tilt_of(stance.mean) for stance in stances if stance is not None]
            yield np.degrees(tilts[0] - tilts[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("motion", type=Path, help="folder of motion capture")
    parser.add_argument("--clips", type=Path, help="folder that training.render has filled")
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    print(f"{'seconds':>8}{'windows':>10}{'deviation':>10}{'95 %':>10}")
    clips = read_mocap(options.motion)
    for seconds in (0.0, 0.5, 2.0, 5.0):
        print(swayed(clips, seconds), flush=True)
    if options.clips:
        renders = read_renders(options.clips, held_out=True)
        off = np.array(list(lifted_wrongly(renders, Lifter.load(options.weights, "cpu"))))
        across, along = 1.48 * np.median(np.abs(off), axis=0)
        print(f"lifted, {len(off)} clips: {across:.1f} degrees across the view, {along:.1f} along it")


if __name__ == "__main__":
    main()
