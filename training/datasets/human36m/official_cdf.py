"""The layout of the official download: CDF files of joint positions, and metadata.xml with the cameras."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cdflib
import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from training.datasets.human36m.calibration import (
    Calibration,
    published_calibration,
    read_metadata,
    warn_of_differences,
)
from training.datasets.human36m.names import ALL_JOINTS
from training.datasets.human36m.recording import Recording, TakeFile, moving_joints, take_files

_PARENTS = ("MyPoseFeatures/", "Poses_", "")  # where people unpack the archives of a subject to
D2_FOLDERS = tuple(f"{parent}D2_Positions" for parent in _PARENTS)
D3_FOLDERS = tuple(f"{parent}D3_Positions" for parent in _PARENTS)
"""Where a subject's positions may lie, in the pictures and in the world."""
_MILLIMETRE = 0.001


@dataclass(frozen=True)
class OfficialCopy:
    """S#/MyPoseFeatures/D3_Positions/<Action>[ n].cdf, mm in the world; see `recording.Copy`."""

    positions: list[TakeFile]
    metadata: Path | None
    layout = "the official CDF files"

    @classmethod
    def find(cls, folder: Path) -> OfficialCopy | None:
        """The copy in a folder, or None."""
        positions = [file for place in D3_FOLDERS for file in take_files(folder, place, ".cdf")]
        metadata = folder / "metadata.xml"
        return cls(positions, metadata if metadata.exists() else None) if positions else None

    @property
    def files(self) -> list[Path]:
        return [*(file.path for file in self.positions), *([self.metadata] if self.metadata else [])]

    def calibration(self) -> Calibration:
        """From metadata.xml; the published one where it is absent."""
        if self.metadata is None:
            return published_calibration()
        calibration = read_metadata(self.metadata)
        warn_of_differences(calibration, self.metadata)
        return calibration

    def recordings(self) -> Iterator[Recording]:
        for file in self.positions:
            joints = moving_joints(read_pose(file.path, 3), _MILLIMETRE, str(file.path))
            yield Recording(file.subject, file.action, file.number, joints)


def read_pose(path: Path, dimensions: int) -> NDArray[Any]:
    """(T, 32, `dimensions`) from the variable `Pose` of a CDF file. Raises InvalidInput when damaged."""
    try:
        return np.asarray(cdflib.CDF(path).varget("Pose")).reshape(-1, ALL_JOINTS, dimensions)
    except Exception as error:  # cdflib lets through whatever its parsing runs into
        raise InvalidInput(
            f"{path} is not a whole CDF file of poses ({type(error).__name__}).", "Fetch this file again."
        ) from error
