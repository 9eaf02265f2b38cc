from __future__ import annotations

import numpy as np

from training.rendering.shapes import draw_sex_and_age, draw_shape


def _share_of_child(targets: dict[str, float]) -> float:
    return sum(weight for name, weight in targets.items() if "child" in name and "universal" in name)


def test_a_child_is_shaped_by_the_faces_of_its_age() -> None:
    for age, child in ((10.0, 1.0), (14.5, 0.5), (19.0, 0.0), (50.0, 0.0)):
        targets = draw_shape(np.random.default_rng(0), 0.5, age)
        np.testing.assert_allclose(_share_of_child(targets), child, atol=1e-9)


def test_men_and_women_are_mixed() -> None:
    for sex in (0.0, 0.25, 1.0):
        targets = draw_shape(np.random.default_rng(0), sex, 30)
        male = sum(weight for name, weight in targets.items() if "universal-male" in name)
        np.testing.assert_allclose(male, sex, atol=1e-9)


def test_ages_and_sexes() -> None:
    drawn = np.array([draw_sex_and_age(np.random.default_rng(seed)) for seed in range(500)])
    assert drawn.min(0)[1] >= 4
    assert drawn.max(0)[1] <= 86
    assert 0.15 < (drawn[:, 1] < 16).mean() < 0.25
    assert 0.4 < (drawn[:, 0] > 0.5).mean() < 0.6
