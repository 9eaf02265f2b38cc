"""People in pictures with their 2D joints, in the JSON layouts that MPII Human Pose is shared in.

MPII itself comes as a MATLAB file. Public code of the stacked hourglass converts it to a list of objects with
`img_paths`, `objpos`, `scale_provided`, `joint_self` and `isValidation`; that of HRNet to one with `image`,
`center`, `scale`, `joints` and `joints_vis`, in one file for training and one for testing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.regions import Region
from lifting_core.errors import InvalidInput

_UNIT = 200.0
"""Pixels: MPII's scale is a person's height in multiples of it."""
_MARGIN, _DOWN = 1.25, 15.0
"""What public code adds to the scale, and takes the middle down by, so that no limb is cut off."""
_FIRST_PIXEL = 0.5
"""MPII counts as MATLAB does, from 1 in the middle of the first pixel; we from 0 at its border."""
_SIZE_LIMIT = 1 << 30
"""Bytes of a JSON file."""


@dataclass(frozen=True, eq=False)
class AnnotatedPerson:
    """One person in one picture."""

    image: Path
    region: Region
    """The square around the person."""
    joints: NDArray[np.float32]
    """(J, 2) pixels, NaN where nothing is annotated."""
    head: float
    """Pixels: the size of the head, which PCKh measures by; NaN where unknown."""


def read_people(
    path: Path, images: Path, joints: Sequence[str]
) -> tuple[list[AnnotatedPerson], list[AnnotatedPerson]]:
    """The people of a JSON file to train on, and those held out.

    `joints` names the annotated joints. An object may carry `head_size`, MPII's 0.6 times the diagonal of the
    head's box; otherwise it is the distance from the top of the head to the upper neck.
    Raises InvalidInput when the file holds something else.
    """
    advice = "Give MPII's annotations as the public code of stacked hourglasses or of HRNet has them."
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            raise InvalidInput(f"{path} is too large for annotations.", advice)
        entries = json.loads(path.read_text(encoding="utf-8"))
        people: tuple[list[AnnotatedPerson], list[AnnotatedPerson]] = ([], [])
        for entry in entries:
            people[bool(entry.get("isValidation", False))].append(_person(entry, images, joints))
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise InvalidInput(f"{path} does not hold annotated people: {error!r}.", advice) from error
    return people


def entry_of(person: AnnotatedPerson) -> dict[str, Any]:
    """The object of one person in HRNet's layout, which `read_people` reads back; the region is a square."""
    known = np.isfinite(person.joints).all(1)
    scale = person.region.height / (_MARGIN * _UNIT)
    middle = np.array([person.region.x, person.region.y - _DOWN * scale]) + _FIRST_PIXEL
    rows = np.where(known[:, None], person.joints + _FIRST_PIXEL, -1.0).astype(np.float64)
    entry: dict[str, Any] = {
        "image": person.image.name,
        "center": middle.round(3).tolist(),
        "scale": round(scale, 6),
        "joints": rows.round(3).tolist(),
        "joints_vis": known.astype(int).tolist(),
    }
    return entry | ({"head_size": round(person.head, 3)} if np.isfinite(person.head) else {})


def _person(entry: Mapping[str, Any], images: Path, names: Sequence[str]) -> AnnotatedPerson:
    is_mpii = "joint_self" in entry
    rows = np.asarray(entry["joint_self" if is_mpii else "joints"], np.float64)
    if rows.ndim != 2 or len(rows) != len(names) or rows.shape[1] < 2 or not np.isfinite(rows).all():
        raise ValueError(f"joints of shape {rows.shape}, not ({len(names)}, 2)")
    known = (rows[:, :2] > 0).all(1)
    if not is_mpii:
        known &= np.asarray(entry["joints_vis"], np.float64).reshape(len(names), -1)[:, 0] > 0
    joints = np.where(known[:, None], rows[:, :2] - _FIRST_PIXEL, np.nan).astype(np.float32)
    x, y = entry["objpos" if is_mpii else "center"]
    scale = float(entry["scale_provided" if is_mpii else "scale"])
    if not (np.isfinite([x, y]).all() and 0 < scale < 100):
        raise ValueError(f"a person of scale {scale} at ({x}, {y})")
    side = scale * _MARGIN * _UNIT
    region = Region(x - _FIRST_PIXEL, y - _FIRST_PIXEL + _DOWN * scale, side, side)
    image = images / entry["img_paths" if is_mpii else "image"]
    return AnnotatedPerson(image, region, joints, _head(entry, joints, names))


def _head(entry: Mapping[str, Any], joints: NDArray[np.float32], names: Sequence[str]) -> float:
    if "head_size" in entry:
        return float(entry["head_size"])
    if not {"head", "upper_neck"} <= set(names):
        return float("nan")
    return float(np.linalg.norm(joints[names.index("head")] - joints[names.index("upper_neck")]))
