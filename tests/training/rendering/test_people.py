from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("bpy", reason="clothes are Blender's, which this Python does not have")

from training.rendering.people import draw_person


def test_shapes_mix_whole_bodies() -> None:
    for seed in range(50):
        targets = draw_person(np.random.default_rng(seed)).targets
        faces = {name: weight for name, weight in targets.items() if name.count("/") == 1 and "macro" in name}
        for kind in ("macrodetails/universal", *(f"macrodetails/{race}" for race in ("african",))):
            assert sum(weight for name, weight in faces.items() if name.startswith(kind)) <= 1 + 1e-9
        universal = sum(weight for name, weight in faces.items() if "universal" in name)
        races = sum(weight for name, weight in faces.items() if "universal" not in name)
        assert universal == pytest.approx(1)
        assert races == pytest.approx(1)
        assert min(targets.values()) >= 0


def test_all_kinds_of_people_are_drawn() -> None:
    people = [draw_person(np.random.default_rng(seed)) for seed in range(400)]
    ages = np.array([person.age for person in people])
    assert 4 <= ages.min() < 8
    assert 70 < ages.max() <= 90
    assert 0.12 < (ages < 16).mean() < 0.28
    assert 0.4 < np.mean([person.sex > 0.5 for person in people]) < 0.6
    cuts = Counter((person.clothes.long_hair, person.clothes.skirt) for person in people)
    assert len(cuts) == 4
    colours = np.array([person.clothes.shirt + person.clothes.skin for person in people])
    assert colours.min() >= 0
    assert colours.max() <= 1


def test_the_same_seed_draws_the_same_person() -> None:
    assert draw_person(np.random.default_rng(7)) == draw_person(np.random.default_rng(7))
