"""What an Action remembers of how it was made, so that it can be made again after an edit.

It is kept as text in a custom property of the Action, which is saved, copied and deleted with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..errors import InvalidInput
from ..rigs.bone_map import BoneMap, as_data, from_data

_KEY = "lift_pose"


@dataclass(frozen=True)
class Memory:
    """Which Motion was put on the rig, and how."""

    motion: Path
    rate: float
    """Frames a second of the scene."""
    bone_map: BoneMap
    settings: Mapping[str, Any]
    """The settings of a `Target` that are numbers, words or truths, by name."""


def remember(action: bpy.types.Action, memory: Memory) -> None:
    """Keep it with the Action."""
    data = {
        "motion": str(memory.motion),
        "rate": memory.rate,
        "map": as_data(memory.bone_map),
        "settings": dict(memory.settings),
    }
    action[_KEY] = json.dumps(data)


def forget(action: bpy.types.Action) -> None:
    """For an Action that has more, or other, than one Motion file."""
    if action.get(_KEY) is not None:
        del action[_KEY]


def is_remembered(action: bpy.types.Action | None) -> bool:
    """Whether Lift Pose put a Motion file on a rig with this Action."""
    return action is not None and isinstance(action.get(_KEY), str)


def needs(actions: Iterable[bpy.types.Action], motion: Path) -> bool:
    """Whether one of the Actions cannot be made again without this Motion file."""
    for action in actions:
        try:
            if is_remembered(action) and recall(action).motion == motion.resolve():
                return True
        except InvalidInput:  # it remembers nothing that anybody could use
            continue
    return False


def recall(action: bpy.types.Action) -> Memory:
    """Raises InvalidInput when the Action does not remember, or not in a way that makes sense."""
    try:
        data = json.loads(action[_KEY])
        motion, rate, settings = Path(data["motion"]), float(data["rate"]), dict(data["settings"])
        return Memory(motion, rate, from_data(data["map"]), settings)
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(
            f"The Action {action.name} does not tell how it was made.",
            "Put the Motion file on the rig again.",
        ) from error
