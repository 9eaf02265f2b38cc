"""One person, followed from picture to picture by MediaPipe's landmarker in a window that moves along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.detector import Person
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES, Landmarker, PoseModel, with_sides_exchanged
from lifting_core.detection.poses import SAME_PERSON, SEEN_BY_MEDIAPIPE, is_credible, similarity, size
from lifting_core.detection.windows import Window

Image = NDArray[np.uint8]
Find = Callable[[], list[list[Person]]]
"""Work for a thread: what is found in each of some pictures."""

_WINDOW = 1.7  # body sizes along the side of the window: small enough to hold one person mostly
_FIRST_WINDOW = 1.4  # the same for the first look, when the right person has to be chosen
_WIDE_WINDOW = 3.0  # the same after a miss: MediaPipe finds some people only when there is room around them
_ADAPTATION = 0.2  # share of the way to its proper side that a window makes in one picture
_MARGIN = 0.1  # body sizes around the keypoints that still belong to the body

_HIPS = [KEYPOINT_NAMES.index("left_hip"), KEYPOINT_NAMES.index("right_hip")]


class Follower:
    """Looks at one picture after the other, or at two at a time, with a landmarker for each.

    The second one looks into a mirror: it does not mistake what the first one does, and what is fitted to the
    whole clip later lies between them.

    `plan` says what there is to do for pictures that follow each other, `see` takes what came of it.
    """

    def __init__(self, model: PoseModel, person: Person, image_size: tuple[int, int]) -> None:
        self.sighting: Person | None = None
        """The person in the picture looked at last, if there."""
        self.prominence = 0.0
        """Size in pixels, summed over the pictures since the person was found."""
        self.continuity = 1.0
        """Similarity of the last two sightings."""
        self.misses = 0
        """Looks since the last sighting."""
        self._model: PoseModel = model
        self._landmarkers = [Landmarker("video", model)]
        self._steady = True
        self._image_size = image_size
        self._last = person
        self._side = _FIRST_WINDOW * size(person)
        self.window = self._next_window()
        """Where it looked last."""

    @property
    def body(self) -> Window:
        """The part of the picture that the person took when last seen."""
        return Window.containing(self._last.keypoints, _MARGIN * size(self._last), self._image_size)

    def close(self) -> None:
        for landmarker in self._landmarkers:
            landmarker.close()

    def look_at_two(self) -> None:
        """Look at two pictures at a time from now on, unless the person moves too fast for that."""
        if self._steady and len(self._landmarkers) == 1:
            self._landmarkers.append(Landmarker("video", self._model, in_mirror=True))

    def look_at_one(self) -> None:
        """Look at one picture at a time from now on."""
        for landmarker in self._landmarkers[1:]:
            landmarker.close()
        del self._landmarkers[1:]

    def rest(self, pictures: int) -> None:
        """Let so many pictures pass."""
        self.prominence += pictures * size(self._last)

    def plan(self, images: Sequence[Image]) -> list[Find]:
        """What has to be done to find the person in these pictures, each for a thread of its own."""
        self.window = self._next_window()
        used = self._landmarkers[: len(images)]
        return [
            partial(_find_in_each, landmarker, images[number :: len(used)], self.window)
            for number, landmarker in enumerate(used)
        ]

    def see(self, images: Sequence[Image], found: Sequence[list[list[Person]]]) -> list[Person | None]:
        """The person in each of the pictures, from what was found, in the order of what was planned."""
        people = [self._own(found[index % len(found)][index // len(found)]) for index in range(len(images))]
        apart = False
        if len(found) == 2:
            people[1] = _with_sides_of(*people)
            apart = _are_others(*people)
        if apart:
            # The second landmarker lost the person to somebody else, or to a fast move.
            self._steady = False
            self.look_at_one()
        for number, image in enumerate(images):
            if apart and number:
                people[number] = self._own(self._landmarkers[0].find(image, self._next_window()))
            self._take(people[number])
        return people

    def looking_again(self, image: Image, sighting: Person) -> Person:
        """The mean of a sighting in this picture, the last one, and of what its mirror image shows."""
        with closing(Landmarker("video", self._model, in_mirror=True)) as landmarker:
            again = _with_sides_of(sighting, self._own(landmarker.find(image, self.window)))
        if again is None or _are_others(sighting, again):
            return sighting
        return Person(
            (sighting.keypoints + again.keypoints) / 2, (sighting.confidence + again.confidence) / 2
        )

    def _own(self, found: list[Person]) -> Person | None:
        credible = (one for one in found if is_credible(one, self._image_size, SEEN_BY_MEDIAPIPE))
        return next(credible, None)

    def _take(self, sighting: Person | None) -> None:
        self.prominence += size(self._last)
        self.sighting = sighting
        if sighting is None:
            self.misses += 1
            self._side = max(self._side, _WIDE_WINDOW * size(self._last))
            return
        self.misses = 0
        self.continuity = similarity(self._last, sighting)
        self._last = sighting
        # MediaPipe remembers a place in the window; were the side to leap, it would look in the wrong place.
        self._side += _ADAPTATION * (_WINDOW * size(sighting) - self._side)

    def _next_window(self) -> Window:
        x, y = self._last.keypoints[_HIPS].mean(axis=0)
        return Window.around(float(x), float(y), self._side, self._image_size)


def _are_others(one: Person | None, other: Person | None) -> bool:
    return one is not None and other is not None and similarity(one, other) < SAME_PERSON


def _with_sides_of(one: Person | None, other: Person | None) -> Person | None:
    """The other sighting, its left and right exchanged if it then is more like the one."""
    if one is None or other is None:
        return other
    return max(other, with_sides_exchanged(other), key=lambda person: similarity(one, person))


def _find_in_each(landmarker: Landmarker, images: Sequence[Image], window: Window) -> list[list[Person]]:
    return [landmarker.find(image, window) for image in images]
