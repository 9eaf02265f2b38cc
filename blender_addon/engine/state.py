"""Whether there is an engine, and what is the matter when there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..errors import LiftPoseError
from ..installer.layout import Layout
from .interpreter import engine_python

_WHEELS = Path(__file__).parents[1] / "installer" / "wheel"


class Condition(Enum):
    """Of the engine, as the preferences show it."""

    NOT_INSTALLED = "Not installed"
    READY = "Ready"
    UPDATE_NEEDED = "Update needed"
    BROKEN = "Broken"


@dataclass(frozen=True)
class EngineState:
    """What the user is told of the engine."""

    condition: Condition
    text: str
    python: str = ""
    """The interpreter that runs it, if any does."""


def engine_state(layout: Layout, chosen: str) -> EngineState:
    """Of the engine in the environment `chosen` by the user, else of the installed one, else of any other."""
    record = layout.record()
    if chosen or record is None:
        return _found(chosen)
    if not Path(record.python).is_file():
        return EngineState(Condition.BROKEN, f"{record.python} is gone.")
    version = bundled_version()
    if version is not None and version != record.version:
        text = f"Version {record.version} is installed, and the add-on is version {version}."
        return EngineState(Condition.UPDATE_NEEDED, text, record.python)
    return EngineState(Condition.READY, f"Version {record.version}, {record.found}", record.python)


def _found(chosen: str) -> EngineState:
    try:
        python = engine_python(chosen)
    except LiftPoseError as error:
        condition = Condition.BROKEN if chosen else Condition.NOT_INSTALLED
        return EngineState(condition, error.message)
    return EngineState(Condition.READY, python, python)


def bundled_engine() -> Path | None:
    """The engine's wheel that came with the add-on; None in a source checkout."""
    return next(iter(sorted(_WHEELS.glob("lift_pose-*.whl"))), None)


def bundled_version() -> str | None:
    """Its version."""
    wheel = bundled_engine()
    return None if wheel is None else wheel.name.split("-")[1]
