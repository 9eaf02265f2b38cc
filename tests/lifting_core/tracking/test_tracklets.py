from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifting_core.detection.detector import Person
from lifting_core.tracking.tracklets import Tracklet, box, join, pair

OUTLINE = np.array([[0, 0], [-20, 40], [20, 40], [-15, 100], [15, 100], [-15, 180], [15, 180]], np.float32)
LIMBS = [(1, 3), (2, 4), (3, 5), (4, 6)]


def person(x: float, y: float = 100, scale: float = 1) -> Person:
    return Person((OUTLINE * scale + (x, y)).astype(np.float32), np.ones(len(OUTLINE), np.float32))


def walk(start: int, end: int, x: float, speed: float, scale: float = 1, rate: float = 30) -> Tracklet:
    """From frame `start` to before `end`, at x in the first frame, `speed` pixels a frame."""
    tracklet = Tracklet()
    for frame in range(start, end):
        tracklet.add(frame, frame / rate, person(x + speed * (frame - start), scale=scale))
    return tracklet


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(st.floats(0, 1.4), min_size=n, max_size=n), min_size=1, max_size=4)
    )
)
def test_pairs_have_the_least_total_cost(costs: list[list[float]]) -> None:
    rows, columns = len(costs), len(costs[0])
    pairs = pair(costs)
    assert len(pairs) == min(rows, columns)
    small, large = sorted((rows, columns))
    table = np.array(costs) if rows <= columns else np.array(costs).T
    best = min(
        sum(table[i, j] for i, j in enumerate(choice))
        for choice in itertools.permutations(range(large), small)
    )
    assert sum(costs[row][column] for row, column in pairs) == pytest.approx(best)


def test_what_is_out_of_reach_is_not_paired() -> None:
    assert pair([[float("inf"), 0.2], [float("inf"), 0.1]]) == [(1, 1)]
    assert pair([]) == []
    assert pair([[], []]) == []


def test_velocities_are_those_at_either_end() -> None:
    tracklet = walk(0, 30, 100, 2)
    for frame in range(30, 60):
        tracklet.add(frame, frame / 30, person(160 - 4 * (frame - 30)))
    np.testing.assert_allclose(tracklet.first_velocity(), [60, 0], atol=1e-3)
    np.testing.assert_allclose(tracklet.last_velocity(), [-120, 0], atol=1e-3)
    np.testing.assert_array_equal(walk(0, 1, 100, 2).last_velocity(), [0, 0])


def test_a_box_holds_what_is_seen() -> None:
    half = person(100)
    half.confidence[3:] = 0.1
    np.testing.assert_allclose(box(half.keypoints, half.confidence), [80, 100, 40, 40])
    np.testing.assert_allclose(box(half.keypoints, half.confidence * 0), [80, 100, 40, 180])


def test_link_cost_of_the_next_step_is_small_and_of_a_leap_infinite() -> None:
    tracklet = walk(0, 10, 100, 5)
    assert tracklet.link_cost(10 / 30, person(150)) == pytest.approx(0, abs=1e-4)
    assert tracklet.link_cost(10 / 30, person(168)) == pytest.approx(0.1, abs=1e-3)
    assert tracklet.link_cost(10 / 30, person(300)) == float("inf")


def test_pieces_of_one_way_are_joined_and_a_turn_costs() -> None:
    before, on, back = walk(0, 10, 100, 5), walk(20, 30, 200, 5), walk(20, 30, 200, -5)
    assert before.join_cost(on, LIMBS) == pytest.approx(0, abs=1e-3)
    assert before.join_cost(back, LIMBS) > 0.4
    assert on.join_cost(before, LIMBS) == float("inf")
    assert [one.frames for one in join([on, before], LIMBS)] == [[*range(10), *range(20, 30)]]


def test_a_leap_is_joined_if_nobody_else_can_be_meant() -> None:
    before, after = walk(0, 10, 100, 1), walk(16, 26, 210, -12)
    assert before.join_cost(after, LIMBS) == float("inf")
    assert len(join([before, after], LIMBS)) == 1
    assert len(join([before, after, walk(16, 26, 116, 1)], LIMBS)) == 2
    assert len(join([before, walk(26, 36, 210, -12)], LIMBS)) == 2


def test_size_tells_people_apart_who_reappear_in_one_place() -> None:
    tall, small = walk(0, 10, 100, 0), walk(0, 10, 130, 0, scale=0.6)
    tall_again, small_again = walk(20, 30, 130, 0), walk(20, 30, 100, 0, scale=0.6)
    joined = join([tall, small, small_again, tall_again], LIMBS)
    assert len(joined) == 2
    for one in joined:
        heights = [float(np.ptp(sighting.keypoints[:, 1])) for sighting in one.people]
        assert np.ptp(heights) == pytest.approx(0, abs=1e-3)


def test_the_one_in_front_keeps_what_was_seen_meanwhile() -> None:
    front = walk(0, 60, 100, 4)
    joined = join([front, walk(0, 25, 320, -4), walk(35, 60, 180, -4)], LIMBS)
    assert sorted(len(one.frames) for one in joined) == [50, 60]
