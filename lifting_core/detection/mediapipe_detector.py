"""Several people of any size, quickly, from a network made for one person who fills the picture.

MediaPipe's person detector overlooks people smaller than about a third of its picture; its pose network, once
it follows a person, needs only the surroundings. So everybody who has been found is followed by a landmarker
of their own, in a window that moves along, while another one searches for newcomers (see `SearchPlan`).
"""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.detector import ClosedOnExit, Person
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES, Landmarker
from lifting_core.detection.poses import SAME_PERSON, is_credible, similarity, size
from lifting_core.detection.search import Look, SearchPlan
from lifting_core.detection.windows import Window
from lifting_core.media.frames import Frame

_WINDOW = 1.7  # body sizes along the side of a follower's window: small enough to hold one person mostly
_FIRST_WINDOW = 1.4  # the same for its first look, when it has to choose the right person
_ADAPTATION = 0.2  # share of the way to its proper side that a window makes in one frame
_MARGIN = 0.1  # body sizes around the keypoints that still belong to the body
_PATIENCE = 5  # frames without a sighting after which a follower gives up
_MOST_IN_WINDOW = 5  # people searched for in one window

_HIPS = [KEYPOINT_NAMES.index("left_hip"), KEYPOINT_NAMES.index("right_hip")]


class _Follower:
    """Follows one person from picture to picture, in a window that moves along."""

    def __init__(self, landmarker: Landmarker, person: Person, image_size: tuple[int, int]) -> None:
        self.landmarker = landmarker
        self.sighting: Person | None = None
        """The person in the picture looked at last, if there."""
        self.is_fresh = False
        """Whether that is the present picture."""
        self.prominence = 0.0
        """Size in pixels, summed over the pictures since the person was found."""
        self.continuity = 1.0
        """Similarity of the last two sightings."""
        self.misses = 0
        """Looks since the last sighting."""
        self._image_size = image_size
        self._last = person
        self._side = _FIRST_WINDOW * size(person)
        self.window = self._next_window()
        """Where it looked last."""

    @property
    def body(self) -> Window:
        """The part of the picture that the person took when last seen."""
        return Window.containing(self._last.keypoints, _MARGIN * size(self._last), self._image_size)

    def rest(self) -> None:
        """Let a picture pass."""
        self.is_fresh = False
        self.prominence += size(self._last)

    def look(self, image: NDArray[np.uint8]) -> None:
        """Find the person in the next picture."""
        self.is_fresh = True
        self.prominence += size(self._last)
        self.window = self._next_window()
        found = self.landmarker.find(image, self.window)
        self.sighting = next((person for person in found if is_credible(person, self._image_size)), None)
        if self.sighting is None:
            self.misses += 1
            return
        self.misses = 0
        self.continuity = similarity(self._last, self.sighting)
        self._last = self.sighting
        # MediaPipe remembers a place in the window; were the side to leap, it would look in the wrong place.
        self._side += _ADAPTATION * (_WINDOW * size(self._last) - self._side)

    def _next_window(self) -> Window:
        x, y = self._last.keypoints[_HIPS].mean(axis=0)
        return Window.around(float(x), float(y), self._side, self._image_size)


