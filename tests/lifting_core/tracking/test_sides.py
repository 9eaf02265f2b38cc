"""On a simulated person whose sides are known, seen from anywhere."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lifting_core.detection.detector import Person
from lifting_core.detection.joint_sets import COCO, MEDIAPIPE
from lifting_core.tracking import Tracker, sides
from lifting_core.tracking.sides import consistent_sides

LEGS = ("hip", "knee", "ankle", "heel", "foot_index")
HEIGHT = 300.0
# Outward, forward and up of the left one, as shares of the height.
STANDING = {
    **{
        "nose": (0, 0.06, 0.93),
        "eye": (0.02, 0.05, 0.95),
        "ear": (0.045, 0, 0.94),
        "mouth": (0.01, 0.05, 0.9),
    },
    **{"shoulder": (0.1, 0, 0.82), "elbow": (0.14, 0, 0.63), "wrist": (0.15, 0.03, 0.48)},
    **{"pinky": (0.16, 0.03, 0.43), "index": (0.15, 0.05, 0.43), "thumb": (0.14, 0.05, 0.46)},
    **{"hip": (0.06, 0, 0.53), "knee": (0.06, 0.01, 0.28), "ankle": (0.06, 0, 0.05)},
    **{"heel": (0.06, -0.03, 0.02), "foot_index": (0.07, 0.09, 0.02)},
}
SWING = {"knee": 0.1, "ankle": 0.2, "heel": 0.2, "foot_index": 0.2, "elbow": -0.06, "wrist": -0.12}
SWING |= {"pinky": -0.13, "index": -0.13, "thumb": -0.13}


def part_of(name: str) -> str:
    return max((part for part in STANDING if part in name), key=len)


def walk(
    names: Sequence[str], time: NDArray[np.float64], facing: NDArray[np.float64], stride: float, noise: float
) -> NDArray[np.float32]:
    """(T, K, 2) pixels of somebody who swings legs and arms `stride` times a second; 0 faces the camera."""
    keypoints = np.empty((len(time), len(names), 2))
    for column, name in enumerate(names):
        side = 1 if "left" in name else -1 if "right" in name else 0
        outward, forward, up = STANDING[part_of(name)]
        swing = side * SWING.get(part_of(name), 0.0) * np.sin(2 * np.pi * stride * time)
        x = side * outward * np.cos(facing) + (forward + swing) * np.sin(facing)
        keypoints[:, column] = np.stack([400 + HEIGHT * x, np.full(len(time), 500 - HEIGHT * up)], 1)
    random = np.random.default_rng(0)
    return (keypoints + random.normal(0, noise * HEIGHT, keypoints.shape)).astype(np.float32)


def others(names: Sequence[str], parts: Sequence[str] | None = None) -> NDArray[np.intp]:
    """The column of every keypoint's other side, of its own where it is not of these parts."""
    exchange = {"left": "right", "right": "left"}
    columns = []
    for column, name in enumerate(names):
        side = next((side for side in exchange if side in name), None)
        wanted = side is not None and (parts is None or part_of(name) in parts)
        columns.append(names.index(name.replace(side, exchange[side])) if side and wanted else column)
    return np.array(columns)


seen_from = st.floats(0, 2 * np.pi)


@settings(max_examples=40, deadline=None)
@given(
    seen_from, st.floats(-1, 1), st.integers(24, 60), st.floats(0.5, 1.2), st.sampled_from([COCO, MEDIAPIPE])
)
def test_who_is_seen_rightly_stays_so(
    facing: float, turning: float, fps: int, stride: float, names: tuple[str, ...]
) -> None:
    time = np.arange(60) / fps
    keypoints = walk(names, time, facing + turning * time, stride, 0.006)
    confidence = np.full(keypoints.shape[:2], 0.9, np.float32)
    found, trust = consistent_sides(names, time, keypoints, confidence)
    np.testing.assert_array_equal(found, keypoints)
    np.testing.assert_array_equal(trust, confidence)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-0.9, 0.9),
    st.booleans(),
    st.integers(24, 60),
    st.integers(20, 45),
    st.integers(3, 15),
    st.booleans(),
)
def test_confused_sides_are_put_right(
    facing: float, behind: bool, fps: int, start: int, length: int, legs_only: bool
) -> None:
    time = np.arange(80) / fps
    truth = walk(MEDIAPIPE, time, np.full(80, facing + np.pi * behind), 0.8, 0.004)
    swapped = others(MEDIAPIPE, LEGS if legs_only else None)
    confused, wrong = truth.copy(), slice(start, start + length)
    confused[wrong] = confused[wrong][:, swapped]
    confidence = np.random.default_rng(1).uniform(0.8, 1, truth.shape[:2]).astype(np.float32)
    told = confidence.copy()
    told[wrong] = told[wrong][:, swapped]
    found, trust = consistent_sides(MEDIAPIPE, time, confused, told)
    # Where legs pass each other, or a single sighting is as well left out, the sides do not matter.
    judged = trust > 0
    assert judged.mean() > 0.9
    astray = np.linalg.norm(found - truth, axis=-1)[judged]
    assert (astray > 0.08 * HEIGHT).mean() < 0.05
    assert np.isin(trust[judged], confidence).all()


