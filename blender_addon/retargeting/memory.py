"""How a Motion was put on a rig, so that it can be done again after an edit of the contacts.

It is kept as text in a custom property of the Action, beside the Action's origin, which is the Motion file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bpy

from ..errors import InvalidInput
from ..rigs.bone_map import BoneMap, as_data, from_data

_KEY = "lift_pose"


@dataclass(frozen=True)
class Memory:
    """The rig's bone map and settings."""

    bone_map: BoneMap
    settings: Mapping[str, Any]
    """The settings of a `Target` that are numbers, words or truths, by name."""
    place: tuple[float, ...] | None = None
    """(3,) the location of what moves along the floor, before it moved; None where only the hips do."""


def remember(action: bpy.types.Action, memory: Memory) -> None:
    """Keep it with the Action."""
    data = {"map": as_data(memory.bone_map), "settings": dict(memory.settings), "place": memory.place}
    action[_KEY] = json.dumps(data)


def forget(action: bpy.types.Action) -> None:
    """For an Action that has more, or other, than one Motion."""
    if action.get(_KEY) is not None:
        del action[_KEY]


def is_remembered(action: bpy.types.Action | None) -> bool:
    """Whether Lift Pose put a Motion file on a rig with this Action."""
    return action is not None and isinstance(action.get(_KEY), str)


def recall(action: bpy.types.Action) -> Memory:
    """Raises InvalidInput when the Action does not remember, or not in a way that makes sense."""
    try:
        data = json.loads(action[_KEY])
        return Memory(from_data(data["map"]), dict(data["settings"]), _place(data.get("place")))
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(
            f"The Action {action.name} does not tell how it was made.",
            "Put the Motion file on the rig again.",
        ) from error


def _place(numbers: Any) -> tuple[float, ...] | None:
    """Raises ValueError or TypeError when it is none."""
    if numbers is None:
        return None
    x, y, z = numbers
    return float(x), float(y), float(z)
