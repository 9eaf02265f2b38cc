"""How often confused sides are put right, and right ones confused: `sides.py MOTION [--rate N]`.

Motion capture from a folder (BVH, C3D, ASF/AMC) is seen from any side, as keypoints with noise of 0.8 % of a
body's height. Sides are told apart as they are, and once more after those of the whole body, or of the legs
alone, were exchanged in one stretch of a clip, of up to 24 frames.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifting_core.skeleton import JOINTS, mirrored
from lifting_core.tracking.sides import consistent_sides
from training.datasets.mocap import read_mocap

_SIZE = 340.0
"""Pixels a body is tall."""
_NOISE = 0.008
_CLIP, _SHORTEST = 400, 30
_LEGS = ("hip", "knee", "ankle", "heel", "toe")
NAMES = tuple(name.replace("toe", "foot_index") for name in JOINTS)
OTHERS = np.array([NAMES.index(mirrored(name)) for name in NAMES])
LEGS = np.array([any(part in name for part in _LEGS) for name in JOINTS])
KNEE = JOINTS.index("left_knee")


def seen(points: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """(T, 28, 2) pixels of joints (T, 28, 3), z up, from a level camera."""
    angle = random.uniform(0, 2 * np.pi)
    across = points[..., 0] * np.cos(angle) + points[..., 1] * np.sin(angle)
    pixels = np.stack([across, -points[..., 2]], -1) * _SIZE / np.ptp(points[0, :, 2])
    noisy: NDArray[np.float32] = (pixels + random.normal(0, _NOISE * _SIZE, pixels.shape)).astype(np.float32)
    return noisy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("motion", type=Path, help="folder of motion capture")
    parser.add_argument("--rate", type=float, default=30.0, help="frames a second at most (30)")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    frames = confused = left_out = exchanged = remaining = 0
    for clip in read_mocap(options.motion):
        step = max(1, round(clip.fps / options.rate))
        truth = seen(clip.points[::step][:_CLIP, : len(JOINTS)], random)
        count = len(truth)
        if count < _SHORTEST:
            continue
        time, sure = np.arange(count) * step / clip.fps, np.ones(truth.shape[:2], np.float32)
        found, trust = consistent_sides(NAMES, time, truth, sure)
        frames += count
        confused += int((found != truth).any((1, 2)).sum())
        left_out += int((trust == 0).any(1).sum())
        length = int(random.integers(2, min(25, count // 3)))
        stretch = slice(start := int(random.integers(2, count - length - 2)), start + length)
        columns = np.arange(len(JOINTS)) if random.random() < 0.5 else np.flatnonzero(LEGS)
        wrong = truth.copy()
        wrong[stretch, columns] = truth[stretch, OTHERS[columns]]
        found, _ = consistent_sides(NAMES, time, wrong, sure)
        exchanged += length
        remaining += int((found[:, KNEE] == truth[:, OTHERS[KNEE]]).all(1).sum())
    print(f"{frames} frames as they are: sides exchanged in {confused}, left out in {left_out}.")
    print(f"{exchanged} frames with exchanged sides: {remaining} of them, or others instead, remain so.")


if __name__ == "__main__":
    main()
