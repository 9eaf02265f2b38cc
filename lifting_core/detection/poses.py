"""Measures of 2D poses: how large, how alike, how credible. All are in pixels of one picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.detector import Person

SAME_PERSON = 0.5
"""Two poses with at least this `similarity` show one person."""

_TOLERANCE = 0.1
"""Distance between two sightings of a keypoint, in body sizes, that counts as a standard deviation."""

SEEN, SEEN_BY_MEDIAPIPE = 0.3, 0.86
"""Confidence from which on a keypoint counts as seen: by most detectors, and by MediaPipe, which guesses well
what it does not see (`mediapipe_confidence`)."""


def size(person: Person) -> float:
    """The longer side of the box around all keypoints, pixels: about the body's height when upright."""
    return float(np.ptp(person.keypoints, axis=0).max())


def similarity(a: Person, b: Person) -> float:
    """0 (elsewhere) to 1 (the same pose in the same place), over what is seen of both.

    The object keypoint similarity of the COCO keypoint challenge, weighted by confidence, with one
    tolerance for all keypoints and the geometric mean of both sizes as scale.
    """
    weights = a.confidence * b.confidence
    scale = _TOLERANCE**2 * size(a) * size(b)
    squared: NDArray[np.float32] = ((a.keypoints - b.keypoints) ** 2).sum(axis=-1)
    total = float(weights.sum())
    if total < 1e-3 or scale == 0:
        return 0.0
    return float((weights * np.exp(-squared / (2 * scale))).sum() / total)


def is_credible(person: Person, image_size: tuple[int, int], seen_from: float) -> bool:
    """Whether a pose can be a person: enough of it seen, neither a speck nor larger than the world.

    `seen_from` is the confidence from which on a keypoint counts as seen.
    """
    length = size(person)
    seen = int((person.confidence >= seen_from).sum())
    return seen >= len(person.confidence) / 4 and 12 <= length <= 6 * max(image_size)


def hidden_outside(
    keypoints: NDArray[np.float32], confidence: NDArray[np.float32], image_size: tuple[int, int]
) -> NDArray[np.float32]:
    """Confidence that falls to 0 within 3% of the body size beyond the picture's border."""
    beyond = np.maximum(-keypoints, keypoints - np.asarray(image_size, np.float32)).max(axis=-1)
    ramp = max(0.03 * float(np.ptp(keypoints, axis=0).max()), 1.0)
    faded: NDArray[np.float32] = confidence * np.clip(1 - beyond / ramp, 0, 1).astype(np.float32)
    return faded


def mediapipe_confidence(
    visibility: NDArray[np.float32], presence: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How likely keypoints are to be right, by MediaPipe's probabilities that they are seen and in view.

    On rendered people the fourth root is close to the share of keypoints that are right to within 3% of the
    stature (`benchmarks/confidence.py`).
    """
    confidence: NDArray[np.float32] = (visibility * presence) ** 0.25
    return confidence
