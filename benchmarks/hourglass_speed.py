"""Frames a second of the stacked hourglass at 2 and 8 stacks, in single and half precision.

python benchmarks/hourglass_speed.py [--device cuda]. Every frame is a crop of 256 pixels, seen plain and
mirrored, from pixels to keypoints; the weights are random, which changes nothing. `a core` counts the
processor's time instead of the clock's: what one core would do had it nothing else to do.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from lifting_core.detection.hourglass.detector import best_precision
from lifting_core.detection.hourglass.keypoints import HourglassKeypoints
from lifting_core.detection.hourglass.network import HourglassShape
from lifting_core.detection.hourglass.weights import HourglassModel, HourglassProfile
from lifting_core.detection.joint_sets import MPII
from lifting_core.lifting.device import choose_device, device_name
from lifting_core.settings import DEVICES

_SECONDS = 4.0
_FAMILIES = {"bearpaw": (64, 128, 256), "princeton": (64, 128, 128)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--batches", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    device = choose_device(options.device)
    print(f"{device_name(device)}, {torch.get_num_threads()} threads; chosen: {best_precision(device)}")
    print("family     stacks precision batch  frames/s  a core")
    for family, stem in _FAMILIES.items():
        for stacks in (2, 8):
            torch.manual_seed(0)
            model = HourglassModel(HourglassProfile(MPII), HourglassShape(stacks, stem=stem)).eval()
            for precision in (torch.float32, torch.bfloat16):
                keypoints = HourglassKeypoints(model, device, precision)
                for batch in options.batches:
                    speed, on_a_core = _speed(keypoints, batch)
                    name = str(precision).removeprefix("torch.")
                    print(f"{family:<10} {stacks:>6} {name:>9} {batch:>5} {speed:>9.1f} {on_a_core:>7.1f}")


def _speed(keypoints: HourglassKeypoints, batch: int) -> tuple[float, float]:
    """Frames by the clock and by the processor's time."""
    crops = np.random.default_rng(0).integers(0, 256, (batch, 256, 256, 3), np.uint8)
    keypoints.find(crops)
    clock, processor, done = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - clock < _SECONDS:
        keypoints.find(crops)
        done += batch
    return done / (time.perf_counter() - clock), done / (time.process_time() - processor)


if __name__ == "__main__":
    main()
