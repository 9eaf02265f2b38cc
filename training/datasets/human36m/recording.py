"""What the reader of each layout gives: one take in the axes of the world, not yet seen by a camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.datasets.human36m.calibration import Calibration
from training.datasets.human36m.names import ALL_JOINTS, MOVING_JOINTS, SUBJECTS, split_name


@dataclass(frozen=True, eq=False)
class Recording:
    """The motion of one take."""

    subject: str
    action: str
    number: int
    """As in the file's name, see `names.split_name`."""
    joints: NDArray[np.float64]
    """(T, 17, 3) metres in the world."""

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.subject} {self.action}" + (f" {self.number}" if self.number else "")


@dataclass(frozen=True)
class TakeFile:
    """A file that holds one take."""

    path: Path
    subject: str
    action: str
    number: int


def take_files(folder: Path, place: str, suffix: str) -> list[TakeFile]:
    """The files `folder`/S#/`place`/<Action>[ n]`suffix` of all subjects."""
    return [
        TakeFile(path, subject, *name)
        for subject in SUBJECTS
        for path in sorted((folder / subject / place).glob(f"*{suffix}"))
        if (name := split_name(path.stem)) is not None
    ]


class Copy(Protocol):
    """A copy of Human3.6M in one of its layouts."""

    @property
    def layout(self) -> str:
        """What to call the layout in messages."""

    @property
    def files(self) -> list[Path]:
        """Everything that the arrays depend on."""

    def calibration(self) -> Calibration: ...

    def recordings(self) -> Iterator[Recording]: ...


_THIGH = (HUMAN36M_JOINTS.index("left_hip"), HUMAN36M_JOINTS.index("left_knee"))


def moving_joints(positions: NDArray[Any], unit: float, source: str) -> NDArray[np.float64]:
    """(T, 17, 3) metres from the (T, 32, 3) positions of a file that counts in `unit` metres.

    Raises InvalidInput, naming `source`, when the positions cannot be those of a person.
    """
    positions = np.asarray(positions)
    if positions.ndim != 3 or positions.shape[1:] != (ALL_JOINTS, 3) or positions.dtype.kind != "f":
        raise InvalidInput(
            f"{source} holds {positions.dtype} values of shape {positions.shape}, not 32 joints a frame.",
            "Fetch this file again.",
        )
    joints: NDArray[np.float64] = positions[:, MOVING_JOINTS].astype(np.float64) * unit
    broken = ~np.isfinite(joints).all((1, 2))
    if broken.any():
        raise InvalidInput(
            f"{source} has joints that are no numbers (NaN) in {broken.sum()} of {len(joints)} frames, "
            f"first in frame {broken.argmax()}.",
            "Fetch this file again.",
        )
    thigh = np.linalg.norm(joints[:1, _THIGH[0]] - joints[:1, _THIGH[1]])
    if not 0.2 < thigh < 0.8:
        raise InvalidInput(
            f"{source} has a thigh of {thigh:.3g} m, so its joints or its unit are not Human3.6M's.",
            "Use a copy of the original data.",
        )
    return joints
