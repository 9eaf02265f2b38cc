"""Finds the map that fits a rig, by the names of its bones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .bone_map import BoneMap

_SEPARATORS = re.compile(r"[\s._:\-|]+")
_ENOUGH = 0.6
"""Part of a map's bones that a rig must have for the map to be its own."""


@dataclass(frozen=True)
class Recognition:
    """A map in terms of a rig's own bones."""

    bone_map: BoneMap
    score: float
    """Part of the map's bones that the rig has, 0 to 1."""
    missing: tuple[str, ...]
    """Names in the map that the rig lacks."""


def recognise(bones: Sequence[str], maps: Iterable[BoneMap]) -> Recognition | None:
    """The map that most of whose bones are among `bones`, or None where no map fits.

    Case, separators and a prefix that all bones have in common do not matter. Of maps that fit equally well
    the one that needs no prefix is chosen, then the one that names more bones.
    """
    spellings = _spellings(bones)
    found = [_match(spellings, bone_map) for bone_map in maps]
    fitting = [match for match in found if match[1].score >= _ENOUGH]
    if not fitting:
        return None
    return max(fitting, key=lambda match: (match[1].score, match[0] == "", len(match[1].bone_map.names())))[1]


def matched(bones: Sequence[str], bone_map: BoneMap) -> Recognition:
    """How one map fits a rig, however badly."""
    return _match(_spellings(bones), bone_map)[1]


def _match(spellings: Mapping[str, str], bone_map: BoneMap) -> tuple[str, Recognition]:
    """The prefix of the rig's bones (plain) and the match."""
    others = (*(s.bone for s in bone_map.settings), *(name for pair in bone_map.ik.values() for name in pair))
    wanted = {name: _plain(name) for name in (*bone_map.names(), *others)}
    prefix = _common_prefix(spellings, {wanted[name] for name in bone_map.names()})
    names = {name: spellings[prefix + plain] for name, plain in wanted.items() if prefix + plain in spellings}
    missing = tuple(name for name in bone_map.names() if name not in names)
    score = 1 - len(missing) / len(bone_map.names())
    return prefix, Recognition(bone_map.renamed(names), score, missing)


def _common_prefix(spellings: Mapping[str, str], wanted: Iterable[str]) -> str:
    """What stands before most of the wanted names; nothing where that does as well."""
    votes = Counter(bone[: -len(name)] for name in wanted for bone in spellings if bone.endswith(name))
    return max(votes, key=lambda prefix: (votes[prefix], -len(prefix), prefix), default="")


def _spellings(bones: Sequence[str]) -> dict[str, str]:
    """Plain spelling to name; the first bone of a spelling has it."""
    spellings: dict[str, str] = {}
    for bone in bones:
        spellings.setdefault(_plain(bone), bone)
    return spellings


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name).lower()
