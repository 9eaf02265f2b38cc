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
        group = animation.groups.get(each.group) or animation.groups.new(each.group)
        for column, component in enumerate(each.components):
            curve = animation.curves.new(each.path, index=component)
            curve.group = group
            slopes = None if each.slopes is None else each.slopes[:, column]
            _fill(curve, each.keys, each.values[:, column], slopes)


def _fill(curve: Any, keys: Keys, values: Array, slopes: Array | None) -> None:
    """Give an empty F-Curve its keys: lines, or Bezier curves whose handles go a third of the way."""
    smooth = slopes is not None
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
    if slopes is not None:
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