def test_where_left_and_right_fall_together_neither_counts() -> None:
    time = np.arange(40) / 30
    keypoints = walk(MEDIAPIPE, time, np.zeros(40), 0.8, 0.004)
    middle = (keypoints[20] + keypoints[20, others(MEDIAPIPE)]) / 2
    trunk = [column for column, name in enumerate(MEDIAPIPE) if part_of(name) not in (*LEGS, "nose")]
    keypoints[20, trunk] = middle[trunk]
    found, trust = consistent_sides(MEDIAPIPE, time, keypoints, np.ones(keypoints.shape[:2], np.float32))
    np.testing.assert_array_equal(found, keypoints)
    expected = np.ones_like(trust)
    expected[20, trunk] = 0
    np.testing.assert_array_equal(trust, expected)


def test_the_longer_part_of_a_clip_decides() -> None:
    time = np.arange(60) / 30
    keypoints = walk(COCO, time, np.zeros(60), 0.8, 0.004)
    keypoints[:20] = keypoints[:20][:, others(COCO)]
    found, _ = consistent_sides(COCO, time, keypoints, np.ones(keypoints.shape[:2], np.float32))
    left, right = (found[:, COCO.index(f"{side}_shoulder"), 0] for side in ("left", "right"))
    assert (left > right).all()


def test_who_turns_round_unseen_is_believed() -> None:
    time = np.concatenate([np.arange(20) / 30, 2 + np.arange(20) / 30])
    keypoints = walk(COCO, time, np.repeat([0, np.pi], 20), 0.8, 0.004)
    found, _ = consistent_sides(COCO, time, keypoints, np.ones(keypoints.shape[:2], np.float32))
    np.testing.assert_array_equal(found, keypoints)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_photos_stay_as_they_are(count: int) -> None:
    random = np.random.default_rng(count)
    keypoints = random.uniform(0, 500, (count, len(COCO), 2)).astype(np.float32)
    confidence = random.uniform(0, 1, (count, len(COCO))).astype(np.float32)
    found, trust = consistent_sides(COCO, 2.0 * np.arange(count), keypoints, confidence)
    np.testing.assert_array_equal(found, keypoints)
    np.testing.assert_array_equal(trust, confidence)


def test_keypoints_without_sides_stay_as_they_are() -> None:
    keypoints = np.random.default_rng(0).uniform(0, 500, (9, 2, 2)).astype(np.float32)
    found, _ = consistent_sides(("nose", "pelvis"), np.arange(9) / 30, keypoints, np.ones((9, 2), np.float32))
    np.testing.assert_array_equal(found, keypoints)


def test_tracks_get_consistent_sides() -> None:
    """In the frames in which the person is there."""
    time = np.arange(60) / 30
    truth = walk(COCO, time, np.zeros(60), 0.8, 0.004)
    tracker = Tracker(COCO)
    for frame in range(60):
        shown = truth[frame, others(COCO)] if 35 <= frame < 45 else truth[frame]
        person = Person(shown, np.ones(len(COCO), np.float32))
        tracker.update(float(time[frame]), [] if frame < 20 else [person])
    (track,) = tracker.tracks()
    put_right = track.with_consistent_sides(COCO, time)
    np.testing.assert_array_equal(put_right.seen_keypoints, truth[20:])
    assert put_right.length == 60
    assert np.isnan(put_right.keypoints[:20]).all()
    assert not np.array_equal(track.seen_keypoints, truth[20:])


def test_the_work_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "_CALLED_EVERY", 10)
    time = np.arange(60) / 30
    keypoints = walk(COCO, time, np.zeros(60), 0.8, 0.004)
    calls: list[None] = []

    def stop() -> None:
        calls.append(None)
        if len(calls) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        consistent_sides(COCO, time, keypoints, np.ones(keypoints.shape[:2], np.float32), stop)
    assert len(calls) == 3


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 7))
def test_no_other_way_costs_less(seed: int, count: int) -> None:
    """Every way there is, each summed up step by step."""
    random = np.random.default_rng(seed)
    time = np.cumsum(random.uniform(0.01, 0.06, count))
    apart = random.normal(0, 0.15, (count, 2, 2)) * random.choice([1, 1, -1], (count, 1, 1))
    trust, expected = random.uniform(0.3, 1, (count, 2)), random.random(count) < 0.3

    def cost(way: Sequence[int | None]) -> float:
        counted = [i for i, state in enumerate(way) if state is not None]
        holes = np.diff([-1, *counted, count]) - 1
        if len(counted) < 2 or (holes[1:-1] >= sides._REACH).any():
            return np.inf
        signed = {i: apart[i] * (-1 if way[i] else 1) for i in counted}
        total = sides._OMISSION * float(holes.sum())
        for number, i in enumerate(counted):
            total += sides._DOUBT * trust[i].mean() * bool(way[i]) + sides._APART * (
                bool(way[i]) != expected[i]
            )
            if number == 0:
                continue
            last = counted[number - 1]
            step = time[i] - time[last]
            total += sides._CHANGE * (way[i] != way[last])
            where, usual = signed[last], sides._NOISE + sides._SPEED * step
            if number > 1:
                before = counted[number - 2]
                velocity = (signed[last] - signed[before]) / (time[last] - time[before])
                where = signed[last] + velocity * step
                usual = sides._NOISE + sides._ACCELERATION * ((time[i] - time[before]) / 2) ** 2
            off = np.average(np.linalg.norm(signed[i] - where, axis=-1), weights=trust[i])
            total += min(off / usual, sides._MOST)
        return total

    exchanged, omitted = sides._judged(time, apart, trust, expected)
    found = [None if omitted[i] else int(exchanged[i]) for i in range(count)]
    least = min(cost(way) for way in itertools.product((0, 1, None), repeat=count))
    assert cost(found) == pytest.approx(least, abs=1e-4)
