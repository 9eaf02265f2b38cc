"""Who is who: joins the people of single frames to one track a person, and picks the one to lift.

Tracking by detection in two steps. While frames come in, detections are linked to whoever was in nearly the
same place a moment ago (constant velocity, pairs at least total cost; after SORT, Bewley et al., ICIP 2016).
The pieces so found break where people hide each other; in the end they are joined across gaps of up to a
second, where the motion before the gap meets the motion after it, and size and proportions agree.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lifting_core.detection.detector import Person
from lifting_core.errors import InvalidInput
from lifting_core.settings import PersonChoice

LONGEST_GAP = 1.0
"""Seconds after which a person who comes back is somebody new."""

_SEEN = 0.3  # confidence from which on a keypoint counts as seen
_FEWEST_SIGHTINGS = 3  # pieces with fewer sightings, in clips that are longer, are noise
_LINK_TIME, _LINK_FRAMES = 0.15, 2  # seconds or frames, whichever is longer, without a sighting in one piece
_VELOCITY_TIME = 0.4  # seconds over which velocities are measured

# Distances are in body sizes. Two sightings are one person up to a distance of
_GATE, _GATE_GROWTH, _WIDEST_GATE = (
    0.5,
    1.0,
    1.5,
)  # at once, in addition per second between them, and at most.
_SIZE_WEIGHT = 0.3  # what a difference in size by the factor e adds
_PROPORTION_WEIGHT = 0.3  # what a difference in the proportions of the limbs by the factor e adds
_REACH = 0.5  # a click this far from a person's box still means that person

_LIMBS = (
    ("shoulder", "elbow"),
    ("elbow", "wrist"),
    ("hip", "knee"),
    ("knee", "ankle"),
    ("shoulder", "hip"),
)


@dataclass(frozen=True, eq=False)
class Track:
    """One person throughout a clip. Only the frames in which the person was seen take memory."""

    id: int
    length: int
    """T, the number of frames of the clip."""
    frames: NDArray[np.int64]
    """(N,) ascending positions in the clip, from 0, at which the person was seen; N is at least 1."""
    seen_keypoints: NDArray[np.float32]
    """(N, K, 2) pixels of the upright image."""
    seen_confidence: NDArray[np.float32]
    """(N, K) 0 to 1."""

    @property
    def keypoints(self) -> NDArray[np.float32]:
        """(T, K, 2) pixels, NaN in frames without the person."""
        return self._spread(self.seen_keypoints, np.nan)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(T, K) 0 to 1, 0 in frames without the person."""
        return self._spread(self.seen_confidence, 0)

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(N, 4) left, top, width and height of what is seen of the person, in the frames of `frames`."""
        return np.stack([_box(k, c) for k, c in zip(self.seen_keypoints, self.seen_confidence, strict=True)])

    def _spread(self, values: NDArray[np.float32], absent: float) -> NDArray[np.float32]:
        result = np.full((self.length, *values.shape[1:]), absent, np.float32)
        result[self.frames] = values
        return result


def _box(keypoints: NDArray[np.float32], confidence: NDArray[np.float32]) -> NDArray[np.float32]:
    seen = keypoints[confidence >= _SEEN]
    if len(seen) < 2:
        seen = keypoints
    low = seen.min(axis=0)
    return np.concatenate([low, seen.max(axis=0) - low])


class _Piece:
    """Sightings of one person without a long gap."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.times: list[float] = []
        self.people: list[Person] = []

    def add(self, frame: int, time: float, person: Person) -> None:
        self.frames.append(frame)
        self.times.append(time)
        self.people.append(person)

    def first_velocity(self) -> NDArray[np.float64]:
        """(2,) pixels a second of the whole body."""
        end = bisect_right(self.times, self.times[0] + _VELOCITY_TIME) - 1
        return self._velocity(0, end)

    def last_velocity(self) -> NDArray[np.float64]:
        """(2,) pixels a second of the whole body."""
        return self._velocity(bisect_left(self.times, self.times[-1] - _VELOCITY_TIME), -1)

    def _velocity(self, start: int, end: int) -> NDArray[np.float64]:
        elapsed = self.times[end] - self.times[start]
        if elapsed == 0:
            return np.zeros(2)
        moved = np.median(self.people[end].keypoints - self.people[start].keypoints, axis=0)
        return np.asarray(moved / elapsed, np.float64)

    def link_cost(self, time: float, person: Person) -> float:
        """Distance of a detection from where this person should be a moment after the last sighting."""
        last, elapsed = self.people[-1], time - self.times[-1]
        place, pose = _differences(last, person, self.last_velocity() * elapsed)
        resized = abs(math.log(_size(last) / _size(person)))
        return _gated(place + pose + _SIZE_WEIGHT * resized, elapsed)

    def join_cost(self, later: _Piece, limbs: Sequence[tuple[int, int]]) -> float:
        """Distance of this person and a later one where they should meet, in the middle of the gap."""
        elapsed = later.times[0] - self.times[-1]
        moved = (self.last_velocity() + later.first_velocity()) * elapsed / 2
        place, _ = _differences(self.people[-1], later.people[0], moved)
        return _gated(place + _unlikeness(self.people, later.people, limbs), elapsed)


