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
    slot = action.slots.new(id_type=owner.id_type, name=owner.name) if hasattr(action, "slots") else None
    return _animation(action, slot)


def copied_animation(owner: bpy.types.Object) -> Animation | None:
    """A copy of what animates `owner` alone in its Action, not assigned yet; None where nothing does."""
    data: Any = owner.animation_data
    if data is None or data.action is None:
        return None
    if not hasattr(data, "action_slot"):
        return _animation(data.action.copy(), None)
    if data.action_slot is None:
        return None
    copy, identifier = data.action.copy(), data.action_slot.identifier
    for slot in [slot for slot in copy.slots if slot.identifier != identifier]:
        copy.slots.remove(slot)
    return _animation(copy, copy.slots[identifier])


def _animation(action: bpy.types.Action, slot: Any) -> Animation:
    if slot is None:
        legacy: Any = action
        return Animation(action, None, legacy.fcurves, legacy.groups)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip: Any = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    bag = strip.channelbag(slot, ensure=True)
    return Animation(action, slot, bag.fcurves, bag.groups)


def push_strip(data: bpy.types.AnimData, animation: Animation, start: float, end: float) -> Any:
    """Make a strip of the Action from frame `start` to `end`, in a new track above the others."""
    track = data.nla_tracks.new()
    try:
        track.name = animation.action.name
        strip: Any = track.strips.new(animation.action.name, int(start), animation.action)
        if animation.slot is not None:
            strip.action_slot = animation.slot
    except BaseException:
        data.nla_tracks.remove(track)
        raise
    end = max(end, start + 1)
    strip.action_frame_start, strip.action_frame_end = start, end
    strip.frame_start, strip.frame_end = start, end
    return strip
