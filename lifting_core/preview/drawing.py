"""Lines, dots and colours of the preview, antialiased and placed to a fraction of a pixel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.motion import Motion

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

LEFT, RIGHT, MIDDLE = (74, 163, 255), (255, 138, 76), (226, 230, 238)
OUTLINE, TEXT = (14, 15, 18), (170, 178, 192)

_FRACTION_BITS = 4
_LONGEST, _SHORTEST = 1280, 640  # pixels that the longer side of a fitted picture lies between


def side_colour(name: str) -> Colour:
    """The colour of a joint's side of the body."""
    return LEFT if name.startswith("left_") else RIGHT if name.startswith("right_") else MIDDLE


def shown_bones(motion: Motion) -> list[tuple[int, int]]:
    """Joints and their parents, without those that were never seen and lead to none that was."""
    seen = motion.joint_confidence.max(axis=0, initial=0) > 0
    leads = [bool(seen[motion.joint_parents == joint].any()) for joint in range(len(seen))]
    return [
        (joint, int(parent))
        for joint, parent in enumerate(motion.joint_parents)
        if parent >= 0 and (seen[joint] or leads[joint])
    ]


def mixed(colour: Colour, other: Colour, amount: float) -> Colour:
    """`amount` (0 to 1) of `colour`, the rest of `other`."""
    red, green, blue = (round(amount * a + (1 - amount) * b) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def line(image: Image, start: NDArray[Any], end: NDArray[Any], colour: Colour, width: float) -> None:
    """A line between two points in pixels; nothing when one is not finite or far outside the picture."""
    if _drawable(np.stack([start, end])):
        thickness = max(1, round(width))
        cv2.line(image, _fixed(start), _fixed(end), colour, thickness, cv2.LINE_AA, _FRACTION_BITS)


def dot(image: Image, centre: NDArray[Any], colour: Colour, radius: float) -> None:
    """A filled circle around a point in pixels."""
    if _drawable(centre):
        fixed = round(radius * 2**_FRACTION_BITS)
        cv2.circle(image, _fixed(centre), fixed, colour, cv2.FILLED, cv2.LINE_AA, _FRACTION_BITS)


def caption(image: Image, text: str) -> None:
    """Text in the lower left corner, readable on any picture."""
    size = max(0.45, image.shape[0] / 1400)
    for colour, thickness in ((OUTLINE, 3), (TEXT, 1)):
        origin = (round(24 * size), image.shape[0] - round(24 * size))
        cv2.putText(image, text, origin, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thickness, cv2.LINE_AA)


def fitted(image: Image) -> tuple[Image, float]:
    """The picture at a size that suits a preview, and that size relative to the original."""
    longer = max(image.shape[:2])
    scale = min(max(longer, _SHORTEST), _LONGEST) / longer
    height, width = (max(2, round(length * scale / 2) * 2) for length in image.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, (width, height), interpolation=method).astype(np.uint8), scale


def _drawable(points: NDArray[Any]) -> bool:
    return bool((np.abs(points) < 1e5).all())  # false for NaN; OpenCV's fixed-point numbers have 32 bits


def _fixed(point: NDArray[Any]) -> tuple[int, int]:
    """OpenCV's fixed-point coordinates, which count from the middle of the first pixel."""
    x, y = np.rint((point - 0.5) * 2**_FRACTION_BITS).astype(int).tolist()
    return x, y
