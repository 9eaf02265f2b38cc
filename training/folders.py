"""Folders for results."""

from __future__ import annotations

from pathlib import Path

from lifting_core.errors import InvalidInput


def make_folder(path: Path) -> None:
    """Make a folder and those above it, if need be. Raises InvalidInput when that cannot be done."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"The folder {path} cannot be made: {error.strerror}.", "Choose another."
        ) from error
