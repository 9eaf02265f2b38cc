"""Ends this process when the one that started it has ended, however that came about."""

from __future__ import annotations

import os
import threading

from .saving import remove_partial

ENDS_WITH_STDIN = "LIFT_POSE_ENDS_WITH_STDIN"
"""Set by who starts a process, keeps the other end of its stdin open, and writes nothing to it."""


def end_with_parent() -> None:
    """Watch stdin, if the parent has asked for it."""
    if os.environ.get(ENDS_WITH_STDIN):
        threading.Thread(target=_end_with_stdin, name="Lift Pose parent", daemon=True).start()


def _end_with_stdin() -> None:
    while os.read(0, 1 << 10):
        pass
    remove_partial()
    os._exit(1)
