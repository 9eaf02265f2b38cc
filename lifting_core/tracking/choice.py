"""Whom to lift, of several people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifting_core.errors import InvalidInput
from lifting_core.settings import PersonChoice
from lifting_core.tracking.tracklets import box
from lifting_core.tracking.tracks import Track

_REACH = 0.5  # in body sizes: a click this far from a person's box still means that person


def in_order(tracks: Sequence[Track]) -> list[Track]:
    """Everybody in order of appearance, those who appear together from left to right."""

    def appearance(track: Track) -> tuple[int, float]:
        left, _, width, _ = box(track.seen_keypoints[0], track.seen_confidence[0]).tolist()
        return int(track.frames[0]), left + width / 2

    return sorted(tracks, key=appearance)


def choose(tracks: Sequence[Track], person: PersonChoice = "largest") -> Track:
    """The track of one person.

    "largest" is who fills most of the clip (size in pixels, times the frames from first to last sighting); a
    number counts the people from 0, in order of appearance and from the left (`in_order`); a point (x, y) in
    pixels means who is nearest to it in the first frame in which anybody is near.

    Raises `InvalidInput` if there is nobody, or nobody of that number or near that point.
    """
    if not tracks:
        raise InvalidInput(
            "No person was found.",
            "Use a picture or a video in which a person is seen whole, in good light and at least a fifth of"
            " the picture tall.",
        )
    if person == "largest":
        return max(tracks, key=_prominence)
    if isinstance(person, int):
        return _by_index(in_order(tracks), person)
    return _by_point(tracks, *person)


def _prominence(track: Track) -> float:
    # By time, not by sightings: a detector may look at some people less often than at others.
    return float(track.boxes[:, 2:].max(axis=1).mean() * (track.frames[-1] - track.frames[0] + 1))


def _by_index(people: list[Track], index: int) -> Track:
    if not 0 <= index < len(people):
        count = f"There {'is 1 person' if len(people) == 1 else f'are {len(people)} people'}"
        raise InvalidInput(
            f"{count} in the clip, so there is no person number {index}.",
            f"Choose a number from 0 to {len(people) - 1}, in order of appearance and from the left,"
            " or click on the person.",
        )
    return people[index]


def _by_point(tracks: Sequence[Track], x: float, y: float) -> Track:
    found: list[tuple[int, float, Track]] = []
    for candidate in tracks:
        boxes = candidate.boxes
        middle, half = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:] / 2
        outside = np.linalg.norm(np.maximum(np.abs((x, y) - middle) - half, 0), axis=1)
        near = np.flatnonzero(outside <= _REACH * boxes[:, 2:].max(axis=1))
        if len(near):
            distance = float(outside[near[0]] + 1e-3 * np.linalg.norm((x, y) - middle[near[0]]))
            found.append((int(candidate.frames[near[0]]), distance, candidate))
    if not found:
        raise InvalidInput(
            f"Nobody was found near the point ({x:g}, {y:g}).",
            "Click on a person, in pixels of the upright picture, or choose the largest person.",
        )
    return min(found, key=lambda entry: entry[:2])[2]
