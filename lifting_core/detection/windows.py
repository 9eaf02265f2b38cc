"""Rectangular parts of a picture in which a detector looks for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """A part of a picture, in whole pixels, that lies inside it."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def around(cls, x: float, y: float, side: float, image_size: tuple[int, int]) -> Window:
        """The square around a point, pushed inside the picture, and cut where it is larger than that."""
        left, width = _interval(x, side, image_size[0])
        top, height = _interval(y, side, image_size[1])
        return cls(left, top, width, height)

    @classmethod
    def containing(cls, points: NDArray[Any], margin: float, image_size: tuple[int, int]) -> Window:
        """The part of the picture within `margin` pixels of the box around (N, 2) points; may be empty."""
        low = np.clip(np.floor(points.min(axis=0) - margin), 0, image_size).astype(int)
        high = np.clip(np.ceil(points.max(axis=0) + margin), 0, image_size).astype(int)
        return cls(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))

    def doubled(self, image_size: tuple[int, int]) -> Window:
        """The square twice as large around the same middle."""
        side = 2 * max(self.width, self.height)
        return Window.around(self.left + self.width / 2, self.top + self.height / 2, side, image_size)

    def cut(self, image: NDArray[np.uint8], hidden: Sequence[Window] = ()) -> NDArray[np.uint8]:
        """This part of the (height, width, 3) picture, contiguous, with other windows painted over."""
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        if not hidden:
            return np.ascontiguousarray(part)
        part = part.copy()
        for other in hidden:
            top, left = max(other.top - self.top, 0), max(other.left - self.left, 0)
            bottom = max(other.top + other.height - self.top, 0)
            right = max(other.left + other.width - self.left, 0)
            area = part[top:bottom, left:right]
            if area.size:
                area[:] = area[::8, ::8].mean(axis=(0, 1))
        return part


def _interval(centre: float, length: float, limit: int) -> tuple[int, int]:
    length = min(max(round(length), 1), limit)
    return min(max(round(centre - length / 2), 0), limit - length), length


def search_windows(image_size: tuple[int, int], smallest: float) -> list[Window]:
    """The whole picture and tiles of decreasing size, at most by half from one to the next.

    The smallest tiles have a side of `smallest` pixels. Neighbours overlap by a quarter of their side.
    """
    windows = [Window(0, 0, *image_size)]
    levels = math.ceil(max(math.log2(max(image_size) / smallest), 0))
    for level in range(1, levels + 1):
        side = max(image_size) * (smallest / max(image_size)) ** (level / levels)
        windows += _tiles(image_size, side)
    return windows


def _tiles(image_size: tuple[int, int], side: float) -> list[Window]:
    columns, rows = (_intervals(length, round(side)) for length in image_size)
    return [Window(left, top, width, height) for top, height in rows for left, width in columns]


def _intervals(length: int, side: int) -> list[tuple[int, int]]:
    if length < 1.1 * side:
        return [(0, length)]
    count = math.ceil((length - side) / (0.75 * side)) + 1
    return [(round((length - side) * i / (count - 1)), side) for i in range(count)]
