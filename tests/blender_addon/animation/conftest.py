"""Rigs as other programs make them: the bones of a map's family on a body of their own proportions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

from blender_addon.rigs.bone_map import BoneMap, known_maps

_SIDED = {
    "clavicle": ((0.03, -0.04, 1.36), (0.18, 0.01, 1.39)),
    "upper_arm": ((0.18, 0.01, 1.39), (0.44, 0.03, 1.39)),
    "forearm": ((0.44, 0.03, 1.39), (0.68, 0.0, 1.38)),
    "hand": ((0.68, 0.0, 1.38), (0.8, 0.0, 1.37)),
    "thigh": ((0.1, 0.0, 0.88), (0.12, -0.03, 0.47)),
    "shin": ((0.12, -0.03, 0.47), (0.11, 0.02, 0.08)),
    "foot": ((0.11, 0.02, 0.08), (0.12, -0.12, 0.02)),
}
_MIDDLE = {
    "root": ((0.0, 0.0, 0.0), (0.0, 0.2, 0.0)),
    "pelvis": ((0.0, 0.02, 0.92), (0.0, 0.02, 1.02)),
    "spine": ((0.0, 0.02, 1.02), (0.0, 0.01, 1.4)),
    "neck": ((0.0, 0.01, 1.42), (0.0, -0.01, 1.5)),
    "head": ((0.0, -0.01, 1.5), (0.0, 0.0, 1.7)),
}
_PARENTS = {
    "pelvis": "root", "spine": "pelvis", "neck": "spine", "head": "neck", "clavicle": "spine",
    "upper_arm": "clavicle", "forearm": "upper_arm", "hand": "forearm", "thigh": "pelvis", "shin": "thigh",
    "foot": "shin",
}  # fmt: skip


@dataclass(frozen=True)
class RigMaker:
    """What a rig is like."""

    family: str = "Mixamo"
    arms: float = 0.0
    """Degrees by which the arms hang lower than in a T-pose."""
    roll: float = 0.0
    """Radians, at most, of extra roll."""
    without: tuple[str, ...] = ()
    """Parts that have no bones."""
    inside: Matrix = field(default_factory=Matrix)
    """Applied to the armature's own space and undone by the object, as FBX does."""
    placed: Matrix = field(default_factory=Matrix)
    """Where the object is put on top of that."""

    def make(self) -> bpy.types.Object:
        """A rig in the scene, in Object Mode."""
        bone_map = next(known for known in known_maps() if known.name.startswith(self.family))
        rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
        bpy.context.scene.collection.objects.link(rig)
        bpy.context.view_layer.objects.active = rig
        bpy.ops.object.mode_set(mode="EDIT")
        self._add_bones(rig.data, bone_map)
        bpy.ops.object.mode_set(mode="OBJECT")
        rig.data.transform(self.inside)
        rig.matrix_world = self.placed @ self.inside.inverted()
        bpy.context.view_layer.update()
        return rig

    def _add_bones(self, data: bpy.types.Armature, bone_map: BoneMap) -> None:
        chains = {part: names for part, names in bone_map.bones.items() if part not in self.without}
        random = np.random.default_rng(2)
        for part, names in chains.items():
            head, tail = self._ends(part)
            _add_chain(data, names, head, tail, _parent(part, chains))
        for part, names in bone_map.twists.items():
            head, tail = self._ends(part)
            for index, name in enumerate(names):
                start = head.lerp(tail, index / len(names))
                _add_chain(data, [name], start, start.lerp(tail, 0.2), chains[part][-1])
        for bone in data.edit_bones:
            bone.roll += random.uniform(-self.roll, self.roll)

    def _ends(self, part: str) -> tuple[Vector, Vector]:
        side, _, sided = part.partition("_")
        if part in _MIDDLE:
            head, tail = _MIDDLE[part]
            return Vector(head), Vector(tail)
        head, tail = (Vector(end) for end in _SIDED[sided])
        if sided in ("upper_arm", "forearm", "hand"):
            shoulder = Matrix.Translation(_SIDED["upper_arm"][0])
            lower = shoulder @ Matrix.Rotation(math.radians(self.arms), 4, "Y") @ shoulder.inverted()
            head, tail = lower @ head, lower @ tail
        mirror = Vector((1 if side == "left" else -1, 1, 1))
        return head * mirror, tail * mirror


def _parent(part: str, chains: dict[str, tuple[str, ...]]) -> str | None:
    """The last bone of the nearest part inward that there is."""
    side, _, sided = part.partition("_")
    while True:
        inward = _PARENTS.get(sided if side in ("left", "right") else part)
        if inward is None:
            return None
        part = inward if inward in _MIDDLE else f"{side}_{inward}"
        if part in chains:
            return chains[part][-1]
        if inward in _MIDDLE:
            side, sided = "", inward
        else:
            sided = inward


def _add_chain(
    data: bpy.types.Armature, names: Sequence[str], head: Vector, tail: Vector, parent: str | None
) -> None:
    for index, name in enumerate(names):
        bone = data.edit_bones.new(name)
        bone.head = head.lerp(tail, index / len(names))
        bone.tail = head.lerp(tail, (index + 1) / len(names))
        bone.parent = data.edit_bones[parent] if parent else None
        bone.use_connect = index > 0
        parent = name


@pytest.fixture
def make_rig(scene: bpy.types.Scene) -> Callable[..., bpy.types.Object]:
    """Makes a rig; the arguments are those of `RigMaker`."""
    return lambda **rig: RigMaker(**rig).make()
