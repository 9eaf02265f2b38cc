"""The clips that were lifted of late, kept in the extension's folder."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from .preferences import user_folder

_MOST = 10


def recent_clips() -> list[str]:
    """Paths, the latest first; none where the list is missing or damaged."""
    try:
        paths = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []


def remember(clip: str) -> None:
    """Put a clip at the head of the list; a list that cannot be written is not worth an error."""
    paths = [clip, *(path for path in recent_clips() if path != clip)][:_MOST]
    temporary = _file().with_suffix(".partial")
    with suppress(OSError):
        temporary.write_text(json.dumps(paths, indent=1), encoding="utf-8")
        temporary.replace(_file())


def _file() -> Path:
    return user_folder() / "recent.json"