class MediaPipeDetector(ClosedOnExit):
    """MediaPipe's pose landmarker as a `Detector` of up to `most_people` people in a frame.

    With `thrifty`, whoever has filled most of the clip so far is found in every frame, and the others, who
    only need to be told apart, in every second one.
    """

    def __init__(self, most_people: int = 6, thrifty: bool = False) -> None:
        self._thrifty = thrifty
        self._frame = 0
        self._most_people = most_people
        self._searcher = Landmarker("image", people=_MOST_IN_WINDOW)
        self._followers: list[_Follower] = []
        self._image_size = (0, 0)
        self._plan = SearchPlan((1, 1))
        self._surveyed = False
        # A landmarker keeps one core busy and lets go of the interpreter meanwhile.
        self._threads = ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2))

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        return KEYPOINT_NAMES

    def detect(self, frame: Frame) -> list[Person]:
        """Everybody found in the frame, each once, in no particular order."""
        image = frame.image
        first = self._image_size != (image.shape[1], image.shape[0])
        if first:
            self._start((image.shape[1], image.shape[0]))
        look = self._plan.next(image, [follower.window for follower in self._followers])
        search = self._threads.submit(self._searcher.find, image, *self._aim(look)) if look else None
        self._follow(image)
        if search:
            self._welcome(search.result(), image)
        if not self._surveyed and (first or self._followers):
            self._survey(image)
        return [one.sighting for one in self._followers if one.is_fresh and one.sighting is not None]

    def close(self) -> None:
        self._threads.shutdown()
        self._searcher.close()
        for follower in self._followers:
            follower.landmarker.close()
        self._followers = []

    def _start(self, image_size: tuple[int, int]) -> None:
        for follower in self._followers:
            follower.landmarker.close()
        self._followers = []
        self._image_size = image_size
        self._plan = SearchPlan(image_size)
        self._surveyed = False

    def _follow(self, image: NDArray[np.uint8]) -> None:
        """Find everybody who is followed; let go of who is lost, and of the worse of two who see the same."""
        awake = self._awake()
        looks = [self._threads.submit(follower.look, image) for follower in awake[1:]]
        if awake:
            awake[0].look(image)
        for look in looks:
            look.result()
        gone = {follower for follower in self._followers if follower.misses > _PATIENCE}
        for a, b in itertools.combinations(self._followers, 2):
            if a.sighting and b.sighting and similarity(a.sighting, b.sighting) >= SAME_PERSON:
                gone.add(a if a.continuity < b.continuity else b)
        for follower in gone:
            self._plan.lost(follower.window)
            follower.landmarker.close()
        self._followers = [follower for follower in self._followers if follower not in gone]

    def _awake(self) -> list[_Follower]:
        """Those who look at the present picture; the others rest."""
        self._frame += 1
        if not self._thrifty or len(self._followers) < 2:
            return self._followers
        leader = max(self._followers, key=lambda follower: follower.prominence)
        bystanders = [follower for follower in self._followers if follower is not leader]
        for follower in bystanders[self._frame % 2 :: 2]:
            follower.rest()
        return [leader, *bystanders[(self._frame + 1) % 2 :: 2]]

    def _aim(self, look: Look) -> tuple[Window, list[Window]]:
        """The window to search, and the parts to hide."""
        return look.window, [follower.body for follower in self._followers] if look.hide_known else []

    def _survey(self, image: NDArray[np.uint8]) -> None:
        """Search everywhere, in two windows at a time: so who was there first is counted first."""
        searchers = self._searcher, Landmarker("image", people=_MOST_IN_WINDOW)
        windows = iter(self._plan.windows)
        while pair := tuple(itertools.islice(windows, len(searchers))):
            aims = [self._aim(Look(window, True)) for window in pair]
            finds = [
                self._threads.submit(s.find, image, *aim) for s, aim in zip(searchers, aims, strict=False)
            ]
            for find in finds:
                self._welcome(find.result(), image)
        searchers[1].close()
        self._surveyed = bool(self._followers)

    def _welcome(self, candidates: list[Person], image: NDArray[np.uint8]) -> None:
        """Follow each credible candidate who is new and who is there at a second, closer look, too."""
        for candidate in sorted(candidates, key=lambda person: -float(person.confidence.sum())):
            if len(self._followers) == self._most_people:
                return
            if not self._is_new(candidate):
                continue
            follower = _Follower(Landmarker("video"), candidate, self._image_size)
            follower.look(image)
            if follower.continuity >= SAME_PERSON and self._is_new(follower.sighting):
                self._followers.append(follower)
            else:
                follower.landmarker.close()

    def _is_new(self, person: Person | None) -> bool:
        if person is None or not is_credible(person, self._image_size):
            return False
        known = (follower.sighting for follower in self._followers)
        return all(other is None or similarity(person, other) < SAME_PERSON for other in known)
