"""Which Motion file an Action was made from, so that what was seen in the clip can be looked at again.

It is kept as text in a custom property of the Action, which is saved, copied and deleted with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..errors import InvalidInput

_KEY = "lift_pose_origin"


@dataclass(frozen=True)
class Origin:
    """A Motion file, and how its time runs in the scene."""

    motion: Path
    rate: float
    """Frames a second of the scene."""
    start: int
    """The scene frame of the clip's time 0."""


def set_origin(action: bpy.types.Action, origin: Origin | None) -> None:
    """Keep it with the Action; None for an Action that has more, or other, than one Motion file."""
    if origin is not None:
        data = {"motion": str(origin.motion), "rate": origin.rate, "start": origin.start}
        action[_KEY] = json.dumps(data)
    elif action.get(_KEY) is not None:
        del action[_KEY]


def has_origin(action: bpy.types.Action | None) -> bool:
    """Whether the Action was made from one Motion file."""
    return action is not None and isinstance(action.get(_KEY), str)


def origin_of(action: bpy.types.Action) -> Origin:
    """Raises InvalidInput when the Action does not tell, or not in a way that makes sense."""
    try:
        data = json.loads(action[_KEY])
        return Origin(Path(data["motion"]), float(data["rate"]), int(data["start"]))
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(
            f"The Action {action.name} does not tell how it was made.",
            "Put the Motion file on the armature again.",
        ) from error


def needs(actions: Iterable[bpy.types.Action], motion: Path) -> bool:
    """Whether one of the Actions was made from this Motion file."""
    for action in actions:
        try:
            if has_origin(action) and origin_of(action).motion == motion.resolve():
                return True
        except InvalidInput:  # it tells nothing that anybody could use
            continue
    return False
