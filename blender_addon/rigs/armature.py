"""The bone map of an armature."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np

from .bone_map import BoneMap, known_maps
from .recognition import Recognition, recognise
from .structure import Skeleton, recognise_structure


def recognise_armature(
    armature: bpy.types.Object, maps: Iterable[BoneMap] | None = None
) -> Recognition | None:
    """How an armature's bones are named, by `maps` (those that ship), else how they are put together."""
    names = armature.data.bones.keys()
    return recognise(names, known_maps() if maps is None else maps) or recognise_structure(
        _skeleton(armature)
    )


def _skeleton(armature: bpy.types.Object) -> Skeleton:
    bones = list(armature.data.bones)
    indices = {bone.name: index for index, bone in enumerate(bones)}
    return Skeleton(
        [bone.name for bone in bones],
        [indices[bone.parent.name] if bone.parent else -1 for bone in bones],
        np.array([bone.head_local for bone in bones]).reshape(-1, 3),
        np.array([bone.tail_local for bone in bones]).reshape(-1, 3),
    )
