"""Which bones of a rig are which part of the body: maps of rig families, kept as JSON files.

A map is data: names are compared, and nothing in it is ever run. Where `sides` is given, a part such as
`upper_arm` stands for both sides, and `{side}` in a name for the side's marker (left first).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import InvalidInput

FORMAT = "lift-pose-bone-map"
VERSION = 1
_MIDDLE = ("root", "pelvis", "spine", "neck", "head")
_SIDED = ("clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot")
PARTS: tuple[str, ...] = _MIDDLE + tuple(f"{side}_{part}" for side in ("left", "right") for part in _SIDED)
"""The parts of the body that a map may name, in the order that a panel lists them."""
_SIDE = "{side}"
_LARGEST = 1 << 20  # bytes
_LONGEST_NAME = 255
_FIELDS = {"format", "version", "name", "sides", "bones", "twists", "ik", "settings"}
_ENDS = ("forearm", "shin")

Chains = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Setting:
    """A property of a pose bone that the rig needs at a value, such as its switch from IK to FK.

    A custom property, or `ik_stretch`: no map reaches any other.
    """

    bone: str
    property: str
    fk: float | None = None
    """The value while limbs are posed by rotations; None where it does not matter."""
    ik: float | None = None
    """The value while limbs are posed by their ends."""


@dataclass(frozen=True)
class BoneMap:
    """The bones of each part, from the body outward."""

    name: str
    bones: Chains
    """Bones that are moved. Several bones in a line share the bend of the spine or the twist of a limb."""
    twists: Chains = field(default_factory=dict)
    """Side branches of a limb that take up its twist, from the body outward."""
    ik: Chains = field(default_factory=dict)
    """For forearms and shins: the control that holds the end of the limb by IK, and its pole."""
    settings: tuple[Setting, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Every bone that a rig of this family has, twist bones too."""
        return tuple(
            name for chains in (self.bones, self.twists) for part in chains.values() for name in part
        )

    def renamed(self, names: Mapping[str, str]) -> BoneMap:
        """The same map with other names; bones that are not in `names` are left out."""

        def rename(chains: Chains) -> dict[str, tuple[str, ...]]:
            found = {part: tuple(names[n] for n in chain if n in names) for part, chain in chains.items()}
            return {part: chain for part, chain in found.items() if chain}

        settings = tuple(replace(s, bone=names[s.bone]) for s in self.settings if s.bone in names)
        ik = {part: pair for part, pair in rename(self.ik).items() if len(pair) == 2}
        return BoneMap(self.name, rename(self.bones), rename(self.twists), ik, settings)


def read_map(path: str | os.PathLike[str]) -> BoneMap:
    """Read and check a map. Raises InvalidInput when it is missing, damaged, or of another kind."""
    name = Path(path).name
    try:
        if Path(path).stat().st_size > _LARGEST:
            raise InvalidInput(f"{name} is too large to be a bone map.", "Choose a bone map (.json).")
        data = json.loads(Path(path).read_text("utf-8"))
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise InvalidInput(f"{name} is not a bone map.", "Choose a .json that Lift Pose saved.")
        if _whole(data.get("version")) > VERSION:
            raise InvalidInput(f"{name} was written by a newer Lift Pose.", "Update the add-on.")
        return from_data(data)
    except FileNotFoundError as error:
        raise InvalidInput(f"{name} does not exist.", "Choose a bone map (.json).") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{name} is not a sound bone map: {error}.", "Save the map again.") from error


def write_map(bone_map: BoneMap, path: Path) -> None:
    """Write a map whole or not at all. Raises InvalidInput when the file cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(as_data(bone_map), indent=2) + "\n", "utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InvalidInput(f"{path} cannot be written: {error}.", "Choose another folder.") from error


def known_maps() -> tuple[BoneMap, ...]:
    """The maps that ship with the add-on, by file name."""
    return tuple(read_map(path) for path in sorted(Path(__file__).with_name("maps").glob("*.json")))


def as_data(bone_map: BoneMap) -> dict[str, Any]:
    """What JSON can hold of a map: all of it."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": bone_map.name,
        "bones": {part: list(chain) for part, chain in bone_map.bones.items()},
        "twists": {part: list(chain) for part, chain in bone_map.twists.items()},
        "ik": {part: list(pair) for part, pair in bone_map.ik.items()},
        "settings": [
            {key: value for key, value in asdict(setting).items() if value is not None}
            for setting in bone_map.settings
        ],
    }


def from_data(data: dict[str, Any]) -> BoneMap:
    """The map that such data describe. Raises ValueError when a field is wrong."""
    unknown = sorted(set(data) - _FIELDS)
    if unknown:
        raise ValueError(f"{unknown[0]} is no field of it")
    sides = _strings(data["sides"], "sides") if "sides" in data else ()
    if sides and (len(sides) != 2 or sides[0] == sides[1]):
        raise ValueError("sides must be two different markers, the left one first")
    bones, twists, ik = (_chains(data.get(key, {}), key, sides) for key in ("bones", "twists", "ik"))
    if "pelvis" not in bones:
        raise ValueError("it names no pelvis")
    if any(len(pair) != 2 or not part.endswith(_ENDS) for part, pair in ik.items()):
        raise ValueError("ik must name a control and a pole for forearms and shins")
    settings = tuple(
        setting
        for entry in _list(data.get("settings", []), "settings")
        for setting in _settings(entry, sides)
    )
    bone_map = BoneMap(_string(data.get("name"), "name"), bones, twists, ik, settings)
    names = (*bone_map.names(), *(name for pair in ik.values() for name in pair))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]} stands for two parts")
    return bone_map


def _chains(data: Any, key: str, sides: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if not isinstance(data, dict):
        raise ValueError(f"{key} must be an object")
    chains: dict[str, tuple[str, ...]] = {}
    for part, names in data.items():
        chain = _strings(names, part)
        if part in PARTS:
            chains[part] = chain
        elif part in _SIDED and sides:
            for side, marker in zip(("left", "right"), sides, strict=True):
                chains[f"{side}_{part}"] = tuple(name.replace(_SIDE, marker) for name in chain)
        else:
            raise ValueError(f"{part} is no part of the body")
    return chains


def _settings(entry: Any, sides: Sequence[str]) -> Iterator[Setting]:
    if not isinstance(entry, dict) or not {"bone", "property"} < set(entry) <= {
        "bone",
        "property",
        "fk",
        "ik",
    }:
        raise ValueError("a setting must have a bone, a property, and a value for fk, ik or both")
    bone, name = _string(entry["bone"], "bone"), _string(entry["property"], "property")
    fk, ik = (_number(entry[key]) if key in entry else None for key in ("fk", "ik"))
    for marker in sides if sides and _SIDE in bone else (_SIDE,):
        yield Setting(bone.replace(_SIDE, marker), name, fk, ik)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e6 < value < 1e6:
        raise ValueError("the value of a setting must be a number")
    return float(value)


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list")
    return value


def _strings(value: Any, name: str) -> tuple[str, ...]:
    strings = tuple(_string(item, name) for item in _list(value, name))
    if not strings:
        raise ValueError(f"{name} is empty")
    return strings


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
        raise ValueError(f"{name} must be a name")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("version must be a whole number")
    return value
