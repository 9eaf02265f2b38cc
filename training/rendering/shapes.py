"""Shapes of bodies drawn at random, from children to the old, as weighted targets of MakeHuman."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

_CHILDREN = 0.2
"""Share of people who are not grown up."""
_RACES = ("african", "asian", "caucasian")
# MakeHuman's base faces stand for these ages in years.
_YEARS = {"baby": 1.0, "child": 10.0, "young": 19.0, "old": 95.0}
_YOUNGEST = 4.0
_HEIGHT = 0.3
"""Share of MakeHuman's least and greatest height (1.37 and 2.45 m for a man) that people reach."""


def draw_sex_and_age(rng: np.random.Generator) -> tuple[float, float]:
    """From 0, female, to 1, male; and years, from 4 to 86."""
    sex = float(np.clip(rng.normal(rng.integers(2), 0.12), 0, 1))
    child = rng.random() < _CHILDREN
    return sex, float(rng.uniform(_YOUNGEST, 16) if child else 16 + 70 * rng.beta(1.1, 2.5))


def draw_shape(rng: np.random.Generator, sex: float, age: float) -> dict[str, float]:
    """Weighted targets, mixed as MakeHuman mixes them (`targets/macrodetails/macro.json`)."""
    sexes = {"female": 1 - sex, "male": sex}
    races = dict(zip(_RACES, rng.dirichlet([0.5] * 3).tolist(), strict=True))
    ages = _ages(age)
    muscle, weight = _between(rng, "muscle"), _between(rng, "weight")
    shape = _product("macrodetails/{}-{}-{}", races, sexes, ages)
    shape |= _product("macrodetails/universal-{}-{}-{}-{}", sexes, ages, muscle, weight)
    for folder, extremes, most in (
        ("height", ("minheight", "maxheight"), _HEIGHT),
        ("proportions", ("uncommonproportions", "idealproportions"), 1.0),
    ):
        pattern = f"macrodetails/{folder}/{{}}-{{}}-{{}}-{{}}-{rng.choice(extremes)}"
        grown = {name: share for name, share in ages.items() if name != "baby"}  # babies have one height
        shape |= _product(pattern, sexes, grown, muscle, weight, scale=most * rng.random())
    return shape


def _ages(years: float) -> dict[str, float]:
    """Shares of the two base faces between which an age lies."""
    (below, low), (above, high) = next(
        pair for pair in itertools.pairwise(_YEARS.items()) if years <= pair[1][1]
    )
    share = (years - low) / (high - low)
    return {below: 1 - share, above: share}


def _between(rng: np.random.Generator, what: str) -> dict[str, float]:
    """The average, mixed with one of the extremes."""
    amount = float(rng.beta(1.2, 1.6))
    return {f"average{what}": 1 - amount, f"{rng.choice(['min', 'max'])}{what}": amount}


def _product(pattern: str, *choices: Mapping[str, float], scale: float = 1.0) -> dict[str, float]:
    return {
        pattern.format(*(name for name, _ in chosen)): scale * float(np.prod([share for _, share in chosen]))
        for chosen in itertools.product(*(choice.items() for choice in choices))
        if all(share > 0 for _, share in chosen)
    }
