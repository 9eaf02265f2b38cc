"""Where points lie on a body and how long its segments are, measured on MakeHuman's bodies.

The table is made by training/measure_bodies.py. Offsets are metres on an adult of 1.73 m.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TABLE = Path(__file__).with_name("anatomy.json")

SEGMENTS: tuple[str, ...] = (
    *("hip", "thigh", "shin", "foot", "trunk", "shoulder", "upper_arm", "forearm", "hand", "neck", "head"),
)
"""Half the hips' width, hip to knee, knee to ankle, heel to toe, pelvis to thorax, half the shoulders' width,
shoulder to elbow, elbow to wrist, wrist to knuckles, thorax to skull, skull to crown."""

Offsets = Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What `anatomy.json` holds."""

    head: Offsets
    """Nose, crown, ear and eye (left ones) from the middle of the ears: x left, y back, z up."""
    hand: Offsets
    """Knuckles of index, pinky and thumb from the wrist: x along the hand, y toward the thumb's side, z out
    of the hand's back."""
    foot: Offsets
    """Heel and toe of the left foot from the ankle: x left, y back, z up from the sole."""
    spread: NDArray[np.float64]
    """(S, S) turns standard normal numbers into logarithms of `SEGMENTS` over those of the average body, as
    shares of the stature (a Cholesky factor of their covariance)."""


@lru_cache(maxsize=1)
def anatomy() -> Anatomy:
    """The table."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    head, hand, foot = (
        {name: (x, y, z) for name, (x, y, z) in table[part].items()} for part in ("head", "hand", "foot")
    )
    return Anatomy(head, hand, foot, np.array(table["spread"]))
