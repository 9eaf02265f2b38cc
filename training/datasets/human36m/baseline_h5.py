"""The layout of 3d-pose-baseline: HDF5 files of joint positions, of detections, and cameras.h5."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.joint_sets import HUMAN36M_16
from lifting_core.errors import InvalidInput
from lifting_core.progress import Progress
from training.datasets.human36m.calibration import (
    Calibration,
    published_calibration,
    read_cameras_h5,
    warn_of_differences,
)
from training.datasets.human36m.detections import Detections, to_human36m
from training.datasets.human36m.names import ALL_JOINTS, VideoName
from training.datasets.human36m.recording import Recording, TakeFile, moving_joints, take_files

_MILLIMETRE = 0.001
_SIZE_LIMIT = 10_000_000
"""Numbers in one file; the longest take has 6,400 frames of 96."""
DETECTION_FOLDERS = {"sh": "StackedHourglass", "sh_ft": "StackedHourglassFineTuned240"}


@dataclass(frozen=True)
class BaselineCopy:
    """S#/MyPoses/3D_positions/<Action>[ n].h5, (96, T) mm in the world; see `recording.Copy`."""

    positions: list[TakeFile]
    cameras: Path | None
    layout = "the h5 files of 3d-pose-baseline"

    @classmethod
    def find(cls, folder: Path) -> BaselineCopy | None:
        """The copy in a folder, or None."""
        positions = take_files(folder, "MyPoses/3D_positions", ".h5")
        cameras = folder / "cameras.h5"
        return cls(positions, cameras if cameras.exists() else None) if positions else None

    @property
    def files(self) -> list[Path]:
        return [*(file.path for file in self.positions), *([self.cameras] if self.cameras else [])]

    def calibration(self) -> Calibration:
        """From cameras.h5; the published one where it is absent."""
        if self.cameras is None:
            return published_calibration()
        calibration = read_cameras_h5(self.cameras)
        warn_of_differences(calibration, self.cameras)
        return calibration

    def recordings(self) -> Iterator[Recording]:
        for file in self.positions:
            columns = _read(file.path, "3D_positions")
            if columns.ndim != 2 or len(columns) != ALL_JOINTS * 3:
                raise InvalidInput(
                    f"{file.path} holds an array of shape {columns.shape} instead of (96, frames).",
                    "Fetch this file again.",
                )
            positions = columns.T.reshape(-1, ALL_JOINTS, 3)
            joints = moving_joints(positions, _MILLIMETRE, str(file.path))
            yield Recording(file.subject, file.action, file.number, joints)


def read_detections(files: dict[VideoName, Path], progress: Progress) -> Detections:
    """Detections from (T, 16, 2) px in MPII's order. Raises InvalidInput when a file is damaged."""
    detections: Detections = {}
    for name, path in files.items():
        progress("detections", len(detections), len(files))
        detections[name] = to_human36m(_read(path, "poses"), HUMAN36M_16, str(path))
    return detections


def _read(path: Path, key: str) -> NDArray[Any]:
    try:
        with h5py.File(path) as file:
            values = file[key]
            if values.size > _SIZE_LIMIT:
                raise ValueError(f"{values.size} values are too many for one take")
            return np.asarray(values[()])
    except (OSError, KeyError, ValueError) as error:
        raise InvalidInput(
            f"{path} is not a whole HDF5 file that holds {key!r}.", "Fetch this file again."
        ) from error
