from __future__ import annotations

import pytest

from blender_addon.preferences import user_folder
from blender_addon.recent import recent_clips, remember


@pytest.fixture(autouse=True)
def _bare() -> None:
    (user_folder() / "recent.json").unlink(missing_ok=True)


def test_the_latest_comes_first_and_once() -> None:
    for clip in ("a.mp4", "b.mp4", "a.mp4"):
        remember(clip)
    assert recent_clips() == ["a.mp4", "b.mp4"]


def test_the_list_is_short() -> None:
    for number in range(30):
        remember(f"{number}.mp4")
    assert recent_clips() == [f"{number}.mp4" for number in range(29, 19, -1)]


@pytest.mark.parametrize("damage", ["", "{", "{}", "3"])
def test_a_damaged_list_is_empty(damage: str) -> None:
    (user_folder() / "recent.json").write_text(damage)
    assert recent_clips() == []