class Tracker:
    """Builds tracks while a clip is being detected; keeps keypoints, never pictures."""

    def __init__(self, keypoint_names: Sequence[str]) -> None:
        index = {name: i for i, name in enumerate(keypoint_names)}
        pairs = [(f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in _LIMBS]
        self._limbs = [(index[a], index[b]) for a, b in pairs if a in index and b in index]
        self._open: list[_Piece] = []
        self._ended: list[_Piece] = []
        self._length = 0

    def update(self, time: float, people: Sequence[Person]) -> None:
        """Add the next frame, at `time` seconds (later than the last one), with everybody found in it."""
        frame = self._length
        self._length += 1
        ended = [
            p for p in self._open if time - p.times[-1] > _LINK_TIME and frame - p.frames[-1] > _LINK_FRAMES
        ]
        self._ended += ended
        self._open = [piece for piece in self._open if piece not in ended]
        costs = [[piece.link_cost(time, person) for person in people] for piece in self._open]
        pairs = {column: row for row, column in _pair(costs)}
        for column, person in enumerate(people):
            piece = self._open[pairs[column]] if column in pairs else _Piece()
            piece.add(frame, time, person)
            if column not in pairs:
                self._open.append(piece)

    def tracks(self) -> list[Track]:
        """Everybody seen so far, in the order of their first appearance; passing flickers are left out."""
        fewest = min(_FEWEST_SIGHTINGS, self._length)
        pieces = [piece for piece in self._ended + self._open if len(piece.frames) >= fewest]
        pieces.sort(key=lambda piece: piece.frames[0])
        chains = self._chains(pieces)
        return [_track(number, self._length, chain) for number, chain in enumerate(chains)]

    def _chains(self, pieces: list[_Piece]) -> list[list[_Piece]]:
        """The pieces in the order of their first sightings, joined to one list a person."""
        costs = [
            [
                piece.join_cost(later, self._limbs)
                if 0 < later.times[0] - piece.times[-1] <= LONGEST_GAP
                else np.inf
                for later in pieces
            ]
            for piece in pieces
        ]
        successors = dict(_pair(costs))
        chains = []
        for first in sorted(set(range(len(pieces))) - set(successors.values())):
            chain = [first]
            while chain[-1] in successors:
                chain.append(successors[chain[-1]])
            chains.append([pieces[i] for i in chain])
        return chains


def _track(number: int, length: int, chain: Sequence[_Piece]) -> Track:
    people = [person for piece in chain for person in piece.people]
    return Track(
        number,
        length,
        np.array([frame for piece in chain for frame in piece.frames]),
        np.stack([person.keypoints for person in people]),
        np.stack([person.confidence for person in people]),
    )


def _size(person: Person) -> float:
    return max(float(_box(person.keypoints, person.confidence)[2:].max()), 1.0)


def _differences(a: Person, b: Person, moved: NDArray[np.float64]) -> tuple[float, float]:
    """How far b is from a, who has moved, as a whole and apart from that in pose, in body sizes."""
    offsets = b.keypoints - a.keypoints - moved
    weights = a.confidence * b.confidence + 1e-3
    place = np.average(offsets, axis=0, weights=weights)
    pose = np.average(np.linalg.norm(offsets - place, axis=-1), weights=weights)
    scale = max(_size(a), _size(b))
    return float(np.linalg.norm(place)) / scale, float(pose) / scale


def _unlikeness(a: Sequence[Person], b: Sequence[Person], limbs: Sequence[tuple[int, int]]) -> float:
    """How much the typical sizes and limb proportions differ."""
    (size_a, limbs_a), (size_b, limbs_b) = _build(a, limbs), _build(b, limbs)
    proportions = np.abs((limbs_a - size_a) - (limbs_b - size_b))
    known = proportions[np.isfinite(proportions)]
    typical = float(np.median(known)) if len(known) else 0.0
    return _SIZE_WEIGHT * abs(size_a - size_b) + _PROPORTION_WEIGHT * typical


def _build(people: Sequence[Person], limbs: Sequence[tuple[int, int]]) -> tuple[float, NDArray[np.float64]]:
    """Logarithms of the median size and of the median limb lengths in pixels, NaN for limbs never seen."""
    keypoints = np.stack([person.keypoints for person in people])
    confidence = np.stack([person.confidence for person in people])
    medians = np.full(len(limbs), np.nan)
    for i, (head, tail) in enumerate(limbs):
        seen = np.minimum(confidence[:, head], confidence[:, tail]) >= _SEEN
        if seen.any():
            lengths = np.linalg.norm(keypoints[seen, head] - keypoints[seen, tail], axis=-1)
            medians[i] = np.log(max(float(np.median(lengths)), 1.0))
    return float(np.log(np.median([_size(person) for person in people]))), medians


def _gated(cost: float, elapsed: float) -> float:
    return cost if cost < min(_GATE + _GATE_GROWTH * elapsed, _WIDEST_GATE) else math.inf


def _pair(costs: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Rows and columns of the pairs, of finite cost, with the least total cost."""
    if not costs or not costs[0]:
        return []
    gains = np.minimum(np.array(costs) - _WIDEST_GATE, 0)
    rows, columns = linear_sum_assignment(gains)
    return [
        (int(row), int(column)) for row, column in zip(rows, columns, strict=True) if gains[row, column] < 0
    ]


def track(frames: Iterable[tuple[float, Sequence[Person]]], keypoint_names: Sequence[str]) -> list[Track]:
    """The tracks of a whole clip: times in seconds and the people found, frame by frame."""
    tracker = Tracker(keypoint_names)
    for time, people in frames:
        tracker.update(time, people)
    return tracker.tracks()


def first_people(tracks: Sequence[Track]) -> list[Track]:
    """Those who are in the first frame with anybody, from left to right."""
    if not tracks:
        return []
    first = min(track.frames[0] for track in tracks)
    present = [track for track in tracks if track.frames[0] == first]
    return sorted(present, key=lambda track: float(track.boxes[0, 0] + track.boxes[0, 2] / 2))


def choose(tracks: Sequence[Track], person: PersonChoice = "largest") -> Track:
    """The track of one person.

    "largest" is who fills most of the clip (height in pixels, summed over the frames); a number counts the
    people of the first frame with anybody from the left, from 0; a point (x, y) in pixels means who is
    nearest to it in the first frame in which anybody is near.

    Raises `InvalidInput` if there is nobody, or nobody of that number or near that point.
    """
    if not tracks:
        raise InvalidInput(
            "No person was found.",
            "Use a picture or a video in which a person is seen whole, in good light and at least a fifth of"
            " the picture tall.",
        )
    if person == "largest":
        return max(tracks, key=lambda track: float(track.boxes[:, 2:].max(axis=1).sum()))
    if isinstance(person, int):
        return _by_index(first_people(tracks), person)
    return _by_point(tracks, *person)


def _by_index(people: list[Track], index: int) -> Track:
    if not 0 <= index < len(people):
        count = f"There {'is 1 person' if len(people) == 1 else f'are {len(people)} people'}"
        raise InvalidInput(
            f"{count} in the first frame with anybody, so there is no person number {index}.",
            f"Choose a number from 0 to {len(people) - 1}, counted from the left, or click on the person.",
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
