"""Rigs whose bones are called anything are recognised by how they are put together."""

from __future__ import annotations

import math
from collections.abc import Callable

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from blender_addon.rigs.armature import recognise_armature
from blender_addon.rigs.bone_map import BoneMap, known_maps
from blender_addon.rigs.structure import Skeleton, recognise_structure

Make = Callable[..., bpy.types.Object]
_FAMILIES = ["Mixamo", "Unreal Engine 5", "MakeHuman and MPFB default", "Daz Genesis 9", "CMU"]
_Y_UP = Matrix.Rotation(math.radians(-90), 4, "X") @ Matrix.Scale(100, 4)
_BACKWARD = Matrix.Rotation(math.pi, 4, "Z")


def _nameless(rig: bpy.types.Object) -> dict[str, str]:
    """Number the rig's bones; returns the old names by the new."""
    old = {}
    for index, bone in enumerate(list(rig.data.bones)):
        old[f"b{index * 7919 % 997:03}"] = bone.name
        bone.name = f"b{index * 7919 % 997:03}"
    return old


@pytest.mark.parametrize("family", _FAMILIES)
@pytest.mark.parametrize("arms", [0, 45, 80])
@pytest.mark.parametrize("inside", [Matrix(), _Y_UP, _BACKWARD], ids=["z up", "y up", "backward"])
def test_parts_are_found_without_names(make_rig: Make, family: str, arms: float, inside: Matrix) -> None:
    bone_map: BoneMap = next(known for known in known_maps() if known.name.startswith(family))
    rig = make_rig(family=family, arms=arms, roll=3, fingers=True, inside=inside)
    old = _nameless(rig)
    found = recognise_armature(rig)
    assert found is not None
    assert (found.score, found.missing) == (1, ())
    named = {part: tuple(old[name] for name in chain) for part, chain in found.bone_map.bones.items()}
    assert named == dict(bone_map.bones)


def test_missing_parts_are_told(make_rig: Make) -> None:
    rig = make_rig(without=("neck", "head", "left_hand", "right_hand"))
    _nameless(rig)
    found = recognise_armature(rig)
    assert found is not None
    assert set(found.missing) == {"neck", "head", "left_hand", "right_hand"}
    assert found.score == pytest.approx(1 - 4 / 18)


def test_a_body_of_two_different_sides(make_rig: Make) -> None:
    """A foot without a mirror image leaves one part missing."""
    rig = make_rig()
    bpy.ops.object.mode_set(mode="EDIT")
    foot = rig.data.edit_bones["LeftFoot"]
    foot.tail = foot.head + 2 * (foot.tail - foot.head)
    bpy.ops.object.mode_set(mode="OBJECT")
    old = _nameless(rig)
    found = recognise_armature(rig)
    assert found is not None
    assert found.missing in [("left_foot",), ("right_foot",)]
    for part, chain in found.bone_map.bones.items():
        side = part.partition("_")[0].title()
        assert side not in ("Left", "Right") or all(old[bone].startswith(side) for bone in chain)


def test_what_is_no_body_is_not_taken_for_one(make_rig: Make) -> None:
    chain = [np.array([[0, 0, float(i)] for i in range(j, j + 1500)]) for j in (0, 1)]
    rope = Skeleton([str(i) for i in range(1500)], range(-1, 1499), *chain)
    assert recognise_structure(rope) is None
    assert recognise_structure(Skeleton([], [], np.empty((0, 3)), np.empty((0, 3)))) is None
    legless = make_rig(
        without=("left_thigh", "right_thigh", "left_shin", "right_shin", "left_foot", "right_foot")
    )
    _nameless(legless)
    assert recognise_armature(legless) is None
