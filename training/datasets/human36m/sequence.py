"""What every reader of Human3.6M comes to: one person's motion, as one camera saw it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Sequence:
    """One take of one action, seen by one of the four cameras, at 50 frames a second."""

    subject: str
    """One of `names.SUBJECTS`: "S1" and so on."""
    action: str
    """One of `names.ACTIONS`, whatever the files call it."""
    take: int
    """1 or 2, in the order of the numbers in the files' names."""
    camera: str
    """One of `names.CAMERAS`."""
    keypoints: NDArray[np.float32]
    """(T, 17, 2) pixels, in the order of `skeleton.HUMAN36M_JOINTS`. A joint that the detector does not
    give is NaN in every frame; nothing else is."""
    joints: NDArray[np.float32]
    """(T, 17, 3) metres in the camera's axes (x right, y down, z forward), absolute."""

    @property
    def key(self) -> tuple[str, str, int, str]:
        """Subject, action, take and camera."""
        return self.subject, self.action, self.take, self.camera
