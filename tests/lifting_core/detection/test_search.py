from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.search import Look, SearchPlan
from lifting_core.detection.windows import Window

SIZE = (1280, 720)
FOLLOWED = [Window(100, 100, 300, 300)]


def picture(*boxes: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    image = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    for left, top, width, height in boxes:
        image[top : top + height, left : left + width] = 200
    return image


def looks(
    plan: SearchPlan, frames: int, image: NDArray[np.uint8], followed: list[Window]
) -> list[Look | None]:
    return [plan.next(image, followed) for _ in range(frames)]


def test_while_nobody_is_followed_every_frame_gets_a_look_and_everything_its_turn() -> None:
    plan = SearchPlan(SIZE)
    seen = looks(plan, 2 * len(plan.windows), picture(), [])
    assert None not in seen
    assert {look.window for look in seen if look} == set(plan.windows)
    assert sum(look.window == plan.windows[0] for look in seen if look) == len(seen) / 2


def test_a_still_picture_gets_few_looks_while_somebody_is_followed() -> None:
    seen = [look for look in looks(SearchPlan(SIZE), 240, picture(), FOLLOWED) if look]
    assert len(seen) == 10


def test_the_reviews_of_a_still_picture_reach_every_window() -> None:
    plan = SearchPlan(SIZE)
    seen = {look.window for look in looks(plan, 48 * len(plan.windows), picture(), FOLLOWED) if look}
    assert seen == set(plan.windows)


def test_a_newcomer_of_a_fifth_of_the_height_draws_a_look_at_once() -> None:
    plan = SearchPlan(SIZE)
    looks(plan, 23, picture(), FOLLOWED)
    x, y, width, height = 1000, 400, 48, 144
    seen = [look.window for look in looks(plan, 16, picture((x, y, width, height)), FOLLOWED) if look]
    assert any(
        w.left < x and w.top < y and x + width < w.left + w.width and y + height < w.top + w.height
        for w in seen[1:]  # the first is the review that is due anyway
    )


def test_who_is_followed_draws_no_looks_by_moving() -> None:
    plan = SearchPlan(SIZE)
    seen = []
    for frame in range(96):
        x = 100 + 5 * frame
        seen.append(plan.next(picture((x, 300, 60, 200)), [Window(x - 70, 250, 200, 300)]))
    assert sum(look is not None for look in seen) == 4


def test_who_was_lost_is_looked_for_there_and_around_for_a_while() -> None:
    plan = SearchPlan(SIZE)
    looks(plan, 5, picture(), FOLLOWED)
    place = Window(600, 200, 200, 200)
    plan.lost(place)
    seen = looks(plan, 30, picture(), FOLLOWED)
    assert sum(look is not None for look in seen) == 15
    windows = [look.window for look in seen if look]
    assert place in windows
    assert place.doubled(SIZE) in windows
    assert {look.hide_known for look in seen if look and look.window == place} == {True, False}
    later = looks(plan, 120, picture(), FOLLOWED)[40:]
    assert sum(look is not None for look in later) <= 4


def test_pictures_of_any_size_can_be_planned() -> None:
    for size in ((1, 1), (1, 500), (3000, 2), (7680, 4320)):
        plan = SearchPlan(size)
        for _ in range(3):
            assert plan.next(np.zeros((size[1], size[0], 3), np.uint8), []) is not None
