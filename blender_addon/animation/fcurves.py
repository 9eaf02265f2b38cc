"""F-Curves written in bulk, hundreds of times faster than keyframe by keyframe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..compatibility import Animation

Array = NDArray[np.float64]
_ATTRIBUTES: dict[str, tuple[type, int]] = {
    "co": (np.float32, 2),
    "handle_left": (np.float32, 2),
    "handle_right": (np.float32, 2),
    "handle_left_type": (np.int32, 1),
    "handle_right_type": (np.int32, 1),
    "interpolation": (np.int32, 1),
    "easing": (np.int32, 1),
    "type": (np.int32, 1),
    "amplitude": (np.float32, 1),
    "back": (np.float32, 1),
    "period": (np.float32, 1),
}
"""All of a key, as foreach_get knows it: type and how many numbers."""
_SAME = 1e-3  # frames


@dataclass(frozen=True, eq=False)
class Keys:
    """When there are keys, and whether a curve stands still until the next one."""

    frames: Array
    """(N,) scene frames, increasing; parts of frames are allowed."""
    holds: NDArray[np.bool_]
    """(N,) True where the value is held until the next key, False where it moves there."""

    def insert(
        self,
        curves: list[Curves],
        path: str,
        values: NDArray[Any],
        group: str,
        components: Sequence[int] | NDArray[np.int64] | None = None,
    ) -> None:
        """Add the curves of a property: `values` is (N, C) in the units of the property at `path`.

        `components` are its C components by index, the first C where they are not given.
        """
        indices = range(values.shape[1]) if components is None else (int(index) for index in components)
        curves.append(Curves(path, group, tuple(indices), self, np.asarray(values, np.float64)))


@dataclass(frozen=True, eq=False)
class Curves:
    """The F-Curves of one property, keyed together."""

    path: str
    group: str
    components: tuple[int, ...]
    """Which of the property's components there are, C of them."""
    keys: Keys
    values: Array
    """(N, C)."""
    slopes: Array | None = None
    """(N, C) change a frame at the keys of smooth curves; None for straight lines from key to key."""


def write(animation: Animation, curves: Iterable[Curves]) -> None:
    """Write curves that the Action lacks."""
    for each in curves:
        for column, component in enumerate(each.components):
            _fill(_new_curve(animation, each, component), each, column)


def join(
    animation: Animation, curves: Curves, before: float | None, present: Array, span: tuple[float, float]
) -> None:
    """Write curves in the place of the keys that the Action has from the first to the last frame of `span`.

    Curves that the Action lacks get a key at the frame `before` too, if there is one, with the `present`
    value (C,).
    """
    early = None
    if before is not None:
        early = Curves(curves.path, curves.group, curves.components, _one_key(before), present[None])
    for column, component in enumerate(curves.components):
        curve = animation.curves.find(curves.path, index=component)
        if curve is not None:
            kept = _take_keys(curve, *span)
        else:
            curve = _new_curve(animation, curves, component)
            kept = {}
            if early is not None:
                _fill(curve, early, column)
                kept = _take_keys(curve, *span)
        _fill(curve, curves, column)
        _give_keys(curve, kept)


def key_frames(animation: Animation) -> NDArray[np.float32]:
    """The frames of all keys of an Action, in no order."""
    keys = [_read(curve.keyframe_points, "co")[:, 0] for curve in animation.curves]
    return np.concatenate([np.empty(0, np.float32), *keys])


def _one_key(frame: float) -> Keys:
    return Keys(np.array([frame]), np.array([False]))


def _new_curve(animation: Animation, curves: Curves, component: int) -> Any:
    curve = animation.curves.new(curves.path, index=component)
    curve.group = animation.groups.get(curves.group) or animation.groups.new(curves.group)
    return curve


def _take_keys(curve: Any, first: float, last: float) -> dict[str, NDArray[Any]]:
    """Empty an F-Curve; returns its keys outside the frames, an array (N, ...) an attribute."""
    points = curve.keyframe_points
    keys = {name: _read(points, name) for name in _ATTRIBUTES}
    outside = (keys["co"][:, 0] < first - _SAME) | (keys["co"][:, 0] > last + _SAME)
    points.clear()
    kept = {name: values[outside] for name, values in keys.items()}
    _keep_shape(kept, kept["co"][:, 0] < first)
    return kept


def _keep_shape(keys: dict[str, NDArray[Any]], early: NDArray[np.bool_]) -> None:
    """Let the handles beside a cut, which Blender would adjust to their new neighbours, stay as they are."""
    beside = [*np.flatnonzero(early)[-1:], *np.flatnonzero(~early)[:1]]
    for name in ("handle_left_type", "handle_right_type"):
        automatic = np.isin(keys[name][beside], [_enum(name, kind) for kind in ("AUTO", "AUTO_CLAMPED")])
        keys[name][beside] = np.where(automatic, _enum(name, "FREE"), keys[name][beside])


def _give_keys(curve: Any, keys: dict[str, NDArray[Any]]) -> None:
    """Add keys as `_take_keys` returned them."""
    points = curve.keyframe_points
    if keys:
        points.add(len(keys["co"]))
        for name, values in keys.items():
            whole = _read(points, name)
            whole[len(whole) - len(values) :] = values
            points.foreach_set(name, whole.ravel())
    curve.update()


def _read(points: Any, name: str) -> NDArray[Any]:
    kind, width = _ATTRIBUTES[name]
    values: NDArray[Any] = np.empty(len(points) * width, kind)
    points.foreach_get(name, values)
    return values.reshape(len(points), width)


def _fill(curve: Any, curves: Curves, column: int) -> None:
    """Give an empty F-Curve its keys: lines, or Bezier curves whose handles go a third of the way."""
    keys, values = curves.keys, curves.values[:, column]
    smooth = curves.slopes is not None
    handles = _enum("handle_left_type", "ALIGNED" if smooth else "AUTO_CLAMPED")
    moves = _enum("interpolation", "BEZIER" if smooth else "LINEAR")
    points = curve.keyframe_points
    points.add(len(values))
    points.foreach_set("co", _pairs(keys.frames, values))
    points.foreach_set(
        "interpolation", np.where(keys.holds, _enum("interpolation", "CONSTANT"), moves).astype(np.int32)
    )
    points.foreach_set("handle_left_type", np.full(len(values), handles, np.int32))
    points.foreach_set("handle_right_type", np.full(len(values), handles, np.int32))
    if curves.slopes is not None:
        slopes = curves.slopes[:, column]
        before = np.diff(keys.frames, prepend=keys.frames[0] - 1) / 3
        after = np.diff(keys.frames, append=keys.frames[-1] + 1) / 3
        points.foreach_set("handle_left", _pairs(keys.frames - before, values - before * slopes))
        points.foreach_set("handle_right", _pairs(keys.frames + after, values + after * slopes))
    curve.update()


def _pairs(frames: Array, values: Array) -> NDArray[np.float32]:
    """(2N,) as foreach_set wants them."""
    return np.column_stack([frames, values]).astype(np.float32).ravel()


def _enum(name: str, identifier: str) -> int:
    """The number behind an enum item of a keyframe, which foreach_set wants."""
    items: Any = bpy.types.Keyframe.bl_rna.properties[name]
    return int(items.enum_items[identifier].value)
