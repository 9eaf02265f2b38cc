"""Pieces of tracks, and how they are joined where people hid each other.

A detector that loses one of two people who cross tends to mix them up until both are apart again, so what
it saw meanwhile is not trusted: everybody is carried over the gap by the motion before and after it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lifting_core.detection.detector import Person

LONGEST_GAP = 1.0
"""Seconds after which a person who comes back is somebody new."""

SEEN = 0.3
"""Confidence from which on a keypoint counts as seen."""

_VELOCITY_TIME = 0.4  # seconds over which velocities are measured

# Distances are in body sizes. Two sightings are one person up to a distance of _GATE at once, _GATE_GROWTH
# more with every second between them, and at most _WIDEST_GATE.
_GATE, _GATE_GROWTH, _WIDEST_GATE = 0.5, 1.0, 1.5
_SIZE_WEIGHT = 0.3  # what a difference in size by the factor e adds
_PROPORTION_WEIGHT = 0.3  # what a difference in the proportions of the limbs by the factor e adds
_VELOCITY_WEIGHT = 0.3  # what a difference in velocity by a body size per second adds
_LONGEST_LEAP, _WIDEST_LEAP = 0.5, 1.0  # seconds and distance over which a lone person may leap or fall
_CLOSE = 0.6  # who vanishes or appears this near to somebody else was hidden by them
_ON_THE_WAY = 0.25  # mean distance from the way over a gap up to which a doubtful piece belongs to it


def box(keypoints: NDArray[np.float32], confidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """(4,) left, top, width and height around the keypoints that are seen, or around all if hardly any is."""
    seen = keypoints[confidence >= SEEN]
    if len(seen) < 2:
        seen = keypoints
    low = seen.min(axis=0)
    return np.concatenate([low, seen.max(axis=0) - low])


@dataclass(eq=False)
class Tracklet:
    """Sightings of one person without a long gap, in the order of time."""

    frames: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)

    def add(self, frame: int, time: float, person: Person) -> None:
        self.frames.append(frame)
        self.times.append(time)
        self.people.append(person)

    def part(self, start: int, end: int) -> Tracklet:
        """The sightings in the frames from `start` to before `end`."""
        s = slice(bisect_left(self.frames, start), bisect_left(self.frames, end))
        return Tracklet(self.frames[s], self.times[s], self.people[s])

    def first_velocity(self) -> NDArray[np.float64]:
        """(2,) pixels a second of the whole body."""
        return self._velocity(0, bisect_right(self.times, self.times[0] + _VELOCITY_TIME) - 1)

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

    def join_cost(self, later: Tracklet, limbs: Sequence[tuple[int, int]]) -> float:
        """Distance of this person from a later one when their ways are continued over the gap."""
        elapsed = later.times[0] - self.times[-1]
        if not 0 < elapsed <= LONGEST_GAP:
            return math.inf
        before, after = self.last_velocity(), later.first_velocity()
        ahead, _ = _differences(self.people[-1], later.people[0], before * elapsed)
        back, _ = _differences(self.people[-1], later.people[0], after * elapsed)
        scale = max(_size(self.people[-1]), _size(later.people[0]))
        turn = _VELOCITY_WEIGHT * float(np.linalg.norm(after - before)) / scale
        return _gated((ahead + back) / 2 + turn + _unlikeness(self.people, later.people, limbs), elapsed)

    def leap_cost(self, later: Tracklet, limbs: Sequence[tuple[int, int]]) -> float:
        """Distance of this person from a later one, whatever their motion; for leaps and falls."""
        if not 0 < later.times[0] - self.times[-1] <= _LONGEST_LEAP:
            return math.inf
        place, _ = _differences(self.people[-1], later.people[0], np.zeros(2))
        cost = place + _unlikeness(self.people, later.people, limbs)
        return cost if cost < _WIDEST_LEAP else math.inf


def pair(costs: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Rows and columns of the pairs, of finite cost, with the least total cost (Hungarian method)."""
    if not costs or not costs[0]:
        return []
    gains = np.minimum(np.array(costs) - _WIDEST_GATE, 0)
    rows, columns = linear_sum_assignment(gains)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column) for row, column in pairs if gains[row, column] < 0]


