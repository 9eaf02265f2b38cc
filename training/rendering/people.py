"""People drawn at random: sex, age, build, skin, hair and clothes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.rendering.dressing import Clothes
from training.rendering.stage import Colour

_CHILDREN = 0.2
"""Share of people who are not grown up."""
_RACES = ("african", "asian", "caucasian")
# MakeHuman's base faces stand for these ages in years.
_YEARS = {"baby": 1.0, "child": 10.0, "young": 19.0, "old": 95.0}
_YOUNGEST = 4.0
_HEIGHT = 0.3
"""Share of MakeHuman's least and greatest height (1.37 and 2.45 m for a man) that people reach."""
_PROPORTIONS = {
    "hip/hip-scale-horiz": 0.5,
    "torso/torso-scale-vert": 0.2,
    "torso/measure-shoulder-dist": 0.5,
    "arms/measure-upperarm-length": 0.3,
    "arms/measure-lowerarm-length": 0.3,
    "legs/measure-upperleg-height": 0.25,
    "legs/measure-lowerleg-height": 0.25,
}
"""Targets of single proportions, each with a `decr` and an `incr`, and their greatest weight."""

_SKINS = ((0.75, 0.50, 0.38), (0.62, 0.36, 0.25), (0.42, 0.23, 0.14), (0.20, 0.10, 0.06), (0.08, 0.04, 0.025))
_HAIRS = ((0.02, 0.015, 0.012), (0.08, 0.04, 0.02), (0.25, 0.13, 0.05), (0.55, 0.38, 0.18), (0.5, 0.5, 0.5))


@dataclass(frozen=True)
class PersonDescription:
    """What somebody looks like."""

    sex: float
    """0 female, 1 male."""
    age: float
    """Years."""
    targets: Mapping[str, float]
    """MakeHuman's shape targets with their weights."""
    clothes: Clothes


def draw_person(rng: np.random.Generator) -> PersonDescription:
    """Somebody between 4 and 90 years."""
    sex = float(np.clip(rng.normal(rng.integers(2), 0.12), 0, 1))
    child = rng.random() < _CHILDREN
    age = rng.uniform(_YOUNGEST, 16) if child else 16 + 70 * rng.beta(1.1, 2.5)
    return PersonDescription(sex, float(age), _shape(rng, sex, float(age)), _clothes(rng))


def _shape(rng: np.random.Generator, sex: float, age: float) -> dict[str, float]:
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
    for name, most in _PROPORTIONS.items():
        shape[f"{name}-{rng.choice(['decr', 'incr'])}"] = most * rng.random()
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


def _clothes(rng: np.random.Generator) -> Clothes:
    return Clothes(
        shirt=_cloth(rng),
        trousers=_cloth(rng),
        shoes=_cloth(rng),
        skin=_near(rng, _SKINS[rng.integers(len(_SKINS))], 0.06),
        hair=_near(rng, _HAIRS[rng.integers(len(_HAIRS))], 0.1),
        sleeves=float(rng.choice([0.25, 2 / 3, 2 / 3, 1.9])),
        legs=float(rng.choice([0.35, 0.5, 1.0, 1.0, 1.0])),
        long_hair=bool(rng.random() < 0.3),
        skirt=bool(rng.random() < 0.08),
        looseness=float(0.03 * rng.random() ** 2),
    )


def _cloth(rng: np.random.Generator) -> Colour:
    """From black to white, mostly of little saturation."""
    value, saturation = rng.beta(0.9, 1.2), rng.beta(0.8, 1.5)
    hue = np.clip(np.abs((rng.random() * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    red, green, blue = value * (1 - saturation * (1 - hue))
    return float(red), float(green), float(blue)


def _near(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    red, green, blue = np.clip(
        np.array(colour) * np.exp(spread * rng.normal(size=3) + 2 * spread * rng.normal()), 0, 1
    )
    return float(red), float(green), float(blue)
