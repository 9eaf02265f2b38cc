"""The bone map in the panel: what was recognised, as the user has corrected it; kept with the scene."""
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty

from ..errors import InvalidInput
from ..labels import EnumProperty, IntProperty, StringProperty
from .bone_map import PARTS, BoneMap, Setting
from .recognition import Recognition

_TWIST, _IK = "twist:", "ik:"
_LIMBS = tuple(part for part in PARTS if part.endswith(("arm", "thigh", "shin")))


def _label(part: str) -> str:
    return part.replace("_", " ").title()


_ITEMS = [(part, _label(part), "The bones that are moved, from the body outward") for part in PARTS]
_ITEMS += [
    (_TWIST + limb, f"{_label(limb)} Twist", "Bones beside it that take up its twist") for limb in _LIMBS
]
_ITEMS += [
    (_IK + limb, f"{_label(limb)} IK", "The control that holds the limb's end, then its pole")
    for limb in PARTS
    if limb.endswith(("forearm", "shin"))
]


class LiftPoseBonePair(bpy.types.PropertyGroup):
    part: EnumProperty(name="Part", description="The part of the body", items=_ITEMS)
    bone: StringProperty(name="Bone", description="The rig's bone")


class LiftPoseRigSetting(bpy.types.PropertyGroup):
    bone: StringProperty()
    property: StringProperty()
    has_fk: BoolProperty()
    fk: FloatProperty()
    has_ik: BoolProperty()
    ik: FloatProperty()


class LiftPoseBoneMap(bpy.types.PropertyGroup):
    label: StringProperty(name="Map", description="What the map is called")
    score: FloatProperty(description="How much of the map the rig has", min=0, max=1)
    missing: StringProperty(description="What the rig lacks")
    pairs: CollectionProperty(type=LiftPoseBonePair)
    active: IntProperty(name="Pair")
    settings: CollectionProperty(type=LiftPoseRigSetting)


CLASSES = (LiftPoseBonePair, LiftPoseRigSetting, LiftPoseBoneMap)


def show(chosen: Any, found: Recognition | None) -> None:
    """Put what was recognised, or nothing, into a `LiftPoseBoneMap`."""
    chosen.pairs.clear()
    chosen.settings.clear()
    chosen.label, chosen.score, chosen.missing, chosen.active = "", 0, "", 0
    if found is None:
        return
    bone_map = found.bone_map
    chosen.label, chosen.score, chosen.missing = bone_map.name, found.score, ", ".join(found.missing)
    others = {_TWIST + part: chain for part, chain in bone_map.twists.items()}
    others |= {_IK + part: pair for part, pair in bone_map.ik.items()}
    for part, chain in {**bone_map.bones, **others}.items():
        for name in chain:
            pair = chosen.pairs.add()
            pair.part, pair.bone = part, name
    for setting in bone_map.settings:
        kept = chosen.settings.add()
        kept.bone, kept.property = setting.bone, setting.property
        kept.has_fk, kept.has_ik = setting.fk is not None, setting.ik is not None
        kept.fk, kept.ik = setting.fk or 0, setting.ik or 0


def bone_map(chosen: Any) -> BoneMap:
    """The map that a `LiftPoseBoneMap` holds. Raises InvalidInput when it is not complete."""
    kinds: dict[str, dict[str, tuple[str, ...]]] = {"": {}, _TWIST: {}, _IK: {}}
    for pair in chosen.pairs:
        kind = next(kind for kind in (_TWIST, _IK, "") if pair.part.startswith(kind))
        part = pair.part.removeprefix(kind)
        if pair.bone:
            kinds[kind][part] = (*kinds[kind].get(part, ()), pair.bone)
    names = [name for chains in kinds.values() for chain in chains.values() for name in chain]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"The bone {twice[0]} is in the bone map twice.", "Correct the bone map.")
    if "pelvis" not in kinds[""]:
        raise InvalidInput("The bone map names no pelvis.", "Complete the bone map.")
    if any(len(pair) != 2 for pair in kinds[_IK].values()):
        raise InvalidInput("IK takes a control and a pole.", "Complete the bone map.")
    settings = tuple(
        Setting(s.bone, s.property, s.fk if s.has_fk else None, s.ik if s.has_ik else None)
        for s in chosen.settings
    )
    return BoneMap(chosen.label or "Mine", kinds[""], kinds[_TWIST], kinds[_IK], settings)
