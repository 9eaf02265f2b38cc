"""What a copy of Human3.6M lacks, in words."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product

from training.datasets.human36m.names import ACTIONS, CAMERAS, DAMAGED, SUBJECTS, TAKES

_LISTED = 8

Key = tuple[str, str, int, str]
"""Subject, action, take and camera."""

_GROUPS = {
    (0,): "{0}",
    (1,): "{1}",
    (3,): "camera {3}",
    (0, 1): "{0} {1}",
    (0, 3): "{0} camera {3}",
    (0, 1, 2): "{0} {1} take {2}",
    (0, 1, 2, 3): "{0} {1} take {2} camera {3}",
}
"""Parts of a key that sequences may have in common, and what to call those that do."""


def missing(present: Collection[Key]) -> list[str]:
    """What is absent, in as few words as tell it: a whole subject, action or camera comes before its parts.

    The take whose video is damaged (`names.DAMAGED`) may be absent.
    """
    expected = [
        key for key in product(SUBJECTS, ACTIONS, TAKES, CAMERAS) if key[:3] != (*DAMAGED[:2], TAKES[0])
    ]
    absent = [key for key in expected if key not in present]
    found: list[str] = []
    for parts, words in _GROUPS.items():
        begun = {tuple(key[part] for part in parts) for key in expected if key in present}
        whole = [key for key in absent if tuple(key[part] for part in parts) not in begun]
        found += dict.fromkeys(words.format(*key) for key in whole)
        absent = [key for key in absent if key not in whole]
    return found


def listed(items: list[str]) -> str:
    """Items with commas, the first few by name."""
    more = f" and {len(items) - _LISTED} more" if len(items) > _LISTED else ""
    return ", ".join(items[:_LISTED]) + more
