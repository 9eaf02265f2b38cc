from __future__ import annotations

from itertools import product

from training.datasets.human36m.completeness import listed, missing
from training.datasets.human36m.names import ACTIONS, CAMERAS, SUBJECTS, TAKES

WHOLE = set(product(SUBJECTS, ACTIONS, TAKES, CAMERAS))


def test_nothing_is_missing_from_the_whole() -> None:
    assert missing(WHOLE) == []


def test_the_damaged_take_may_be_absent() -> None:
    assert missing({key for key in WHOLE if key[:3] != ("S11", "Directions", 1)}) == []
    assert missing({key for key in WHOLE if key[:3] != ("S11", "Directions", 2)}) == ["S11 Directions"]


def test_everything_absent_is_named_in_the_fewest_words() -> None:
    present = {
        (subject, action, take, camera)
        for subject, action, take, camera in WHOLE
        if subject != "S9"
        and action != "Posing"
        and camera != "58860488"
        and (subject, action) != ("S1", "Walking")
        and (subject, camera) != ("S5", "55011271")
        and (subject, action, take) != ("S6", "Eating", 2)
        and (subject, action, take, camera) != ("S7", "Photo", 1, "60457274")
    }
    assert missing(present) == [
        "S9",
        "Posing",
        "camera 58860488",
        "S1 Walking",
        "S5 camera 55011271",
        "S6 Eating take 2",
        "S7 Photo take 1 camera 60457274",
    ]


def test_everything_is_missing_from_nothing() -> None:
    assert missing(set()) == list(SUBJECTS)


def test_long_lists_are_cut() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(number) for number in range(11)]) == "0, 1, 2, 3, 4, 5, 6, 7 and 3 more"
