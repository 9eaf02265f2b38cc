"""The parts of pictures that networks for single people look at: boxes, and turned rectangles around them.

Positions are continuous: pixel k covers what lies between k and k + 1, and its middle is at k + 0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Box:
    """An upright rectangle, pixels; it may reach beyond the picture."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def around(cls, points: NDArray[Any]) -> Box:
        """The smallest that holds (N, 2) points."""
        low, high = points.min(axis=0), points.max(axis=0)
        return cls(*(float(v) for v in (*low, *(high - low))))

    def grown(self, factor: float) -> Box:
        """The box scaled about its middle."""
        width, height = self.width * factor, self.height * factor
        return Box(self.left + (self.width - width) / 2, self.top + (self.height - height) / 2, width, height)


@dataclass(frozen=True)
class Region:
    """A rectangle that may be turned, pixels."""

    x: float
    """Of the middle."""
    y: float
    width: float
    height: float
    angle: float = 0.0
    """Radians by which it is turned clockwise; what it holds comes out upright."""

    @classmethod
    def holding(cls, box: Box, aspect: float = 1.0) -> Region:
        """The smallest upright region around a box whose width is `aspect` times its height."""
        height = max(box.height, box.width / aspect, 1.0)
        return cls(box.left + box.width / 2, box.top + box.height / 2, height * aspect, height)

    def to_crop(self, size: tuple[int, int]) -> NDArray[np.float64]:
        """(2, 3) affine map of positions in the picture to those in a crop of `size`, width and height."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        scale = np.array([size[0] / self.width, size[1] / self.height])
        linear = scale[:, None] * np.array([[cosine, sine], [-sine, cosine]])
        offset = np.array(size) / 2 - linear @ [self.x, self.y]
        return np.column_stack([linear, offset])

    def from_crop(self, positions: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float64]:
        """Positions (..., 2) in a crop of `size` to those in the picture."""
        transform = self.to_crop(size)
        return np.asarray((positions - transform[:, 2]) @ np.linalg.inv(transform[:, :2]).T)

    def crop(self, image: NDArray[np.uint8], size: tuple[int, int], beyond: int = 0) -> NDArray[np.uint8]:
        """The region of an (H, W, 3) picture, brought to `size`; `beyond` is the grey around the picture."""
        transform = self.to_crop(size)
        shrink = int(min(self.width / size[0], self.height / size[1]))
        if shrink > 1:  # a linear interpolation of every so many pixels would leave noise
            image = _shrunk(image, shrink)
            transform = transform @ np.diag([shrink, shrink, 1.0])
        # OpenCV counts from the middle of the first pixel.
        transform[:, 2] += transform[:, :2].sum(axis=1) * 0.5 - 0.5
        return np.asarray(
            cv2.warpAffine(image, transform, size, flags=cv2.INTER_LINEAR, borderValue=(beyond,) * 3)
        )


def _shrunk(image: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """The means of squares of pixels; what fills no square at the right and at the bottom is repeated."""
    right, bottom = -image.shape[1] % factor, -image.shape[0] % factor
    if right or bottom:
        image = np.asarray(cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REPLICATE))
    size = image.shape[1] // factor, image.shape[0] // factor
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
