from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifting_core.detection.detector import Person
from lifting_core.detection.poses import (
    SAME_PERSON,
    SEEN,
    SEEN_BY_MEDIAPIPE,
    hidden_outside,
    is_credible,
    mediapipe_confidence,
    similarity,
    size,
)

OUTLINE = np.array(
    [[0, 0], [-20, 40], [20, 40], [-15, 100], [15, 100], [-15, 180], [15, 180], [0, 90]], float
)


def person(x: float = 200, y: float = 100, scale: float = 1, confidence: float = 1) -> Person:
    keypoints = (OUTLINE * scale + (x, y)).astype(np.float32)
    return Person(keypoints, np.full(len(OUTLINE), confidence, np.float32))


def test_size_is_the_longer_side() -> None:
    assert size(person(scale=2)) == 360


@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(0.2, 5))
def test_similarity_follows_its_formula_at_any_scale(dx: float, dy: float, scale: float) -> None:
    there = person(200 + dx * scale, 100 + dy * scale, scale)
    expected = math.exp(-(dx**2 + dy**2) / (2 * (0.1 * 180) ** 2))
    assert similarity(person(scale=scale), there) == pytest.approx(expected, abs=1e-3)
    assert similarity(there, person(scale=scale)) == pytest.approx(expected, abs=1e-3)


def test_neighbours_are_two_people_and_a_jitter_is_one() -> None:
    assert similarity(person(), person(x=260)) < SAME_PERSON
    assert similarity(person(), person(x=205, y=103)) > SAME_PERSON


def test_what_is_not_seen_does_not_count() -> None:
    half = person()
    half.keypoints[5:] += 500
    half.confidence[5:] = 0
    assert similarity(person(), half) == pytest.approx(1)
    assert similarity(person(), person(confidence=0)) == 0


@pytest.mark.parametrize(
    ("candidate", "credible"),
    [
        (person(), True),
        (person(confidence=0.1), False),
        (person(scale=0.05), False),
        (person(scale=40), False),
    ],
)
def test_specks_giants_and_the_unseen_are_not_credible(candidate: Person, credible: bool) -> None:
    assert is_credible(candidate, (640, 480), SEEN) is credible


def test_confidence_falls_to_zero_outside_the_picture() -> None:
    keypoints = np.array([[0, 0], [640, 480], [-1.5, 50], [50, 483], [-50, 50], [300, 100]], np.float32)
    faded = hidden_outside(keypoints, np.full(6, 0.8, np.float32), (640, 480))
    ramp = 0.03 * 690
    expected = 0.8 * np.array([1, 1, 1 - 1.5 / ramp, 1 - 3 / ramp, 0, 1])
    np.testing.assert_allclose(faded, expected, rtol=1e-5)


def test_what_mediapipe_guesses_counts_for_less_and_for_something() -> None:
    visibility, presence = np.array([1, 0.9, 0.05, 0.01, 0], np.float32), np.ones(5, np.float32)
    confidence = mediapipe_confidence(visibility, presence)
    np.testing.assert_allclose(confidence, [1, 0.974, 0.473, 0.316, 0], atol=1e-3)
    np.testing.assert_array_equal(confidence, mediapipe_confidence(presence, visibility))


def test_a_pose_that_is_all_guesswork_is_not_credible() -> None:
    guessed = person(confidence=0.8)
    assert is_credible(guessed, (640, 480), SEEN)
    assert not is_credible(guessed, (640, 480), SEEN_BY_MEDIAPIPE)
