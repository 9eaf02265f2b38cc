"""The properties of pose bones that a bone map may set: custom ones, and the stretch of IK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy

_BUILT_IN = ("ik_stretch",)

Values = Mapping[tuple[str, str], float]
"""What properties of pose bones are to be, by bone and name."""


def value(bone: bpy.types.PoseBone, name: str) -> Any:
    """The present value; None where there is none."""
    return getattr(bone, name) if name in _BUILT_IN else bone.get(name)


def set_value(bone: bpy.types.PoseBone, name: str, new: Any) -> None:
    """Set it, in the type that it has."""
    kind: Any = type(value(bone, name))
    if name in _BUILT_IN:
        setattr(bone, name, kind(new))
    else:
        bone[name] = kind(new)


def value_path(bone: bpy.types.PoseBone, name: str) -> str:
    """The path of a property from the object."""
    own = f'["{bpy.utils.escape_identifier(name)}"]' if name not in _BUILT_IN else f".{name}"
    return bone.path_from_id() + own
