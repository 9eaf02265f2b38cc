"""By how much lifted segments are off, and where joints are, as shares of the joints' stated errors.

`segments.py RENDERS [--weights FILE]`: renders that may be trained on (`training.render`). Robust standard
deviations (1.48 times the median) across the view and along it, on people whose limbs are all in the picture.
The segments' go into `lifting_core/motion/fitting.py`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.lifting.lifter import Lifter
from lifting_core.lifting.trust import error_of
from lifting_core.motion.proportions import SEGMENTS
from training.datasets.renders import Renders, read_renders
from training.evaluation.renders import limbs_in_picture, tracks

Array = NDArray[np.float64]


def errors(renders: Renders, lifter: Lifter) -> tuple[Array, Array]:
    """(N, 28, 3) metres by which joints are off, of people 1.70 m tall, and (N, 28) by which they may be."""
    off, stated = [], []
    renders = renders.rows(renders.found & limbs_in_picture(renders))
    for rows in tracks(renders):
        shot = renders.rows(rows)
        lifted = lifter.lift(KEYPOINT_NAMES, shot.keypoints, shot.confidence, shot.camera_matrix[0])
        truth = (shot.joints - shot.joints[:, :1]) * (lifter.profile.stature / shot.stature)[:, None, None]
        known = np.isfinite(lifted.joints).all((1, 2))
        off.append((lifted.joints - truth)[known])
        stated.append(error_of(lifted.confidence[known].clip(1e-3, 1)))
    return np.concatenate(off), np.concatenate(stated)


def deviations(differences: Array, stated: Array) -> str:
    shares = differences / stated[:, None]
    across, along = (1.48 * np.median(np.abs(part)) for part in (shares[:, :2], shares[:, 2]))
    return f"{across:8.2f}{along:8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("renders", type=Path, help="folder that training.render has filled")
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    off, stated = errors(read_renders(options.renders, held_out=False), Lifter.load(options.weights, "cpu"))
    print(f"{len(off)} people{'segment':>12}{'':8}{'joint':>9}")
    for name in dict.fromkeys(name for name, _, _ in SEGMENTS):
        pairs = [(start, end) for own, start, end in SEGMENTS if own == name]
        starts, ends = (list(part) for part in zip(*pairs, strict=True))
        doubt = stated[:, ends].reshape(-1)
        segment = deviations((off[:, ends] - off[:, starts]).reshape(-1, 3), doubt)
        print(f"{name:12}{segment}{deviations(off[:, ends].reshape(-1, 3), doubt)}")


if __name__ == "__main__":
    main()
