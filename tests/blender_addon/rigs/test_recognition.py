"""Rigs are recognised by the names their families use in the wild."""

from __future__ import annotations

import pytest

from blender_addon.rigs.bone_map import BoneMap, known_maps
from blender_addon.rigs.recognition import matched, recognise

_MAPS = known_maps()


@pytest.mark.parametrize("bone_map", _MAPS, ids=lambda bone_map: bone_map.name)
@pytest.mark.parametrize(
    "spell",
    [
        str,
        str.upper,
        lambda name: f"character:{name}",
        lambda name: f"Armature_{name.lower()}",
        lambda name: name.replace("_", ".").replace(" ", "_"),
    ],
    ids=["as is", "upper case", "namespace", "prefix", "separators"],
)
def test_every_family_is_told_from_the_others(bone_map: BoneMap, spell: object) -> None:
    assert callable(spell)
    bones = [spell(name) for name in bone_map.names()]
    extra = ["camera_target", "tail_01", "tail_02", "HeadTop_End"]
    found = recognise([*extra, *bones], _MAPS)
    assert found is not None
    assert found.bone_map.name == bone_map.name
    assert found.score == 1
    assert found.missing == ()
    assert found.bone_map.names() == tuple(bones)


def test_generated_rigify_is_no_metarig() -> None:
    metarig, rig = (next(m for m in _MAPS if m.name.startswith(name)) for name in ("Rigify m", "Rigify,"))
    bones = [f"{kind}-{name}" for kind in ("ORG", "DEF") for name in metarig.names()] + list(rig.names())
    found = recognise(bones, _MAPS)
    assert found is not None
    assert found.bone_map.name == rig.name


def test_what_is_missing_is_told() -> None:
    mixamo = next(m for m in _MAPS if m.name == "Mixamo")
    bones = [f"mixamorig:{name}" for name in mixamo.names() if name not in ("Neck", "LeftShoulder")]
    found = recognise(bones, _MAPS)
    assert found is not None
    assert found.bone_map.name == "Mixamo"
    assert sorted(found.missing) == ["LeftShoulder", "Neck"]
    assert found.score == pytest.approx(1 - 2 / len(mixamo.names()))
    assert found.bone_map.bones["head"] == ("mixamorig:Head",)
    assert not {"neck", "left_clavicle"} & set(found.bone_map.bones)


def test_no_person_is_recognised_in_a_chain_of_bones() -> None:
    assert recognise([f"Bone.{index:03}" for index in range(40)], _MAPS) is None
    assert recognise([], _MAPS) is None
    assert matched(["Bone"], _MAPS[0]).score == 0
