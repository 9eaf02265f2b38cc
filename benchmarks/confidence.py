"""What the detector's confidence of keypoints says of their errors.

`confidence.py RENDERS`: renders that may be trained on (`training.render`). By confidence: how many limb
keypoints have it, which share of them is right to within 3% and 5% of the stature, and the root mean square
of their errors in percent, none counted as more than 30. People taken for others do not count.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifting_core.camera.pinhole import project
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.skeleton import JOINTS, LIMB_JOINTS
from training.datasets.renders import Renders, read_renders

_SOMEBODY_ELSE = 0.15
"""Median error, share of the stature."""
_MOST = 0.3
_LIMITS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


def errors(renders: Renders) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """(N, 12) errors of the limbs' keypoints, shares of the stature, and (N, 12) their confidence."""
    renders = renders.rows(renders.found)
    limbs = renders.joints[:, [JOINTS.index(name) for name in LIMB_JOINTS]]
    columns = [KEYPOINT_NAMES.index(name) for name in LIMB_JOINTS]
    truth = np.stack([project(*one) for one in zip(limbs, renders.camera_matrix, strict=True)])
    stature = renders.camera_matrix[:, 0, 0] * renders.stature / renders.joints[:, 0, 2]
    off = np.linalg.norm(renders.keypoints[:, columns] - truth, axis=-1) / stature[:, None]
    same = np.median(off, axis=1) < _SOMEBODY_ELSE
    return off[same], renders.confidence[same][:, columns]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("renders", type=Path, help="folder that training.render has filled")
    off, confidence = errors(read_renders(parser.parse_args().renders, held_out=False))
    print(f"{len(off)} people\nconfidence   keypoints   to 3%   to 5%   error")
    for low, high in pairwise(_LIMITS):
        own = off[(confidence > low) & (confidence <= high)]
        if len(own):
            error = 100 * np.sqrt((np.minimum(own, _MOST) ** 2).mean())
            shares = (own < 0.03).mean(), (own < 0.05).mean()
            print(f"{low:4.2f} to {high:4.2f}{len(own):10}{shares[0]:8.2f}{shares[1]:8.2f}{error:8.1f}")


if __name__ == "__main__":
    main()
