"""Ends this process when the one that started it has ended, however that came about."""

from __future__ import annotations

import _thread
import os
import signal
import threading

ENDS_WITH_STDIN = "LIFT_POSE_ENDS_WITH_STDIN"
"""Set by who starts a process, keeps the other end of its stdin open, and writes nothing to it."""


def end_with_parent() -> None:
    """Watch stdin, if the parent has asked for it; its end works as SIGTERM, on which everything unwinds."""
    if os.environ.pop(ENDS_WITH_STDIN, ""):
        threading.Thread(target=_end_with_stdin, name="parent", daemon=True).start()


def _end_with_stdin() -> None:
    while os.read(0, 1 << 10):
        pass
    _thread.interrupt_main(signal.SIGTERM)
