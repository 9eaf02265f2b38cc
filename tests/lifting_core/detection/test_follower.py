"""On the rendered clip and pictures made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from lifting_core.detection import Person
from lifting_core.detection.follower import Follower, Image
from lifting_core.detection.mediapipe_model import Landmarker, with_sides_exchanged
from lifting_core.detection.poses import similarity, size
from lifting_core.detection.windows import Window
from lifting_core.media import open_media

CLIP = Path(__file__).parents[2] / "data" / "walk_and_wave.mp4"


@pytest.fixture(scope="module")
def clip() -> list[Image]:
    return [frame.image for frame in islice(open_media(CLIP), 12)]


@pytest.fixture(scope="module")
def person(clip: list[Image]) -> Person:
    landmarker = Landmarker("image", "full")
    height, width, _ = clip[0].shape
    (found,) = landmarker.find(clip[0], Window(0, 0, width, height))
    landmarker.close()
    return found


@pytest.fixture
def followers(clip: list[Image], person: Person) -> Iterator[tuple[Follower, Follower]]:
    """Two of the same person; the second looks at two pictures at a time."""
    height, width, _ = clip[0].shape
    one, two = (Follower("full", person, (width, height)) for _ in range(2))
    two.look_at_two()
    yield one, two
    one.close()
    two.close()


def look(follower: Follower, images: Sequence[Image]) -> list[Person | None]:
    return follower.see(images, [find() for find in follower.plan(images)])


def test_two_at_a_time_see_what_one_at_a_time_sees(
    clip: list[Image], followers: tuple[Follower, Follower]
) -> None:
    one, two = followers
    singly = [sighting for image in clip for sighting in look(one, [image])]
    paired = [sighting for i in range(0, len(clip), 2) for sighting in look(two, clip[i : i + 2])]
    for a, b in zip(singly, paired, strict=True):
        assert a is not None
        assert b is not None
        apart = np.linalg.norm(a.keypoints - b.keypoints, axis=1)
        assert np.median(apart) < 0.02 * size(a)
    assert two.misses == 0
    assert two.prominence == pytest.approx(one.prominence, rel=0.02)
    assert two.continuity > 0.9


def test_one_landmarker_sees_two_pictures_in_turn(
    clip: list[Image], followers: tuple[Follower, Follower]
) -> None:
    one, _ = followers
    assert len(one.plan(clip[:2])) == 1
    first, second = look(one, clip[:2])
    assert first is not None
    assert second is not None
    assert 0.5 < similarity(first, second) < 1


def test_who_moves_too_fast_is_looked_at_in_one_picture_at_a_time(
    clip: list[Image], person: Person, followers: tuple[Follower, Follower]
) -> None:
    _, two = followers
    shift = round(0.25 * size(person))
    moved = np.roll(clip[1], shift, axis=1)
    first, second = look(two, [clip[0], moved])
    assert first is not None
    assert second is not None
    back = Person(second.keypoints - np.array([shift, 0], np.float32), second.confidence)
    assert similarity(first, second) < 0.5 < similarity(first, back)
    two.look_at_two()
    assert len(two.plan(clip[:2])) == 1


def test_who_is_not_there_is_missed_in_every_picture(
    clip: list[Image], followers: tuple[Follower, Follower]
) -> None:
    empty = np.zeros_like(clip[0])
    for follower in followers:
        assert look(follower, [empty, empty]) == [None, None]
        assert follower.misses == 2
        assert follower.sighting is None


def test_resting_counts_as_being_there(clip: list[Image], followers: tuple[Follower, Follower]) -> None:
    one, two = followers
    look(one, clip[:1])
    look(two, clip[:1])
    one.rest(3)
    assert one.prominence > 3 * two.prominence


def test_the_second_landmarker_does_not_decide_which_side_is_which(
    clip: list[Image], followers: tuple[Follower, Follower]
) -> None:
    _, two = followers
    found = [find() for find in two.plan(clip[:2])]
    wrong = [[with_sides_exchanged(person) for person in found[1][0]]]
    right, put_right = (two.see(clip[:2], [found[0], second])[1] for second in (found[1], wrong))
    assert right is not None
    assert put_right is not None
    np.testing.assert_array_equal(right.keypoints, put_right.keypoints)
    np.testing.assert_array_equal(right.confidence, put_right.confidence)


def test_a_sighting_that_is_all_guesswork_is_none(
    clip: list[Image], person: Person, followers: tuple[Follower, Follower]
) -> None:
    one, _ = followers
    guessed = Person(person.keypoints, np.full_like(person.confidence, 0.7))
    assert one.see(clip[:1], [[[guessed]]]) == [None]
    assert one.misses == 1


def test_a_second_look_is_averaged_with_the_first_one(
    clip: list[Image], followers: tuple[Follower, Follower]
) -> None:
    one, _ = followers
    (sighting,) = look(one, clip[:1])
    assert sighting is not None
    both = one.looking_again(clip[0], sighting)
    mirrored = 2 * both.keypoints - sighting.keypoints
    assert 0.05 < np.abs(mirrored - sighting.keypoints).max() < 0.2 * size(sighting)
    assert similarity(sighting, both) > 0.9


def test_a_second_look_that_shows_nobody_changes_nothing(
    clip: list[Image], followers: tuple[Follower, Follower]
) -> None:
    one, _ = followers
    (sighting,) = look(one, clip[:1])
    assert sighting is not None
    assert one.looking_again(np.full_like(clip[0], 128), sighting) is sighting
