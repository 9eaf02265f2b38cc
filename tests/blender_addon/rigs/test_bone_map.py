"""Bone maps as files: what ships is sound, what is saved comes back, what is wrong is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blender_addon.errors import InvalidInput
from blender_addon.rigs.bone_map import PARTS, BoneMap, Setting, known_maps, read_map, write_map

_LIMBS = ("upper_arm", "forearm", "thigh", "shin")
_VALID = {
    "format": "lift-pose-bone-map",
    "version": 1,
    "name": "Puppet",
    "sides": [".L", ".R"],
    "bones": {"pelvis": ["hips"], "thigh": ["leg_a{side}", "leg_b{side}"]},
}


def _file(folder: Path, data: Any) -> Path:
    path = folder / "map.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), "utf-8")
    return path


def test_sides_are_spelled_out(tmp_path: Path) -> None:
    settings = [{"bone": "leg{side}", "property": "IK", "fk": 1}]
    bone_map = read_map(_file(tmp_path, _VALID | {"settings": settings}))
    assert bone_map.bones["left_thigh"] == ("leg_a.L", "leg_b.L")
    assert bone_map.bones["right_thigh"] == ("leg_a.R", "leg_b.R")
    assert bone_map.settings == (Setting("leg.L", "IK", 1.0), Setting("leg.R", "IK", 1.0))


def test_maps_that_ship_name_all_limbs() -> None:
    maps = known_maps()
    assert len({bone_map.name for bone_map in maps}) == len(maps) >= 18
    for bone_map in maps:
        limbs = {f"{side}_{limb}" for side in ("left", "right") for limb in _LIMBS}
        assert limbs | {"pelvis", "spine", "neck", "head"} <= set(bone_map.bones), bone_map.name


_NAMES = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=9)


@example(["a", "{side}", "b"], 1.0)
@given(st.lists(_NAMES, min_size=3, max_size=12, unique=True), st.floats(-10, 10, allow_nan=False))
def test_saved_map_comes_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], value: float
) -> None:
    chains = {"pelvis": (names[0],), "spine": tuple(names[2:])}
    settings = (Setting(names[1], "IK_FK", value), Setting("hand", "follow", None, value))
    ik = {"right_shin": ("foot control", "pole of it")}
    bone_map = BoneMap(names[0], chains, {"left_thigh": (names[1],)}, ik, settings)
    path = tmp_path_factory.mktemp("maps") / "mine.json"
    write_map(bone_map, path)
    assert read_map(path) == bone_map
    assert [file.name for file in path.parent.iterdir()] == ["mine.json"]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("not json", "not a sound bone map"),
        ("[" * 100_000, "not a sound bone map"),
        ([], "is not a bone map"),
        ({"format": "bvh"}, "is not a bone map"),
        (_VALID | {"version": 2}, "newer Lift Pose"),
        (_VALID | {"version": "1"}, "version must be a whole number"),
        (_VALID | {"script": "import os"}, "script is no field"),
        (_VALID | {"name": ""}, "name must be a name"),
        (_VALID | {"sides": [".L", ".L"]}, "two different markers"),
        (_VALID | {"bones": {"spine": ["a"]}}, "names no pelvis"),
        (_VALID | {"bones": {"pelvis": ["a"], "tail": ["b"]}}, "tail is no part of the body"),
        (_VALID | {"bones": {"pelvis": ["a"], "spine": ["a"]}}, "a stands for two parts"),
        (_VALID | {"bones": {"pelvis": []}}, "pelvis is empty"),
        (_VALID | {"bones": {"pelvis": "hips"}}, "pelvis must be a list"),
        (_VALID | {"settings": [{"bone": "a", "property": "b", "fk": "1+1"}]}, "must be a number"),
        (_VALID | {"settings": [{"bone": "a"}]}, "a setting must have"),
        (_VALID | {"settings": [{"bone": "a", "property": "b"}]}, "a setting must have"),
        (_VALID | {"ik": {"shin": ["foot{side}"]}}, "a control and a pole"),
        (_VALID | {"ik": {"thigh": ["foot{side}", "pole{side}"]}}, "a control and a pole"),
    ],
)
def test_wrong_map_is_refused_in_a_sentence(tmp_path: Path, data: Any, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        read_map(_file(tmp_path, data))


def test_missing_and_huge_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        read_map(tmp_path / "none.json")
    with pytest.raises(InvalidInput, match="too large"):
        read_map(_file(tmp_path, " " * (1 << 21)))
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_map(known_maps()[0], tmp_path / "no" / "map.json")


def test_parts_come_in_pairs() -> None:
    left = {part.removeprefix("left_") for part in PARTS if part.startswith("left_")}
    assert left == {part.removeprefix("right_") for part in PARTS if part.startswith("right_")}
