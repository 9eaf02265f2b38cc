"""On simulated walkers, whose identities are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.detection.detector import Person
from lifting_core.errors import InvalidInput
from lifting_core.settings import PersonChoice
from lifting_core.skeleton import HUMAN36M_JOINTS
from lifting_core.tracking import Track, Tracker, choose, in_order, track

FPS = 30.0
STANDING = {
    "pelvis": (0, 0.53),
    "spine": (0, 0.64),
    "thorax": (0, 0.8),
    "neck": (0, 0.9),
    "head": (0, 1),
    "hip": (0.05, 0.53),
    "knee": (0.05, 0.28),
    "ankle": (0.05, 0.02),
    "shoulder": (0.1, 0.8),
    "elbow": (0.13, 0.62),
    "wrist": (0.14, 0.47),
}


def figure(x: float, feet: float, height: float, phase: float = 0) -> NDArray[np.float32]:
    """(17, 2) pixels of a walker: legs and arms swing with the phase."""
    points = []
    for joint in HUMAN36M_JOINTS:
        side = {"left": 1, "right": -1}.get(joint.split("_")[0], 0)
        right, up = STANDING[joint.split("_")[-1]]
        swing = (
            side
            * np.sin(phase)
            * {"knee": 0.08, "ankle": 0.15, "elbow": -0.05, "wrist": -0.1}.get(joint.split("_")[-1], 0)
        )
        points.append((x + (side * right + swing) * height, feet - up * height))
    return np.array(points, np.float32)


@dataclass
class Walker:
    start: float
    speed: float
    """Pixels a frame."""
    height: float = 200
    feet: float = 400
    hidden: tuple[int, int] = (0, 0)
    """Frames, the end not included."""
    phase: float = 0

    def sighting(self, frame: int, random: np.random.Generator) -> Person | None:
        if self.hidden[0] <= frame < self.hidden[1]:
            return None
        exact = figure(self.start + self.speed * frame, self.feet, self.height, self.phase + frame * 0.25)
        noise = random.normal(0, 0.015 * self.height, exact.shape)
        return Person((exact + noise).astype(np.float32), random.uniform(0.5, 1, 17).astype(np.float32))


def middle(one: Track) -> float:
    return float(one.boxes[0, 0] + one.boxes[0, 2] / 2)


def followed(walkers: Sequence[Walker], frames: int, seed: int = 0) -> tuple[list[Track], NDArray[np.int64]]:
    """The tracks, and the track of each walker in each frame: (frames, walkers), -1 for none."""
    random = np.random.default_rng(seed)
    tracker = Tracker(HUMAN36M_JOINTS)
    shown: list[dict[int, Person]] = []
    for frame in range(frames):
        found = {i: walker.sighting(frame, random) for i, walker in enumerate(walkers)}
        seen = {i: person for i, person in found.items() if person is not None}
        order = random.permutation(list(seen))
        tracker.update(frame / FPS, [seen[int(i)] for i in order])
        shown.append(seen)
    tracks = tracker.tracks()
    owners = np.full((frames, len(walkers)), -1)
    for number, one in enumerate(tracks):
        for position, keypoints in zip(one.frames, one.seen_keypoints, strict=True):
            for i, person in shown[position].items():
                if np.array_equal(person.keypoints, keypoints):
                    owners[position, i] = number
    return tracks, owners


def assert_no_swaps(walkers: Sequence[Walker], frames: int, seed: int = 0) -> None:
    tracks, owners = followed(walkers, frames, seed)
    assert len(tracks) == len(walkers)
    for i, walker in enumerate(walkers):
        visible = [f for f in range(frames) if not walker.hidden[0] <= f < walker.hidden[1]]
        assert set(owners[visible, i]) == {owners[0, i]}


@pytest.mark.parametrize("seed", range(10))
def test_people_who_cross_keep_their_identity(seed: int) -> None:
    assert_no_swaps([Walker(100, 5), Walker(496, -5, phase=1), Walker(300, 0.5, height=140)], 80, seed)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("gap", [6, 15, 25])
def test_who_is_hidden_while_crossing_comes_out_as_the_same(seed: int, gap: int) -> None:
    middle = 40
    behind = Walker(500, -5, height=190, hidden=(middle - gap // 2, middle - gap // 2 + gap))
    assert_no_swaps([Walker(100, 5), behind], 80, seed)


@pytest.mark.parametrize("seed", range(5))
def test_a_detection_that_changes_over_from_one_to_the_other_takes_no_identity_along(seed: int) -> None:
    """While one hides the other, detectors see one person, who begins as the one and ends as the other."""
    random = np.random.default_rng(seed)
    frames = []
    for frame in range(80):
        places = [100.0 + 5 * frame, 500.0 - 5 * frame]
        if 35 <= frame < 45:
            change = (frame - 35) / 10
            places = [places[0] * (1 - change) + places[1] * change]
        people = []
        for i, x in enumerate(places):
            keypoints = figure(x, 400, 200, i + frame / 4) + random.normal(0, 2, (17, 2))
            people.append(Person(keypoints.astype(np.float32), np.ones(17, np.float32)))
        frames.append((frame / FPS, people))
    tracks = sorted(track(frames, HUMAN36M_JOINTS), key=middle)
    assert len(tracks) == 2
    ends = [one.boxes[-1, 0] + one.boxes[-1, 2] / 2 for one in tracks]
    np.testing.assert_allclose(ends, [495, 105], atol=10)


@pytest.mark.parametrize("seed", range(5))
def test_one_who_overtakes_another_keeps_the_identity(seed: int) -> None:
    assert_no_swaps([Walker(200, 2), Walker(80, 6, hidden=(24, 38))], 80, seed)


@pytest.mark.parametrize("seed", range(5))
def test_when_both_vanish_size_tells_who_is_who(seed: int) -> None:
    """They turn back while hidden, so that motion says the opposite."""
    random = np.random.default_rng(seed)
    frames = []
    for frame in range(60):
        x = 30 - abs(30 - frame)
        people = [
            Person(
                (figure(at, 400, height, frame / 4) + random.normal(0, 2, (17, 2))).astype(np.float32),
                np.ones(17, np.float32),
            )
            for at, height in ((250 + x, 200), (350 - x, 100))
        ]
        frames.append((frame / FPS, [] if 25 <= frame < 35 else people))
    tracks = track(frames, HUMAN36M_JOINTS)
    assert [len(one.frames) for one in tracks] == [50, 50]
    for one in tracks:
        assert np.ptp(np.log(one.boxes[:, 3])) < 0.3


def test_after_more_than_a_second_it_is_somebody_new() -> None:
    assert len(followed([Walker(100, 1, hidden=(30, 55))], 90)[0]) == 1
    assert len(followed([Walker(100, 1, hidden=(30, 65))], 120)[0]) == 2


def test_passing_flickers_are_left_out_but_a_photo_keeps_everybody() -> None:
    tracks, _ = followed([Walker(100, 2), Walker(500, 0, hidden=(2, 100))], 60)
    assert len(tracks) == 1
    assert len(followed([Walker(100, 0), Walker(500, 0)], 1)[0]) == 2


def test_frames_far_apart_are_still_joined() -> None:
    people = [[Person(figure(100 + 20 * i, 400, 200), np.ones(17, np.float32))] for i in range(5)]
    assert len(track([(2.0 * i, p) for i, p in enumerate(people)], HUMAN36M_JOINTS)) == 1


def test_a_track_spreads_over_the_clip() -> None:
    tracks, _ = followed([Walker(100, 2, hidden=(10, 20))], 30)
    one = tracks[0]
    absent = np.arange(10, 20)
    assert one.keypoints.shape == (30, 17, 2)
    assert np.isnan(one.keypoints[absent]).all()
    assert np.isfinite(np.delete(one.keypoints, absent, axis=0)).all()
    assert (one.confidence[absent] == 0).all()
    assert (np.delete(one.confidence, absent, axis=0) >= 0.5).all()
    np.testing.assert_array_equal(one.frames, np.setdiff1d(np.arange(30), absent))
    np.testing.assert_allclose(one.boxes[:, 3], 200, atol=25)


def test_the_same_detections_give_the_same_tracks() -> None:
    walkers = [Walker(100, 5), Walker(500, -5, hidden=(35, 45))]
    for a, b in zip(followed(walkers, 80)[0], followed(walkers, 80)[0], strict=True):
        np.testing.assert_array_equal(a.keypoints, b.keypoints)


def test_memory_is_spent_on_sightings_only() -> None:
    tracks, _ = followed([Walker(100, 1), Walker(300, 0, hidden=(10, 1000))], 200)
    assert sorted(one.seen_keypoints.nbytes for one in tracks) == [10 * 17 * 8, 200 * 17 * 8]


@pytest.fixture(scope="module")
def crowd() -> list[Track]:
    """From the left: a small one, a large one who soon leaves, a middling one; later one on the far right."""
    walkers = [
        Walker(100, 0, height=80),
        Walker(300, 0, height=300, hidden=(20, 100)),
        Walker(500, 0, height=200),
        Walker(900, 0, height=220, hidden=(0, 40)),
    ]
    return followed(walkers, 100)[0]


@pytest.mark.parametrize(
    ("person", "x"),
    [
        ("largest", 500),
        (0, 100),
        (1, 300),
        (2, 500),
        (3, 900),
        ((510, 300), 500),
        ((310, 90), 300),
        ((880, 300), 900),
    ],
)
def test_choosing(crowd: list[Track], person: PersonChoice, x: float) -> None:
    assert middle(choose(crowd, person)) == pytest.approx(x, abs=15)


def test_people_are_counted_in_order_of_appearance_and_from_the_left(crowd: list[Track]) -> None:
    assert [round(middle(one), -2) for one in in_order(crowd[::-1])] == [100, 300, 500, 900]
    assert in_order([]) == []


@pytest.mark.parametrize("person", [4, -1])
def test_a_number_that_nobody_has_is_refused(crowd: list[Track], person: int) -> None:
    with pytest.raises(InvalidInput, match=r"There are 4 people .* no person number"):
        choose(crowd, person)


def test_a_click_on_nobody_is_refused(crowd: list[Track]) -> None:
    with pytest.raises(InvalidInput, match=r"Nobody was found near the point \(1600, 50\)"):
        choose(crowd, (1600, 50))


@pytest.mark.parametrize("person", ["largest", 0, (10.0, 10.0)])
def test_without_people_there_is_advice(person: PersonChoice) -> None:
    with pytest.raises(InvalidInput, match="No person was found") as error:
        choose([], person)
    assert error.value.advice
