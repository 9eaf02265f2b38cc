"""Everything that differs between Blender 4.2 LTS and 5.2 LTS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

MOVIES_ARE_UPRIGHT = bpy.app.version >= (4, 4, 0)
"""Whether Blender obeys the rotation that phones write into their videos."""


@dataclass(frozen=True)
class Animation:
    """An Action made for one data-block, and where its F-Curves and groups live."""

    action: bpy.types.Action
    slot: Any
    """The Action's only slot; None before 4.4, where an Action animates one data-block at a time."""
    curves: Any
    groups: Any

    def assign(self, owner: bpy.types.Object | bpy.types.Camera) -> None:
        """Let the Action animate its data-block. An Action that this replaces is kept in the file."""
        data = owner.animation_data or owner.animation_data_create()
        if data.action is not None:
            data.action.use_fake_user = True
        data.action = self.action
        if self.slot is not None:
            data.action_slot = self.slot


def new_animation(owner: bpy.types.Object | bpy.types.Camera, name: str) -> Animation:
    """A new Action with a slot for `owner`, not assigned yet."""
    action = bpy.data.actions.new(name)
    if not hasattr(action, "slots"):
        legacy: Any = action
        return Animation(action, None, legacy.fcurves, legacy.groups)
    slot = action.slots.new(id_type=owner.id_type, name=owner.name)
    strip: Any = action.layers.new("Layer").strips.new(type="KEYFRAME")
    bag = strip.channelbag(slot, ensure=True)
    return Animation(action, slot, bag.fcurves, bag.groups)
