"""Joins the people of single frames to one track a person.

Tracking by detection in two steps. While frames come in, detections are linked to whoever was in nearly the
same place a moment ago (constant velocity, pairs at least total cost; after SORT, Bewley et al., ICIP 2016).
The pieces so found break where people hide each other; in the end they are joined across gaps of up to a
second, where the motion before the gap agrees with the motion after it, and so do size and proportions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.detector import Person
from lifting_core.tracking.sides import consistent_sides
from lifting_core.tracking.tracklets import Tracklet, box, join, pair

_FEWEST_SIGHTINGS = 3  # pieces with fewer sightings, in clips that are longer, are noise
_LINK_TIME, _LINK_FRAMES = 0.1, 2  # seconds or frames, whichever is longer, without a sighting in one piece

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
        return np.stack([box(k, c) for k, c in zip(self.seen_keypoints, self.seen_confidence, strict=True)])

    def with_consistent_sides(
        self, names: Sequence[str], time: NDArray[np.float64], going_on: Callable[[], None] = lambda: None
    ) -> Track:
        """The same with left and right exchanged where the detector confused them (`sides`).

        Arguments: names of the keypoints; time (T,) seconds; going_on may raise to stop the work.
        """
        seen = consistent_sides(names, time[self.frames], self.seen_keypoints, self.seen_confidence, going_on)
        return Track(self.length, self.frames, *seen)

    def _spread(self, values: NDArray[np.float32], absent: float) -> NDArray[np.float32]:
        result = np.full((self.length, *values.shape[1:]), absent, np.float32)
        result[self.frames] = values
        return result


class Tracker:
    """Builds tracks while a clip is being detected; keeps keypoints, never pictures."""

    def __init__(self, keypoint_names: Sequence[str]) -> None:
        index = {name: i for i, name in enumerate(keypoint_names)}
        pairs = [(f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in _LIMBS]
        self._limbs = [(index[a], index[b]) for a, b in pairs if a in index and b in index]
        self._open: list[Tracklet] = []
        self._ended: list[Tracklet] = []
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
        # Who was there a moment ago comes first, so that nobody who is hidden takes their place.
        free = list(people)
        for pieces in (
            [piece for piece in self._open if piece.frames[-1] == frame - 1],
            [piece for piece in self._open if piece.frames[-1] < frame - 1],
        ):
            pairs = pair([[piece.link_cost(time, person) for person in free] for piece in pieces])
            for row, column in pairs:
                pieces[row].add(frame, time, free[column])
            linked = {column for _, column in pairs}
            free = [person for column, person in enumerate(free) if column not in linked]
        for person in free:
            newcomer = Tracklet()
            newcomer.add(frame, time, person)
            self._open.append(newcomer)

    def tracks(self) -> list[Track]:
        """Everybody seen so far, in the order of their first appearance; passing flickers are left out."""
        fewest = min(_FEWEST_SIGHTINGS, self._length)
        pieces = [piece for piece in self._ended + self._open if len(piece.frames) >= fewest]
        return [_track(self._length, piece) for piece in join(pieces, self._limbs)]


def _track(length: int, tracklet: Tracklet) -> Track:
    return Track(
        length,
        np.array(tracklet.frames),
        np.stack([person.keypoints for person in tracklet.people]),
        np.stack([person.confidence for person in tracklet.people]),
    )


def track(frames: Iterable[tuple[float, Sequence[Person]]], keypoint_names: Sequence[str]) -> list[Track]:
    """The tracks of a whole clip: times in seconds and the people found, frame by frame."""
    tracker = Tracker(keypoint_names)
    for time, people in frames:
        tracker.update(time, people)
    return tracker.tracks()