def join(tracklets: Sequence[Tracklet], limbs: Sequence[tuple[int, int]]) -> list[Tracklet]:
    """One tracklet a person, in the order of their first sightings; `limbs` are pairs of keypoints."""
    solid, doubtful = _divide(sorted(tracklets, key=lambda tracklet: tracklet.frames[0]))
    successors = dict(pair([[one.join_cost(later, limbs) for later in solid] for one in solid]))
    last = [i for i in range(len(solid)) if i not in successors]
    first = sorted(set(range(len(solid))) - set(successors.values()))
    leaps = pair([[solid[i].leap_cost(solid[j], limbs) for j in first] for i in last])
    successors |= {last[row]: first[column] for row, column in leaps}
    chains = []
    for start in sorted(set(range(len(solid))) - set(successors.values())):
        chain = [start]
        while chain[-1] in successors:
            chain.append(successors[chain[-1]])
        chains.append([solid[i] for i in chain])
    for piece in doubtful:
        _insert(piece, chains)
    return [_merged(chain) for chain in chains]


def _divide(tracklets: Sequence[Tracklet]) -> tuple[list[Tracklet], list[Tracklet]]:
    """Cut each tracklet where somebody beside it vanishes or appears.

    Returns the pieces to rely on, and the short ones from a vanishing to an appearance, in which two people
    may have been mixed up.
    """
    solid: list[Tracklet] = []
    doubtful: list[Tracklet] = []
    for one in tracklets:
        others = [other for other in tracklets if other is not one]
        ends = {o.frames[-1] + 1 for o in others if _beside(one, o.frames[-1], o.people[-1])}
        starts = {o.frames[0] for o in others if _beside(one, o.frames[0], o.people[0])}
        cuts = sorted({one.frames[0], *ends, *starts, one.frames[-1] + 1})
        for start, end in pairwise(cuts):
            piece = one.part(start, end)
            hides = start in ends and end in starts and piece.times[-1] - piece.times[0] <= LONGEST_GAP
            (doubtful if hides else solid).append(piece)
    return sorted(solid, key=lambda piece: piece.frames[0]), doubtful


def _beside(one: Tracklet, frame: int, person: Person) -> bool:
    """Whether somebody was seen beside this person in a frame between this person's first and last."""
    if not one.frames[0] < frame < one.frames[-1]:
        return False
    there = one.people[bisect_left(one.frames, frame)]
    return _differences(there, person, np.zeros(2))[0] < _CLOSE


def _insert(piece: Tracklet, chains: Sequence[list[Tracklet]]) -> None:
    """Add a doubtful piece to the chain over whose gap it goes most directly, if to any."""
    candidates = []
    for number, chain in enumerate(chains):
        for i, (before, after) in enumerate(pairwise(chain)):
            if before.times[-1] < piece.times[0] and piece.times[-1] < after.times[0]:
                candidates.append((_detour(before, piece, after), number, i + 1))
    if candidates:
        detour, number, place = min(candidates)
        if detour < _ON_THE_WAY:
            chains[number].insert(place, piece)


def _detour(before: Tracklet, piece: Tracklet, after: Tracklet) -> float:
    """Mean distance of a piece from the straight way over a gap."""
    ends = (before.times[-1], after.times[0])
    centres = [np.median(person.keypoints, axis=0) for person in (before.people[-1], after.people[0])]
    way = [np.interp(piece.times, ends, (centres[0][axis], centres[1][axis])) for axis in (0, 1)]
    there = np.stack([np.median(person.keypoints, axis=0) for person in piece.people], axis=1)
    size = np.median([_size(person) for person in piece.people])
    return float(np.linalg.norm(there - way, axis=0).mean() / size)


def _merged(chain: Sequence[Tracklet]) -> Tracklet:
    return Tracklet(
        [frame for piece in chain for frame in piece.frames],
        [time for piece in chain for time in piece.times],
        [person for piece in chain for person in piece.people],
    )


def _size(person: Person) -> float:
    return max(float(box(person.keypoints, person.confidence)[2:].max()), 1.0)


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
        seen = np.minimum(confidence[:, head], confidence[:, tail]) >= SEEN
        if seen.any():
            lengths = np.linalg.norm(keypoints[seen, head] - keypoints[seen, tail], axis=-1)
            medians[i] = np.log(max(float(np.median(lengths)), 1.0))
    return float(np.log(np.median([_size(person) for person in people]))), medians


def _gated(cost: float, elapsed: float) -> float:
    return cost if cost < min(_GATE + _GATE_GROWTH * elapsed, _WIDEST_GATE) else math.inf
