"""A report of what went wrong, to be shown to others: who and where the user is, is taken out."""

from __future__ import annotations

import getpass
import platform
import re
import sys
from contextlib import suppress
from pathlib import Path

import bpy

from .preferences import user_folder
from .session import session

_LINES = 40  # of every log
_LOGS = ("engine.log", "install.log")


def error_report(context: bpy.types.Context) -> str:
    """Versions, the engine's state, the last outcome, and the ends of the logs."""
    state = session.engine_state(context)
    lines = [
        f"Blender {bpy.app.version_string} ({bpy.app.build_hash.decode()}), Python {sys.version.split()[0]}",
        f"{platform.platform()}, {platform.machine()}",
        f"Engine: {state.condition.value}. {state.text}",
        f"Last outcome: {session.outcome.text if session.outcome else 'none'}",
    ]
    for name in _LOGS:
        lines += ["", f"--- {name} ---", *_tail(user_folder() / name)]
    return anonymous("\n".join(lines))


def anonymous(text: str) -> str:
    """The text without the user's name, home folder and machine's name."""
    replaced = [(str(Path.home()), "<home>"), (platform.node(), "<machine>"), (_user(), "<user>")]
    for private, shown in replaced:
        if len(private) > 1:
            text = re.sub(rf"(?<![\w]){re.escape(private)}(?![\w])", shown, text, flags=re.IGNORECASE)
    return text


def _user() -> str:
    with suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return ""


def _tail(log: Path) -> list[str]:
    with suppress(OSError):
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]
    return []
