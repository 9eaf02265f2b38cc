"""The layout of VideoPose3D: data_3d_h36m.npz, and one npz for every detector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lifting_core.errors import InvalidInput
from training.datasets.human36m.calibration import Calibration, published_calibration
from training.datasets.human36m.names import SUBJECTS, split_name
from training.datasets.human36m.recording import Recording, moving_joints
from training.datasets.restricted_pickle import read_object

POSITIONS_FILE = "data_3d_h36m.npz"
PROJECTIONS_FILE = "data_2d_h36m_gt.npz"
DETECTION_FILES = {
    "sh": "data_2d_h36m_sh_pt_mpii.npz",
    "sh_ft": "data_2d_h36m_sh_ft_h36m.npz",
    "cpn": "data_2d_h36m_cpn_ft_h36m_dbb.npz",
}


@dataclass(frozen=True)
class VideoPoseCopy:
    """`positions_3d`[subject][action] is (T, 32, 3) metres in the world; see `recording.Copy`."""

    positions: Path
    layout = "the npz files of VideoPose3D"

    @classmethod
    def find(cls, folder: Path) -> VideoPoseCopy | None:
        """The copy in a folder, or None."""
        path = folder / POSITIONS_FILE
        return cls(path) if path.exists() else None

    @property
    def files(self) -> list[Path]:
        return [self.positions]

    def calibration(self) -> Calibration:
        """The published one: the layout carries none."""
        return published_calibration()

    def recordings(self) -> Iterator[Recording]:
        positions = read_object(self.positions, "positions_3d")
        try:
            for subject in SUBJECTS:
                for action, joints in sorted(positions.get(subject, {}).items()):
                    name = split_name(action)
                    if name is not None:
                        source = f"{self.positions} ({subject} {action})"
                        yield Recording(subject, *name, moving_joints(joints, 1.0, source))
        except (TypeError, ValueError, AttributeError) as error:
            raise InvalidInput(
                f"{self.positions} does not hold positions in the layout of VideoPose3D.",
                "Fetch it again, or choose another folder.",
            ) from error
