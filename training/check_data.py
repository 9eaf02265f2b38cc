"""Tell what a copy of Human3.6M holds, and how it differs from the published data.

python -m training.check_data FOLDER
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.cameras import differences
from training.command import command
from training.datasets.human36m.calibration import Calibration, published_calibration
from training.datasets.human36m.completeness import listed, missing
from training.datasets.human36m.detections import read_detections_npz
from training.datasets.human36m.loading import find_copy, load_human36m
from training.datasets.human36m.names import (
    CAMERAS,
    MOVING_JOINTS,
    TEST_SUBJECTS,
    TRAINING_SUBJECTS,
    VideoName,
    video_files,
)
from training.datasets.human36m.official_cdf import D2_FOLDERS, read_pose
from training.datasets.human36m.recording import Copy
from training.datasets.human36m.sequence import Sequence
from training.datasets.human36m.videopose_npz import PROJECTIONS_FILE

PUBLISHED_TRAINING_POSES = 1_559_752
"""Of the whole data set, which make 24,371 batches of 64 (Martinez et al., ICCV 2017)."""

GivenPixels = Mapping[VideoName, Callable[[], NDArray[Any]]]
"""(T, 17, 2) px of the projected joints of every video, as a copy gives them."""


def describe(folder: Path) -> Iterator[str]:
    """Lines on the layout, the sequences, the cameras and the projection of a copy.

    Raises InvalidInput when there is no copy, or it is damaged.
    """
    copy = find_copy(folder)
    yield f"layout: {copy.layout}"
    sequences = load_human36m(folder, partial=True)
    yield f"missing: {listed(missing({sequence.key for sequence in sequences})) or 'nothing'}"
    yield f"training poses: {_poses(sequences, TRAINING_SUBJECTS):,} of {PUBLISHED_TRAINING_POSES:,}"
    yield f"test poses: {_poses(sequences, TEST_SUBJECTS):,}"
    for parameter, difference in camera_differences(copy.calibration()).items():
        yield f"cameras, {parameter}: at most {difference:.1e} from the published"
    given = given_pixels(folder)
    if given:
        yield f"projection: at most {projection_error(copy, given):.1e} px from the copy's own 2D positions"
    else:
        yield "projection: the copy has no 2D positions to compare with"


def _poses(sequences: list[Sequence], subjects: tuple[str, ...]) -> int:
    return sum(len(sequence.joints) for sequence in sequences if sequence.subject in subjects)


def camera_differences(calibration: Calibration) -> dict[str, float]:
    """The greatest difference of all subjects' cameras from the published ones, by parameter, in its unit."""
    found = [differences(calibration[key], camera) for key, camera in published_calibration().items()]
    return {parameter: max(one[parameter] for one in found) for parameter in found[0]}


def given_pixels(folder: Path) -> GivenPixels:
    """From D2_Positions of the official files, or from VideoPose3D's data_2d_h36m_gt.npz; empty without."""
    for place in D2_FOLDERS:
        files = video_files(folder, place, ".cdf")
        if files:
            return {name: partial(_moving, path) for name, path in files.items()}
    npz = folder / PROJECTIONS_FILE
    if not npz.exists():
        return {}
    return {name: partial(np.asarray, pixels) for name, pixels in read_detections_npz(npz).items()}


def _moving(path: Path) -> NDArray[Any]:
    return read_pose(path, 2)[:, MOVING_JOINTS]


def projection_error(copy: Copy, given: GivenPixels) -> float:
    """The greatest distance in px between what our camera model makes of the joints and what is given."""
    worst = 0.0
    calibration = copy.calibration()
    for recording in copy.recordings():
        for name in CAMERAS:
            pixels = given.get((recording.subject, recording.action, recording.number, name))
            if pixels is not None:
                camera = calibration[recording.subject, name]
                ours = camera.project(camera.from_world(recording.joints))
                worst = max(worst, float(np.linalg.norm(ours - pixels()[: len(ours)], axis=-1).max()))
    return worst


@command
def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m training.check_data", description=description)
    parser.add_argument("data", type=Path, help="folder of Human3.6M, in any of its layouts")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    for line in describe(options.data):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
