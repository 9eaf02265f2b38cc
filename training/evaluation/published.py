"""The tables of the paper: Martinez et al., "A simple yet effective baseline" (ICCV 2017), tables 1 and 2."""

from __future__ import annotations

from training.datasets.human36m.names import ACTIONS

_SHORT = (
    *("Dir", "Disc", "Eat", "Greet", "Phone", "Photo", "Pose", "Purch"),
    *("Sit", "SitD", "Smoke", "Wait", "WalkD", "Walk", "WalkT"),
)
SHORT_NAMES: dict[str, str] = dict(zip(ACTIONS, _SHORT, strict=True))
"""What the tables call the actions."""

_ROWS: dict[tuple[str, str], tuple[float, ...]] = {
    ("protocol_1", "sh_ft"): (
        *(51.8, 56.2, 58.1, 59.0, 69.5, 78.4, 55.2, 58.1),
        *(74.0, 94.6, 62.3, 59.1, 65.1, 49.5, 52.4),
    ),
    ("protocol_1", "gt"): (
        *(37.7, 44.4, 40.3, 42.1, 48.2, 54.9, 44.4, 42.1),
        *(54.6, 58.0, 45.1, 46.4, 47.6, 36.4, 40.4),
    ),
    ("protocol_2", "sh_ft"): (
        *(39.5, 43.2, 46.4, 47.0, 51.0, 56.0, 41.4, 40.6),
        *(56.5, 69.4, 49.2, 45.0, 49.5, 38.0, 43.1),
    ),
}
_AVERAGES = {("protocol_1", "sh_ft"): 62.9, ("protocol_1", "gt"): 45.5, ("protocol_2", "sh_ft"): 47.7}


def published_row(protocol: str, keypoints: str) -> dict[str, float] | None:
    """Millimetres by action, of one model for all of them; None where the paper has no such row."""
    row = _ROWS.get((protocol, keypoints))
    return None if row is None else dict(zip(ACTIONS, row, strict=True))


def published_average(protocol: str, keypoints: str) -> float | None:
    """The row's average as printed."""
    return _AVERAGES.get((protocol, keypoints))
