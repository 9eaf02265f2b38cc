"""People drawn at random: sex, age, build, skin, hair and clothes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.rendering.dressing import Clothes
from training.rendering.shapes import draw_sex_and_age, draw_shape
from training.rendering.stage import Colour

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
    """Somebody between 4 and 86 years."""
    sex, age = draw_sex_and_age(rng)
    return PersonDescription(sex, age, draw_shape(rng, sex, age) | _proportions(rng), _clothes(rng))


def _proportions(rng: np.random.Generator) -> dict[str, float]:
    """Weighted targets that make single parts of the body larger or smaller."""
    targets = {}
    for name, most in _PROPORTIONS.items():
        weight = most * rng.random()
        targets[f"{name}-{rng.choice(['decr', 'incr'])}"] = weight
    return targets


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
