"""Data that only some machines have: tests that need it skip, saying so, where it is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """A folder beside the checkout with real videos (`media/`) and motion capture (`mocap/`)."""
    if not (_SHARED / "media").is_dir():
        pytest.skip(f"no real videos and motion capture in {_SHARED}")
    return _SHARED
