"""Who is who: joins the people of single frames to one track a person, and picks the one to lift.

Tracking by detection: tracks predict where their person is now (constant velocity of the whole body),
predictions and detections are paired at least total cost (Hungarian method), and a track that finds nobody
waits a second for its person to come out of hiding before it ends (after SORT; Bewley et al., ICIP 2016).
"""

from __future__ import annotations

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

_FEWEST_SIGHTINGS = 3
"""Tracks with fewer sightings, in clips that are longer, are noise."""

_SEEN = 0.3
"""Confidence from which on a keypoint counts as seen."""

# Distances below are in body sizes.
_GATE = 0.5
_GATE_GROWTH = 1.0  # per second since the last sighting
_POSE_HALF_LIFE = (
    0.1  # seconds in which a difference of the pose, apart from the place, loses half its meaning
)
_VELOCITY_GAIN = 0.3  # share of a newly measured velocity in the estimate
_SIZE_WEIGHT = 0.3  # cost of a size that differs by the factor e
_PROPORTION_WEIGHT = 0.25  # the same for the proportions of the limbs, which foreshortening blurs
_SHAPE_GAIN = 0.2  # share of the last sighting in a track's size and proportions
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


class _Shape:
    """Size and limb lengths as logarithms of pixels, to tell people apart. Unknown limbs are NaN."""

    def __init__(self, limbs: Sequence[tuple[int, int]], person: Person) -> None:
        self.size = float(np.log(max(_box(person.keypoints, person.confidence)[2:].max(), 1.0)))
        heads, tails = np.array(limbs, int).reshape(-1, 2).T
        lengths = np.linalg.norm(person.keypoints[heads] - person.keypoints[tails], axis=-1)
        known = np.minimum(person.confidence[heads], person.confidence[tails]) >= _SEEN
        self.limbs = np.where(known, np.log(np.maximum(lengths, 1.0)), np.nan)

    def distance(self, other: _Shape) -> float:
        both = np.abs((self.limbs - self.size) - (other.limbs - other.size))
        both = both[np.isfinite(both)]
        proportions = float(np.median(both)) if len(both) else 0.0
        return _SIZE_WEIGHT * abs(self.size - other.size) + _PROPORTION_WEIGHT * proportions

    def approach(self, other: _Shape) -> None:
        self.size += _SHAPE_GAIN * (other.size - self.size)
        step = np.where(np.isfinite(self.limbs), _SHAPE_GAIN * (other.limbs - self.limbs), 0.0)
        start = np.where(np.isfinite(self.limbs), self.limbs, other.limbs)
        self.limbs = start + np.where(np.isfinite(step), step, 0.0)


class _OpenTrack:
    """A track that may still grow."""

    def __init__(self, number: int, position: int, time: float, person: Person, shape: _Shape) -> None:
        self.number = number
        self.frames = [position]
        self.people = [person]
        self.time = time
        self.velocity = np.zeros(2)
        self.shape = shape

    def cost(self, time: float, person: Person, shape: _Shape) -> float:
        """Distance of a detection in body sizes, in units of what is allowed: above 1 it is somebody else."""
        last, elapsed = self.people[-1], time - self.time
        offsets = person.keypoints - (last.keypoints + self.velocity * elapsed)
        weights = last.confidence * person.confidence + 1e-3
        place = np.average(offsets, axis=0, weights=weights)
        pose = np.average(np.linalg.norm(offsets - place, axis=-1), weights=weights)
        distance = (np.linalg.norm(place) + pose * 0.5 ** (elapsed / _POSE_HALF_LIFE)) / np.exp(
            max(self.shape.size, shape.size)
        )
        return float(distance + self.shape.distance(shape)) / (_GATE + _GATE_GROWTH * elapsed)

    def extend(self, position: int, time: float, person: Person, shape: _Shape) -> None:
        last, elapsed = self.people[-1], max(time - self.time, 1e-6)
        measured = np.median(person.keypoints - last.keypoints, axis=0) / elapsed
        gain = 1.0 if len(self.frames) == 1 else _VELOCITY_GAIN
        self.velocity += gain * (measured - self.velocity)
        self.shape.approach(shape)
        self.frames.append(position)
        self.people.append(person)
        self.time = time

    def close(self, length: int) -> Track:
        return Track(
            self.number,
            length,
            np.array(self.frames),
            np.stack([person.keypoints for person in self.people]),
            np.stack([person.confidence for person in self.people]),
        )


class Tracker:
    """Builds tracks while a clip is being detected; keeps keypoints, never pictures."""

    def __init__(self, keypoint_names: Sequence[str]) -> None:
        index = {name: i for i, name in enumerate(keypoint_names)}
        pairs = [(f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in _LIMBS]
        self._limbs = [(index[a], index[b]) for a, b in pairs if a in index and b in index]
        self._open: list[_OpenTrack] = []
        self._ended: list[_OpenTrack] = []
        self._length = 0
        self._count = 0

    def update(self, time: float, people: Sequence[Person]) -> None:
        """Add the next frame, at `time` seconds (never before the last one), with everybody found in it."""
        shapes = [_Shape(self._limbs, person) for person in people]
        self._ended += [track for track in self._open if time - track.time > LONGEST_GAP]
        self._open = [track for track in self._open if time - track.time <= LONGEST_GAP]
        free = list(range(len(people)))
        # Who was there a moment ago comes first, so that nobody who is long gone takes their place.
        present = [track for track in self._open if track.frames[-1] == self._length - 1]
        waiting = [track for track in self._open if track.frames[-1] < self._length - 1]
        for tracks in (present, waiting):
            costs = [[track.cost(time, people[i], shapes[i]) for i in free] for track in tracks]
            pairs = _pair(np.array(costs).reshape(len(tracks), len(free)))
            for row, column in pairs:
                i = free[column]
                tracks[row].extend(self._length, time, people[i], shapes[i])
            free = [i for column, i in enumerate(free) if column not in {pair[1] for pair in pairs}]
        for i in free:
            self._open.append(_OpenTrack(self._count, self._length, time, people[i], shapes[i]))
            self._count += 1
        self._length += 1

    def tracks(self) -> list[Track]:
        """Everybody seen so far, in the order of their first appearance; passing flickers are left out."""
        fewest = min(_FEWEST_SIGHTINGS, self._length)
        every = sorted(self._ended + self._open, key=lambda track: track.number)
        return [track.close(self._length) for track in every if len(track.frames) >= fewest]


def _pair(costs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Rows and columns of the pairs with the least total cost, without those that cost more than 1."""
    rows, columns = linear_sum_assignment(np.minimum(costs, 1))
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if costs[r, c] < 1]


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
