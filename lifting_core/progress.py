"""How a long job says where it is, and how it learns that it should stop."""

from __future__ import annotations

from collections.abc import Callable

# progress(stage, done, total): total is None while it is not known. The callback raises
# `errors.Cancelled` when the user has cancelled; stages call it at least every 0.2 s and let it through.
Progress = Callable[[str, int, "int | None"], None]


def silent(stage: str, done: int, total: int | None) -> None:
    """A `Progress` that reports to nobody and never cancels."""
