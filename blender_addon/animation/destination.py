"""Where the curves of a motion go. What the user has animated stays as it is, whatever the destination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import bpy
import numpy as np

from ..compatibility import Animation, copied_animation, new_animation, push_strip
from ..errors import InvalidInput
from .fcurves import Array, Curves, join, key_frames, write

Kind = Literal["ACTION", "STRIP", "APPEND"]


@dataclass(frozen=True)
class Destination:
    """Where a motion goes."""

    kind: Kind = "ACTION"
    """A new Action in the place of the old one, which is kept; a strip in a new track of the NLA; or, from
    the current frame on, a copy of the old Action."""
    keeps_going: bool = False
    """Whether an appended motion starts where the rig stands then and faces as it does."""

    @property
    def continues(self) -> bool:
        """Whether the motion takes up where the rig is."""
        return self.kind == "APPEND" and self.keeps_going


NEW_ACTION = Destination()


@dataclass(frozen=True)
class Delivered:
    """The Action that has the curves, and what the user should know, in words."""

    action: bpy.types.Action
    notices: tuple[str, ...] = ()


def check_animatable(armature: bpy.types.Object) -> None:
    """Raises InvalidInput when the armature cannot be animated as it is now."""
    if not armature.users_scene:  # the panel itself keeps a chosen rig that the user has deleted
        raise InvalidInput(f"{armature.name} is in no scene.", "Choose another armature.")
    override = armature.override_library
    if not armature.is_editable or (override is not None and override.is_system_override):
        raise InvalidInput(
            f"{armature.name} is linked from another file.",
            "Make a library override of it that can be edited.",
        )
    if armature.data.is_editmode:
        raise InvalidInput(f"{armature.name} is in Edit Mode.", "Leave Edit Mode first.")
    if armature.data.pose_position == "REST":  # then nothing that is measured on it is true
        raise InvalidInput(f"{armature.name} is in Rest Position.", "Put it in Pose Position first.")
    if armature.animation_data and armature.animation_data.use_tweak_mode:
        raise InvalidInput(
            f"A strip of {armature.name} is being tweaked in the NLA.", "Leave tweak mode first."
        )


def deliver(
    armature: bpy.types.Object, curves: Sequence[Curves], name: str, destination: Destination
) -> Delivered:
    """Write the curves, which start at a common frame, and let them animate the armature."""
    if destination.kind == "STRIP":
        return _as_strip(armature, curves, name)
    if destination.kind == "APPEND":
        copy = copied_animation(armature)
        if copy is not None:
            return _appended(armature, curves, copy)
    animation = new_animation(armature, name)
    write(animation, curves)
    animation.assign(armature)
    data = armature.animation_data
    if destination.kind == "APPEND" and data.nla_tracks:
        data.action_extrapolation = "HOLD_FORWARD"  # before it the strips go on to be seen
    return Delivered(animation.action)


def _as_strip(armature: bpy.types.Object, curves: Sequence[Curves], name: str) -> Delivered:
    animation = new_animation(armature, name)
    write(animation, curves)
    data: Any = armature.animation_data or armature.animation_data_create()
    alone = data.action is None and not any(track.strips for track in data.nla_tracks)
    frames = curves[0].keys.frames
    strip = push_strip(data, animation, float(frames[0]), float(frames[-1]))
    if not alone:
        strip.extrapolation = "NOTHING"  # outside the strip all is as it was
    if data.action is None:
        return Delivered(animation.action)
    return Delivered(animation.action, (f"The Action {data.action.name} is seen above its strip.",))


def _appended(armature: bpy.types.Object, curves: Sequence[Curves], copy: Animation) -> Delivered:
    first, last = curves[0].keys.frames[[0, -1]]
    for curve in copy.curves:
        if len(curve.sampled_points) > 0:  # baked: it can have no keys beside
            start, end = curve.range()
            curve.convert_to_keyframes(int(start), int(end) + 1)
    frames = key_frames(copy)
    before = float(frames[frames < first].max()) if (frames < first).any() else None
    for each in curves:
        known = np.array([np.nan if curve is None else curve.evaluate(first) for curve in _there(copy, each)])
        present = np.where(np.isfinite(known), known, _present(armature, each))
        join(copy, _carried_on(each, present), before, present, (first, last))
    copy.assign(armature)
    muted = {each.group: None for each in curves if any(map(_is_muted, _there(copy, each)))}
    if not muted:
        return Delivered(copy.action)
    return Delivered(copy.action, (f"F-Curves of {', '.join(muted)} are muted.",))


def _there(animation: Animation, curves: Curves) -> list[Any]:
    """The F-Curves of the same channels; None for each that the Action lacks."""
    return [animation.curves.find(curves.path, index=index) for index in curves.components]


def _is_muted(curve: Any) -> bool:
    return bool(curve.mute or (curve.group is not None and curve.group.mute))


def _present(armature: bpy.types.Object, curves: Curves) -> Array:
    """(C,) what the property is now."""
    owner, custom, name = curves.path.rpartition('["')
    if custom and name.endswith('"]'):  # path_resolve gives the names of what is numbered
        bone: Any = armature.path_resolve(owner)
        value = bone[bpy.utils.unescape_identifier(name[:-2])]
    else:
        value = armature.path_resolve(curves.path)
    present = np.atleast_1d(np.array(value, np.float64))
    return present[list(curves.components)]


def _carried_on(curves: Curves, present: Array) -> Curves:
    """The same rotations in the numbers that are nearest to the present ones (C,)."""
    start = curves.values[0]
    if curves.path.endswith("rotation_euler"):
        return replace(curves, values=curves.values + _whole_turns(present - start))
    if curves.path.endswith("rotation_quaternion"):
        return _times(curves, -1.0 if start @ present < 0 else 1.0)
    if curves.path.endswith("rotation_axis_angle"):
        curves = _times(curves, -1.0 if start[1:] @ present[1:] < 0 else 1.0)
        turns = _whole_turns(present[:1] - curves.values[0, :1])
        return replace(curves, values=curves.values + np.append(turns, np.zeros(3)))
    return curves


def _times(curves: Curves, sign: float) -> Curves:
    slopes = None if curves.slopes is None else sign * curves.slopes
    return replace(curves, values=sign * curves.values, slopes=slopes)


def _whole_turns(angles: Array) -> Array:
    turns: Array = 2 * np.pi * np.round(angles / (2 * np.pi))
    return turns
