"""How stored pixels become an upright picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Orientation:
    """One of the eight quarter turns and reflections: transpose first, then mirror left-right, then flip."""

    transpose: bool = False
    mirror: bool = False
    flip: bool = False

    @classmethod
    def from_display_matrix(cls, matrix: bytes) -> Orientation:
        """The orientation nearest to a display matrix: 9 int32 in native order (ISO/IEC 14496-12, 6.2.2).

        A stored point (p, q) is shown at (a p + c q, b p + d q), with a, b, c, d at positions 0, 1, 3, 4.
        """
        a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist()
        if abs(b) > abs(a):
            return cls(transpose=True, mirror=c < 0, flip=b < 0)
        return cls(mirror=a < 0, flip=d < 0)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the upright picture from those of the stored one."""
        return (height, width) if self.transpose else (width, height)

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The upright (H,W,3) picture, contiguous; the same array where there is nothing to do."""
        upright = cv2.transpose(image) if self.transpose else image
        if self.mirror or self.flip:
            upright = cv2.flip(upright, -1 if self.mirror and self.flip else int(self.mirror))
        return np.ascontiguousarray(upright, dtype=np.uint8)
