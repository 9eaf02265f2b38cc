"""Puts a motion on its rig once more, with the contacts that the user has edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import bpy

from ..animation.origin import origin_of
from ..animation.timing import frame_rate, pose_keys, scene_frames
from ..errors import InvalidInput
from ..motion_file import read_motion
from .contacts import marked_contacts
from .memory import recall
from .retarget import Retargeted, Target, retarget


def retarget_again(scene: bpy.types.Scene, armature: bpy.types.Object) -> Retargeted:
    """The Motion of the rig's Action in a new Action, with feet that stand still where its markers say.

    Nothing is detected or lifted again. Raises InvalidInput when the Action does not tell how it was made, or
    its Motion file is gone; after any failure the file is as it was before.
    """
    action = armature.animation_data.action if armature.animation_data else None
    if action is None:
        raise InvalidInput(f"The rig {armature.name} has no Action.", "Put a motion on it first.")
    origin, memory = origin_of(action), recall(action)
    if not origin.motion.is_file():
        raise InvalidInput(
            f"The motion file {origin.motion} of the Action {action.name} is gone.",
            "Put it back, or lift the clip again.",
        )
    rate = frame_rate(scene)
    if abs(rate - origin.rate) > 1e-3 * rate:
        raise InvalidInput(
            f"The Action {action.name} was made at {origin.rate:g} frames/s, the scene now has {rate:g}.",
            "Give the scene its old frame rate.",
        )
    motion, settings = read_motion(origin.motion), _sound(memory.settings)
    keys = pose_keys(motion, scene_frames(motion, rate, origin.start))
    contacts = marked_contacts(action, round(keys.frames[0]), round(keys.frames[-1]))
    settings |= {
        "start": origin.start,
        "match": "NEVER",
        "feet": "AUTOMATIC" if contacts else "FLOOR",
        "contacts": tuple(contacts),
    }
    return retarget(motion, Target(scene, armature, memory.bone_map, **settings))


def _sound(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are of the kinds that a Target has; the others keep their defaults."""
    kinds, found = get_type_hints(Target), {}
    for field in fields(Target):
        value, words = settings.get(field.name), get_args(kinds[field.name])
        if value in words if words else type(value) is type(field.default):
            found[field.name] = value
    return found
