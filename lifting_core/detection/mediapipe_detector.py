"""Several people of any size, quickly, from a network made for one person who fills the picture.

MediaPipe's person detector overlooks people smaller than about a third of its picture; its pose network, once
it follows a person, needs only the surroundings. So everybody who has been found is followed by a landmarker
of their own, in a window that moves along, while another one searches for newcomers (see `SearchPlan`).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lifting_core.detection.detector import ClosedOnExit, Person
from lifting_core.detection.follower import Follower, Image
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES, Landmarker, PoseModel, with_sides_exchanged
from lifting_core.detection.options import Effort
from lifting_core.detection.poses import SAME_PERSON, SEEN_BY_MEDIAPIPE, is_credible, similarity
from lifting_core.detection.search import Look, SearchPlan
from lifting_core.detection.windows import Window
from lifting_core.media.frames import Frame

_PATIENCE = 5  # frames without a sighting after which a follower gives up
_MOST_IN_WINDOW = 5  # people searched for in one window
_TAKES_THE_LEAD = 1.1  # times the leader's prominence: to change the leader takes time

_Sightings = dict[Follower, dict[int, Person]]
"""Who was seen in which of some pictures, by their numbers."""


class MediaPipeDetector(ClosedOnExit):
    """MediaPipe's pose landmarker as a `BatchDetector` of up to `most_people` people in a frame.

    `model` looks at those who are followed; for newcomers the smaller one searches, since where they are is
    all it has to tell. The leader, whoever has filled most of the clip so far, is looked for in two frames at
    a time. With the least `effort` the others are found in every second frame, with the most everybody is
    looked at once more, in a mirror.
    """

    def __init__(self, model: PoseModel, most_people: int = 6, effort: Effort = "usual") -> None:
        self._effort: Effort = effort
        self._model: PoseModel = model
        self._frame = 0
        self._most_people = most_people
        self._searcher = Landmarker("image", "full", people=_MOST_IN_WINDOW)
        self._followers: list[Follower] = []
        self._leader: Follower | None = None
        self._image_size = (0, 0)
        self._plan = SearchPlan((1, 1))
        self._surveyed = False
        # A landmarker keeps one core busy and lets go of the interpreter meanwhile.
        self._threads = ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2))

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        return KEYPOINT_NAMES

    @property
    def batch_size(self) -> int:
        """Frames that one landmarker can pass over without losing a person, and one more."""
        return 1 if self._effort == "most" else 2

    def detect(self, frame: Frame) -> list[Person]:
        """Everybody found in the frame, each once, in no particular order."""
        return self.detect_batch([frame])[0]

    def detect_batch(self, frames: Sequence[Frame]) -> list[list[Person]]:
        """As `detect`, for frames that follow each other."""
        images = [frame.image for frame in frames]
        found: list[list[Person]] = []
        while len(found) < len(images):
            rest = images[len(found) :]
            found += self._detect(rest if self._knows_its_way(rest) else rest[:1])
        return found

    def close(self) -> None:
        self._threads.shutdown()
        self._searcher.close()
        self._let_all_go()

    def _knows_its_way(self, images: Sequence[Image]) -> bool:
        """Whether the pictures are of the size that the earlier ones had, in which people were found."""
        return self._surveyed and all(_size(image) == self._image_size for image in images)

    def _detect(self, images: Sequence[Image]) -> list[list[Person]]:
        """The people in pictures of one size; until some have been found, in a single one."""
        first = self._image_size != _size(images[0])
        if first:
            self._start(_size(images[0]))
        looks = [self._plan.next(image, [one.window for one in self._followers]) for image in images]
        aims = [self._aim(look) if look else None for look in looks]
        search = self._threads.submit(self._search, images, aims) if any(aims) else None
        seen = self._follow(images)
        if search:
            for number, candidates in enumerate(search.result()):
                self._welcome(candidates, images, number, seen)
        if not self._surveyed and (first or self._followers):
            self._survey(images, seen)
        if self._effort == "most":
            self._look_again(images, seen)
        return [
            [seen[one][number] for one in self._followers if number in seen[one]]
            for number in range(len(images))
        ]

    def _start(self, image_size: tuple[int, int]) -> None:
        self._let_all_go()
        self._image_size = image_size
        self._plan = SearchPlan(image_size)
        self._surveyed = False

    def _let_all_go(self) -> None:
        for follower in self._followers:
            follower.close()
        self._followers, self._leader = [], None

    def _follow(self, images: Sequence[Image]) -> _Sightings:
        """Find everybody who is followed; let go of who is lost, and of the worse of two who see the same."""
        self._choose_leader()
        if self._leader and len(images) > 1:
            self._leader.look_at_two()
        seen = self._look({one: self._awake(one, len(images)) for one in self._followers}, images)
        gone = {one for one in self._followers if one.misses > _PATIENCE}
        for a, b in itertools.combinations(self._followers, 2):
            if a.sighting and b.sighting and _are_one(a.sighting, b.sighting):
                gone.add(a if a.continuity < b.continuity else b)
        for follower in gone:
            self._plan.lost(follower.window)
            follower.close()
        self._followers = [one for one in self._followers if one not in gone]
        self._frame += len(images)
        return seen

    def _choose_leader(self) -> None:
        foremost = max(self._followers, key=lambda one: one.prominence, default=None)
        if self._leader in self._followers:
            assert self._leader is not None
            assert foremost is not None
            if foremost.prominence < _TAKES_THE_LEAD * self._leader.prominence:
                return
            self._leader.look_at_one()
        self._leader = foremost

    def _awake(self, follower: Follower, pictures: int) -> list[int]:
        """The numbers of the next pictures that a follower looks at; it rests through the others."""
        numbers = range(pictures)
        if self._effort != "least" or follower is self._leader:
            return list(numbers)
        turn = self._frame + self._followers.index(follower)
        return [number for number in numbers if (turn + number) % 2]

    def _look(self, awake: dict[Follower, list[int]], images: Sequence[Image]) -> _Sightings:
        """Let followers look, all at the same time, at the pictures of these numbers."""
        looks = {
            follower: [self._threads.submit(find) for find in follower.plan([images[n] for n in numbers])]
            for follower, numbers in awake.items()
        }
        seen: _Sightings = {}
        for follower, numbers in awake.items():
            follower.rest(len(images) - len(numbers))
            people = follower.see(
                [images[number] for number in numbers], [look.result() for look in looks[follower]]
            )
            seen[follower] = {
                number: person for number, person in zip(numbers, people, strict=True) if person
            }
        return seen

    def _aim(self, look: Look) -> tuple[Window, list[Window]]:
        """The window to search, and the parts to hide."""
        return look.window, [one.body for one in self._followers] if look.hide_known else []

    def _search(
        self, images: Sequence[Image], aims: Sequence[tuple[Window, list[Window]] | None]
    ) -> list[list[Person]]:
        """Candidates in each of the pictures; where there is no aim, none."""
        return [
            self._searcher.find(image, *aim) if aim else [] for image, aim in zip(images, aims, strict=True)
        ]

    def _survey(self, images: Sequence[Image], seen: _Sightings) -> None:
        """Search the first picture everywhere, in two windows at a time: so who was there first is counted
        first."""
        searchers = self._searcher, Landmarker("image", "full", people=_MOST_IN_WINDOW)
        windows = iter(self._plan.windows)
        while pair := tuple(itertools.islice(windows, len(searchers))):
            aims = [self._aim(Look(window, True)) for window in pair]
            finds = [
                self._threads.submit(one.find, images[0], *aim)
                for one, aim in zip(searchers, aims, strict=False)
            ]
            for find in finds:
                self._welcome(find.result(), images, 0, seen)
        searchers[1].close()
        self._surveyed = bool(self._followers)

    def _look_again(self, images: Sequence[Image], seen: _Sightings) -> None:
        """Put what followers see in a picture and in its mirror image in place of what was seen."""
        for number, image in enumerate(images):
            looks = {
                follower: self._threads.submit(follower.looking_again, image, seen[follower][number])
                for follower in self._followers
                if number in seen[follower]
            }
            for follower, look in looks.items():
                seen[follower][number] = look.result()

    def _welcome(
        self, candidates: list[Person], images: Sequence[Image], found_in: int, seen: _Sightings
    ) -> None:
        """Follow each credible candidate who is new and who is there at a second, closer look, too."""
        for candidate in sorted(candidates, key=lambda person: -float(person.confidence.sum())):
            if len(self._followers) == self._most_people:
                return
            if not self._is_new(candidate):
                continue
            follower = Follower(self._model, candidate, self._image_size)
            awake = {follower: list(range(found_in, len(images)))}
            own = self._look(awake, images)
            if not own[follower]:
                own = self._look(awake, images)  # with more room
            if follower.continuity >= SAME_PERSON and self._is_new(follower.sighting):
                self._followers.append(follower)
                seen |= own
            else:
                follower.close()

    def _is_new(self, person: Person | None) -> bool:
        if person is None or not is_credible(person, self._image_size, SEEN_BY_MEDIAPIPE):
            return False
        known = (follower.sighting for follower in self._followers)
        return not any(other and _are_one(person, other) for other in known)


def _are_one(a: Person, b: Person) -> bool:
    """Whether two sightings in a picture are of one person, whose sides one of them may confuse."""
    return max(similarity(a, b), similarity(with_sides_exchanged(a), b)) >= SAME_PERSON


def _size(image: Image) -> tuple[int, int]:
    """Width and height."""
    return image.shape[1], image.shape[0]
