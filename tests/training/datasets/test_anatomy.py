"""The table beside figures of anthropometry that have nothing to do with its making."""

from __future__ import annotations

import json

import numpy as np
import pytest

from training.datasets.anatomy import SEGMENTS, TABLE, anatomy

# Average adults, metres: NASA-STD-3000 and ANSUR II (men and women).
_MEASURED = {
    ("ear", "ear"): (0.145, 0.012),  # bitragion breadth
    ("heel", "toe"): (0.26, 0.02),  # foot length
    ("index", "pinky"): (0.075, 0.015),  # between the joints; the hand's breadth is 85 mm
}


def test_ears_feet_and_hands_are_as_large_as_peoples() -> None:
    body = anatomy()
    ears = 2 * body.head["ear"][0]
    foot = np.linalg.norm(np.subtract(body.foot["heel"], body.foot["toe"]))
    knuckles = np.linalg.norm(np.subtract(body.hand["index"], body.hand["pinky"]))
    for found, (length, tolerance) in zip((ears, foot, knuckles), _MEASURED.values(), strict=True):
        assert found == pytest.approx(length, abs=tolerance)


def test_points_lie_on_the_sides_that_their_axes_tell() -> None:
    body = anatomy()
    assert body.head["nose"][1] < body.head["eye"][1] < 0  # y is back
    assert body.head["crown"][2] > body.head["eye"][2] > body.head["nose"][2]
    assert body.head["ear"][0] > body.head["eye"][0] > 0
    assert body.foot["toe"][1] < 0 < body.foot["heel"][1]
    assert body.foot["heel"][2] < -0.03
    assert body.hand["index"][1] > 0 > body.hand["pinky"][1]
    assert body.hand["thumb"][1] > body.hand["index"][1]
    assert body.hand["thumb"][2] < 0  # the thumb lies toward the palm


def test_proportions_vary_as_much_as_peoples() -> None:
    """Standard deviations of segments as shares of the stature: 2 to 9 % (Drillis & Contini; ANSUR)."""
    spread = anatomy().spread
    np.testing.assert_array_equal(spread, np.tril(spread))
    deviations = np.sqrt((spread @ spread.T).diagonal())
    assert len(deviations) == len(SEGMENTS)
    assert 0.015 < deviations.min() < deviations.max() < 0.1


def test_average_segments_are_those_of_textbooks() -> None:
    """Of stature, from Drillis & Contini 1966 (in Winter, "Biomechanics and Motor Control")."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    share = dict(zip(SEGMENTS, np.exp(table["mean"]), strict=True))
    assert tuple(table["segments"]) == SEGMENTS
    # Not the upper arm: MakeHuman's shoulder is some way down the arm.
    for name, length in {"thigh": 0.245, "shin": 0.246, "forearm": 0.146, "foot": 0.152}.items():
        assert share[name] == pytest.approx(length, rel=0.08), name
