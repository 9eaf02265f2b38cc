"""Characters of one body on rigs of several families: those of MakeHuman's files, and Rigify's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from training.rendering.dressing import Clothes
from training.rendering.figure import build_body, build_rig, skin
from training.rendering.makehuman import BaseMesh, RigBone, read_rig, read_weights
from training.rendering.stage import current_scene, current_view_layer

Weights = dict[str, list[tuple[int, float]]]
Ends = tuple[NDArray[np.float64], NDArray[np.float64]]

_PREFIX = "mixamorig:"
_SIDES = (("Left", ".L"), ("Right", ".R"))
# Rigify's bones by the bones of the Mixamo rig: each from the head of the first to the head of the second.
_SPINE = (("Hips", "Spine"), ("Spine", "Spine1"), ("Spine1", "Spine2"), ("Spine2", "Neck"))
_LIMBS = {
    "shoulder": ("Shoulder", "Arm"),
    "upper_arm": ("Arm", "ForeArm"),
    "forearm": ("ForeArm", "Hand"),
    "hand": ("Hand", ""),
    "thigh": ("UpLeg", "Leg"),
    "shin": ("Leg", "Foot"),
    "foot": ("Foot", "ToeBase"),
    "toe": ("ToeBase", ""),
}
_IN_TWO = ("upper_arm", "forearm", "thigh", "shin")
_RAMP = 0.5  # of a bone's length, over which its second half takes over from the first


def build_character(data: Path, rig: str, targets: Mapping[str, float], clothes: Clothes) -> bpy.types.Object:
    """A rig of MakeHuman's ("mixamo", "game_engine") with a body. Raises OSError when data is missing."""
    mesh = BaseMesh.load(data, targets)
    armature, _ = build_rig(read_rig(data, rig, mesh))
    skin(build_body(mesh, clothes), armature, read_weights(data, rig))
    return armature


def build_rigify_character(data: Path, targets: Mapping[str, float], clothes: Clothes) -> bpy.types.Object:
    """The rig that Rigify generates, with a body on it that has the weights of MakeHuman's Mixamo rig."""
    import addon_utils  # is only found once bpy is there

    mesh = BaseMesh.load(data, targets)
    places = _places(read_rig(data, "mixamo", mesh))
    addon_utils.enable("rigify", default_set=True)
    operators: Any = bpy.ops  # the stubs do not know Rigify's
    operators.object.armature_basic_human_metarig_add()
    metarig = _active()
    _fit(metarig, places)
    operators.pose.rigify_generate()
    rig = _active()
    bpy.data.objects.remove(metarig)
    for widgets in [child for child in current_scene().collection.children if child.name.startswith("WGTS")]:
        bpy.data.collections.remove(widgets)
    skin(build_body(mesh, clothes), rig, _weights(read_weights(data, "mixamo"), places, mesh))
    return rig


def _active() -> bpy.types.Object:
    active = current_view_layer().objects.active
    assert active is not None
    return active


def _places(bones: list[RigBone]) -> dict[str, Ends]:
    """Head and tail of the metarig's bones."""
    ends = {b.name.removeprefix(_PREFIX): (np.array(b.head), np.array(b.tail)) for b in bones}
    places = {}
    for index, (start, end) in enumerate(_SPINE):
        places["spine" if index == 0 else f"spine.{index:03}"] = (ends[start][0], ends[end][0])
    neck, head = ends["Neck"][0], ends["Head"][0]
    places["spine.004"], places["spine.005"] = (neck, (neck + head) / 2), ((neck + head) / 2, head)
    places["spine.006"] = ends["Head"]
    for side, marker in _SIDES:
        for bone, (start, end) in _LIMBS.items():
            tail = ends[side + end][0] if end else ends[side + start][1]
            places[bone + marker] = (ends[side + start][0], tail)
        ankle, _ = places["foot" + marker]
        across, heel = np.array([0.04, 0, 0]), np.array([ankle[0], ankle[1] + 0.04, 0])
        places["heel.02" + marker] = (heel - across, heel + across)
    return places


def _fit(metarig: bpy.types.Object, places: Mapping[str, Ends]) -> None:
    """Stand the metarig's bones where the body's joints are."""
    bpy.ops.object.mode_set(mode="EDIT")
    armature: Any = metarig.data
    for name in ("breast.L", "breast.R"):
        armature.edit_bones.remove(armature.edit_bones[name])
    hips = places["spine"][0]
    for side in ("L", "R"):
        pelvis = armature.edit_bones[f"pelvis.{side}"]
        pelvis.tail, pelvis.head = hips + np.array(pelvis.vector), hips
    for name, (head, tail) in places.items():
        bone = armature.edit_bones[name]
        upward = bone.z_axis.copy()
        bone.head, bone.tail = head, tail
        bone.align_roll(upward)
    bpy.ops.object.mode_set(mode="OBJECT")


def _weights(
    mixamo: Mapping[str, list[tuple[int, float]]], places: Mapping[str, Ends], mesh: BaseMesh
) -> Weights:
    """For the bones that deform: limbs of Rigify's are in two, so that they twist along."""
    weights: Weights = {}
    for name, pairs in mixamo.items():
        bone = _rigify_bone(name.removeprefix(_PREFIX))
        base, marker = bone[:-2], bone[-2:]
        if base not in _IN_TWO:
            weights.setdefault(f"DEF-{bone}", []).extend(pairs)
            continue
        head, tail = places[bone]
        along = tail - head
        for vertex, weight in pairs:
            part = float((mesh.vertices[vertex] - head) @ along / (along @ along))
            second = float(np.clip((part - 0.5) / _RAMP + 0.5, 0, 1))
            weights.setdefault(f"DEF-{base}{marker}", []).append((vertex, weight * (1 - second)))
            weights.setdefault(f"DEF-{base}{marker}.001", []).append((vertex, weight * second))
    return weights


def _rigify_bone(name: str) -> str:
    """Which bone of the metarig stands for a bone of the Mixamo rig; fingers belong to hands here."""
    trunk = {start: "spine" if index == 0 else f"spine.{index:03}" for index, (start, _) in enumerate(_SPINE)}
    trunk |= {"Neck": "spine.004", "Head": "spine.006"}
    if name in trunk:
        return trunk[name]
    side, marker = next(pair for pair in _SIDES if name.startswith(pair[0]))
    own = name.removeprefix(side)
    found = {start: bone for bone, (start, _) in _LIMBS.items()}
    return (found.get(own) or "hand") + marker
