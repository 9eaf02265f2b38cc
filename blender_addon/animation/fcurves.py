"""F-Curves written in bulk, hundreds of times faster than keyframe by keyframe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..compatibility import Animation


@dataclass(frozen=True, eq=False)
class Keys:
    """When there are keys, and whether a curve stands still until the next one."""

    frames: NDArray[np.float64]
    """(N,) scene frames, increasing; parts of frames are allowed."""
    holds: NDArray[np.bool_]
    """(N,) True where the value is held until the next key, False where it moves there in a line."""

    def insert(
        self,
        animation: Animation,
        path: str,
        values: NDArray[Any],
        group: str,
        components: Sequence[int] | NDArray[np.int64] | None = None,
    ) -> None:
        """Write a property: `values` is (N, C) in the units of the property at `path`.

        `components` are its C components by index, the first C where they are not given.
        """
        interpolation = np.where(
            self.holds, _enum("interpolation", "CONSTANT"), _enum("interpolation", "LINEAR")
        )
        handles = np.full(len(self.frames), _enum("handle_left_type", "AUTO_CLAMPED"), np.int32)
        points = np.empty((len(self.frames), 2), np.float32)
        points[:, 0] = self.frames
        curve_group = animation.groups.get(group) or animation.groups.new(group)
        indices = range(values.shape[1]) if components is None else components
        for index, component in zip(indices, np.asarray(values).T, strict=True):
            curve = animation.curves.new(path, index=int(index))
            curve.group = curve_group
            points[:, 1] = component
            keyframes = curve.keyframe_points
            keyframes.add(len(points))
            keyframes.foreach_set("co", points.ravel())
            keyframes.foreach_set("interpolation", interpolation.astype(np.int32))
            keyframes.foreach_set("handle_left_type", handles)
            keyframes.foreach_set("handle_right_type", handles)
            curve.update()


def _enum(name: str, identifier: str) -> int:
    """The number behind an enum item of a keyframe, which foreach_set wants."""
    items: Any = bpy.types.Keyframe.bl_rna.properties[name]
    return int(items.enum_items[identifier].value)
