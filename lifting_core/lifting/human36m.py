"""What Human3.6M's poses look like, and its 17 joints in 2D from the keypoints of any body detector.

Weights trained as in the paper read the 2D positions of Human3.6M's own joints. Detectors mark other places:
there is no keypoint at the pelvis, on the spine, between the shoulders or on top of the head.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from lifting_core.skeleton import HUMAN36M_JOINTS

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and standard deviation of every coordinate over the training set, per dimension."""

    keypoints_mean: Array
    """(K, 2) pixels"""
    keypoints_std: Array
    joints_mean: Array
    """(J, 3) metres from the pelvis, camera axes"""
    joints_std: Array


@cache
def statistics() -> Statistics:
    """Of S1, S5, S6, S7 and S8, all four cameras: 17 keypoints projected from the truth, 16 joints.

    The numbers are those that public implementations of the paper print and share.
    """
    text = files(__package__).joinpath("human36m_statistics.json").read_text(encoding="utf-8")
    return Statistics(**{name: np.array(value) for name, value in json.loads(text).items()})


def human36m_keypoints(
    names: Sequence[str], keypoints: NDArray[Any], confidence: NDArray[Any]
) -> tuple[Array, Array]:
    """Human3.6M's joints, in the order of `skeleton.HUMAN36M_JOINTS`, from a detector's keypoints.

    Arguments: keypoints (T, K, 2) pixels, confidence (T, K). Returns (T, 17, 2) and (T, 17); a joint that
    nothing tells of has confidence 0, one that is derived that of the least certain keypoint behind it.
    Raises InvalidInput when the keypoints are not those of a body.
    """
    if not {"left_hip", "right_hip", "left_shoulder", "right_shoulder"} <= set(names):
        raise InvalidInput(
            "The detector's keypoints are not those that the weights read.",
            "Use a detector that finds shoulders and hips.",
        )
    seen = _Seen(names, keypoints, confidence)
    hips, shoulders = seen.middle("hip"), seen.middle("shoulder")
    up = hips.to(shoulders)
    above = seen.middle("ear").or_else(seen.point("nose"))
    # Where these joints lie between hips and shoulders, and above the ears, in the mean pose (`statistics`).
    derived = {
        "pelvis": seen.point("pelvis").or_else(hips),
        "spine": seen.point("spine").or_else(hips.moved(up, 0.55)),
        "thorax": seen.point("thorax").or_else(seen.point("neck")).or_else(hips.moved(up, 1.134)),
        # Human3.6M calls it neck or nose; it lies at the nose. Other data sets' necks are its thorax.
        "neck": seen.point("nose"),
        "head": seen.point("head").or_else(above.moved(up, 0.24)),
    }
    points = [derived.get(name) or seen.point(name) for name in HUMAN36M_JOINTS]
    return np.stack([p.position for p in points], 1), np.stack([p.confidence for p in points], 1)


@dataclass(frozen=True, eq=False)
class _Points:
    """One place on the body in every frame."""

    position: Array
    """(T, 2) pixels"""
    confidence: Array
    """(T,)"""

    def or_else(self, other: _Points) -> _Points:
        """This one, in frames without it the other."""
        known = self.confidence > 0
        position = np.where(known[:, None], self.position, other.position)
        return _Points(position, np.where(known, self.confidence, other.confidence))

    def to(self, other: _Points) -> _Points:
        """The vector from this to the other."""
        return _Points(other.position - self.position, np.minimum(self.confidence, other.confidence))

    def moved(self, vector: _Points, share: float) -> _Points:
        return _Points(
            self.position + share * vector.position, np.minimum(self.confidence, vector.confidence)
        )


class _Seen:
    """A detector's keypoints by name."""

    def __init__(self, names: Sequence[str], keypoints: NDArray[Any], confidence: NDArray[Any]) -> None:
        self._names = list(names)
        self._keypoints = np.nan_to_num(np.asarray(keypoints, np.float64))
        self._confidence = np.nan_to_num(np.asarray(confidence, np.float64))

    def point(self, name: str) -> _Points:
        if name not in self._names:
            frames = len(self._keypoints)
            return _Points(np.zeros((frames, 2)), np.zeros(frames))
        column = self._names.index(name)
        return _Points(self._keypoints[:, column], self._confidence[:, column])

    def middle(self, name: str) -> _Points:
        """Half-way between the left and the right."""
        left = self.point(f"left_{name}")
        return left.moved(left.to(self.point(f"right_{name}")), 0.5)
