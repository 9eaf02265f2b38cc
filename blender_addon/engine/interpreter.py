"""Finds the Python that the engine is installed in, which is never Blender's own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..errors import LiftPoseError

VARIABLE = "LIFT_POSE_PYTHON"
_NAMES = ("python.exe",) if os.name == "nt" else ("python3", "python")
_ADVICE = "Name it in the add-on's preferences, under Engine Python."


def engine_python(chosen: str) -> str:
    """The interpreter `chosen` in the preferences, else that of the environment, else that of `lift-pose`.

    Raises LiftPoseError when there is none, or when the one named cannot be run.
    """
    for origin, name in (
        ("the preferences", chosen),
        (f"the variable {VARIABLE}", os.environ.get(VARIABLE, "")),
    ):
        if name:
            found = shutil.which(os.path.expanduser(name))  # noqa: PTH111 - `which` wants text
            if found is None:
                raise LiftPoseError(f"{name}, the engine's Python in {origin}, cannot be run.", _ADVICE)
            return found
    script = shutil.which("lift-pose")
    python = _python_of(Path(script)) if script else None
    if python is None:
        raise LiftPoseError("The Python with Lift Pose's engine was not found.", _ADVICE)
    return python


def _python_of(script: Path) -> str | None:
    """The interpreter of an installed command: named in its first line, or lying beside it."""
    with script.open("rb") as file:
        first = file.readline(512)
    if first.startswith(b"#!") and b"python" in first:
        named = shutil.which(os.fsdecode(first[2:].strip()))
        if named:
            return named
    beside = (script.resolve().with_name(name) for name in _NAMES)
    return next((str(python) for python in beside if python.exists()), None)
