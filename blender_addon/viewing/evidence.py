"""What the engine saw in a clip, for those who look at it; read from a Motion file."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput
from ..motion_file import step_of

_LARGEST = 2**31  # bytes of one array
_WEAK = 0.45  # mean confidence of the joints; somebody seen whole comes to 0.5 to 0.58
_SHORTEST = 0.2  # seconds; a shorter dip is not worth a marker

_ARRAYS = (
    "time",
    "image_size",
    "camera_matrix",
    "joint_parents",
    "joints_camera",
    "joint_confidence",
    "keypoint_names",
    "keypoints_2d",
    "keypoint_confidence",
)


@dataclass(frozen=True, eq=False)
class Evidence:
    """One person in one clip: frames T, joints J, keypoints K; pixels of the upright picture."""

    source: str
    """Name of the clip's file."""
    time: NDArray[np.float64]
    """(T,) seconds"""
    clip_fps: float
    """Frames a second of the clip itself, of which not all may have been lifted."""
    image_size: tuple[int, int]
    keypoint_names: tuple[str, ...]
    keypoints: NDArray[np.float64]
    """(T, K, 2)"""
    keypoint_confidence: NDArray[np.float64]
    """(T, K)"""
    joint_parents: NDArray[np.int64]
    """(J,) -1 for the root"""
    joints: NDArray[np.float64]
    """(T, J, 2) where the lifted joints are seen; NaN without a person."""
    joint_confidence: NDArray[np.float64]
    """(T, J)"""

    def index(self, time: float) -> int | None:
        """The frame that is shown at a time of the clip; None before its first and after its last."""
        step = np.median(np.diff(self.time)) if len(self.time) > 1 else np.inf
        nearest = int(abs(self.time - time).argmin())
        return nearest if abs(self.time[nearest] - time) <= step else None


@dataclass(frozen=True)
class WeakRange:
    """A stretch of the clip that deserves a look; seconds."""

    start: float
    end: float
    lost: bool
    """Nobody is there, rather than somebody who is seen badly."""


def read_evidence(path: Path) -> Evidence:
    """Raises InvalidInput when the file is missing or no Motion file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            _check_sizes(path)
            arrays: dict[str, Any] = {name: file[name] for name in _ARRAYS}
            return _evidence(str(file["source"]), float(file["fps"]) * step_of(file), arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InvalidInput(f"{path} cannot be shown: {error}.", "Lift the clip again.") from error


def _check_sizes(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        if any(entry.file_size > _LARGEST for entry in archive.infolist()):
            raise ValueError("an array is too large")


def _evidence(source: str, clip_fps: float, arrays: dict[str, Any]) -> Evidence:
    seen = np.asarray(arrays["joints_camera"], np.float64) @ np.asarray(arrays["camera_matrix"]).T
    depth = np.where(seen[..., 2:] > 0.05, seen[..., 2:], np.nan)
    width, height = (int(size) for size in arrays["image_size"])
    evidence = Evidence(
        source=source,
        time=np.asarray(arrays["time"], np.float64),
        clip_fps=clip_fps,
        image_size=(width, height),
        keypoint_names=tuple(map(str, arrays["keypoint_names"])),
        keypoints=np.asarray(arrays["keypoints_2d"], np.float64),
        keypoint_confidence=np.asarray(arrays["keypoint_confidence"], np.float64),
        joint_parents=np.asarray(arrays["joint_parents"], np.int64),
        joints=seen[..., :2] / depth,
        joint_confidence=np.asarray(arrays["joint_confidence"], np.float64),
    )
    over_time = (evidence.time, evidence.keypoints, evidence.joints, evidence.joint_confidence)
    if len({len(array) for array in over_time}) != 1 or len(evidence.time) == 0:
        raise ValueError("its arrays do not fit each other")
    return evidence


def weak_ranges(evidence: Evidence) -> list[WeakRange]:
    """Where nobody was found, and where the body was seen badly for a while."""
    confidence = evidence.joint_confidence
    known = confidence[:, confidence.max(0) > 0]  # joints that these weights give at all
    level = known.mean(1) if known.size else np.zeros(len(confidence))
    lost = ~np.isfinite(evidence.joints).any((1, 2))
    found: list[WeakRange] = []
    for is_lost, where in ((True, lost), (False, ~lost & (level < _WEAK))):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(int), [0]])))
        for first, after in edges.reshape(-1, 2):
            start, end = float(evidence.time[first]), float(evidence.time[after - 1])
            if end - start >= _SHORTEST:
                found.append(WeakRange(start, end, is_lost))
    return sorted(found, key=lambda weak: weak.start)
