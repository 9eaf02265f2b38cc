"""Keypoint files of any kind, checked and by frame."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.detector import Person
from lifting_core.detection.joint_sets import (
    BODY_25,
    COCO,
    COCO_WHOLEBODY,
    HALPE_26,
    MEDIAPIPE,
    MPII,
    OPENPOSE_COCO,
)
from lifting_core.detection.keypoint_files.formats import frame_number, read_mediapipe, reader_for
from lifting_core.errors import InvalidInput

_ADVICE = (
    "Give the JSON of COCO results or annotations, MMPose or MediaPipe, or the folder that OpenPose wrote "
    "with --write_json."
)
_SIZE_LIMIT = 1 << 30
"""Bytes of a file."""
_SETS = (MPII, COCO, OPENPOSE_COCO, BODY_25, HALPE_26, MEDIAPIPE, COCO_WHOLEBODY)
_BY_COUNT = {len(names): names for names in _SETS}
"""Nothing but their number tells the keypoints of a file."""


@dataclass(frozen=True, eq=False)
class FoundKeypoints:
    """What a file tells."""

    names: tuple[str, ...]
    people: Mapping[int, tuple[Person, ...]]
    """By frame, from 0."""
    relative: bool
    """Whether positions are shares of the picture's width and height, not pixels."""


def read_keypoints(path: Path) -> FoundKeypoints:
    """Read a file, or OpenPose's folder of files. Raises InvalidInput when it cannot be made sense of."""
    try:
        found: dict[int, list[NDArray[np.float32]]] = {}
        relative = False
        for file, shift in _files(path):
            content = _load(file)
            reader = reader_for(content)
            if reader is None:
                raise ValueError(f"{file.name} is JSON of an unknown kind")
            relative = reader is read_mediapipe
            for frame, person in reader(content):
                if not (person[:, 2] <= 0).all():  # COCO's files also tell of people whom nobody has marked
                    found.setdefault(frame + shift, []).append(person)
        names = _names({len(person) for people in found.values() for person in people})
        people = {frame: tuple(map(_person, some)) for frame, some in found.items()}
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise InvalidInput(f"{path} does not hold people's keypoints: {error}.", _ADVICE) from error
    return FoundKeypoints(names, people, relative)


def _files(path: Path) -> Iterator[tuple[Path, int]]:
    """The files to read, and the number of the frame that each begins with."""
    if not path.is_dir():
        yield path, 0
        return
    files = sorted(path.glob("*.json"))
    if not files:
        raise ValueError("there is no .json in it")
    for file in files:
        yield file, frame_number(file.stem)


def _load(file: Path) -> Any:
    if file.stat().st_size > _SIZE_LIMIT:
        raise ValueError("it is too large")
    return json.loads(file.read_text(encoding="utf-8"))


def _names(counts: set[int]) -> tuple[str, ...]:
    if not counts:
        raise ValueError("nobody is in it")
    if len(counts) > 1:
        raise ValueError(f"people have {' or '.join(map(str, sorted(counts)))} keypoints")
    (count,) = counts
    if count not in _BY_COUNT:
        known = ", ".join(map(str, sorted(_BY_COUNT)))
        raise ValueError(f"people have {count} keypoints, none of {known}")
    return _BY_COUNT[count]


def _person(values: NDArray[np.float32]) -> Person:
    """(K, 3) x, y and confidence. What was not found stands in the middle of the rest, without confidence."""
    if not np.isfinite(values).all():
        raise ValueError("there are positions that are no numbers")
    positions, confidence = values[:, :2].copy(), np.clip(values[:, 2], 0, 1)
    missing = confidence == 0
    positions[missing] = positions[~missing].mean(axis=0)
    return Person(positions, confidence)
