"""Finds the parts of a body in a rig whose names say nothing: by hierarchy, symmetry and rest positions.

The body is taken to stand at rest, along the axes of the armature, the arms anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .bone_map import PARTS, BoneMap
from .recognition import Recognition

_TOLERANCE = 0.015  # of the rig's size, by which mirrored bones may be off
_FEWEST_PAIRS = 4
_LONGEST_PATH = 16
_ARM = 0.63
"""Upper arm and forearm, in lengths of thigh and shin; of an average adult."""
_PARTS = tuple(part for part in PARTS if part != "root")

Vectors = NDArray[np.float64]
Chains = dict[str, tuple[int, ...]]
Halves = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Bones at rest; parents by index, -1 without."""

    names: Sequence[str]
    parents: Sequence[int]
    heads: Vectors
    """(N, 3)."""
    tails: Vectors
    """(N, 3)."""


class _Limb(NamedTuple):
    """Where the two halves of a limb start and end among the joints along it."""

    start: int
    middle: int
    end: int


def recognise_structure(skeleton: Skeleton) -> Recognition | None:
    """The parts found, or None where the rig does not look like a body with arms and legs."""
    found = _Search(skeleton).body()
    if found is None:
        return None
    chains = {part: tuple(skeleton.names[bone] for bone in found[part]) for part in PARTS if found.get(part)}
    missing = tuple(part for part in _PARTS if part not in chains)
    return Recognition(BoneMap("By structure", chains), 1 - len(missing) / len(_PARTS), missing)


class _Search:
    def __init__(self, skeleton: Skeleton) -> None:
        self._heads, self._tails, self._parents = skeleton.heads, skeleton.tails, list(skeleton.parents)
        self._lengths = np.linalg.norm(skeleton.tails - skeleton.heads, axis=1)
        self._children: list[list[int]] = [[] for _ in self._parents]
        for bone, parent in enumerate(self._parents):
            if parent >= 0:
                self._children[parent].append(bone)
        self._reach = self._lengths.copy()
        self._onward: list[int | None] = [None] * len(self._parents)
        for bone in sorted(range(len(self._parents)), key=lambda b: -len(self._ancestors(b))):
            longest = max(self._children[bone], key=lambda child: self._reach[child], default=None)
            if longest is not None:
                self._reach[bone] += self._reach[longest]
                self._onward[bone] = longest

    def body(self) -> Chains | None:
        """The bones of each part by index; None where it is no body."""
        if not self._parents:
            return None
        across, partners = max(map(self._partners, range(3)), key=lambda found: len(found[1]))
        tops = [b for b, o in partners.items() if b < o and self._parents[b] == self._parents[o]]
        tops = [bone for bone in tops if len(self._longest(bone)) > 1]
        tops = sorted(tops, key=lambda bone: self._reach[bone], reverse=True)[:2]
        if len(partners) < 2 * _FEWEST_PAIRS or len(tops) < 2:
            return None
        legs, arms = sorted(tops, key=lambda bone: len(self._ancestors(bone)))
        trunk = self._trunk(legs, arms, partners)
        if trunk is None:
            return None
        up = self._up(across, legs, arms)
        leg = self._leg(legs, up)
        arm = self._arm(arms, sum(self._lengths[list(leg["thigh"] + leg["shin"])]))
        left = self._left(leg, up)
        for top, limb in ((legs, leg), (arms, arm)):
            is_left = (self._tails[top] - self._tails[partners[top]]) @ left > 0
            for part, bones in limb.items():
                other = tuple(partners[bone] for bone in bones if bone in partners)
                trunk[f"left_{part}"], trunk[f"right_{part}"] = (bones, other) if is_left else (other, bones)
        return trunk

    def _partners(self, axis: int) -> tuple[int, dict[int, int]]:
        """The axis, the bones off the plane across it that are mirrored, and their mirror images."""
        ends = np.hstack([self._heads, self._tails])
        both = np.vstack([self._heads, self._tails])
        size = float(np.linalg.norm(np.ptp(both, axis=0)))
        middle = float(both[:, axis].min() + both[:, axis].max()) / 2
        mirrored = ends.copy()
        mirrored[:, [axis, axis + 3]] = 2 * middle - mirrored[:, [axis, axis + 3]]
        partners: dict[int, int] = {}
        for bone in np.flatnonzero(abs(self._tails[:, axis] - middle) > _TOLERANCE * size):
            away = np.linalg.norm(ends - mirrored[bone], axis=1)
            nearest = int(away.argmin())
            if away[nearest] < _TOLERANCE * size and nearest != bone:
                partners[int(bone)] = nearest
        return axis, partners

    def _ancestors(self, bone: int) -> list[int]:
        """What a bone hangs on, from the nearest."""
        line = []
        while self._parents[bone] >= 0:
            bone = self._parents[bone]
            line.append(bone)
        return line

    def _longest(self, bone: int | None) -> list[int]:
        """The bones on the longest way from a bone to a tip."""
        way = []
        while bone is not None:
            way.append(bone)
            bone = self._onward[bone]
        return way

    def _trunk(self, legs: int, arms: int, partners: dict[int, int]) -> Chains | None:
        """From where arms and legs meet up to where the arms hang, and on to the head."""
        below, above = self._ancestors(legs), self._ancestors(arms)
        pelvis = next((bone for bone in below if bone in above), None)
        if pelvis is None or pelvis == above[0]:
            return None
        spine = above[: above.index(pelvis)][::-1]
        onward = [bone for bone in self._children[spine[-1]] if bone not in partners]
        way = self._longest(max(onward, key=lambda bone: self._reach[bone], default=None))
        way = way[: next((i for i, bone in enumerate(way) if bone in partners), len(way))]
        head = int(self._lengths[way].argmax()) if way else 0
        roots = self._ancestors(pelvis)[-1:]
        return {
            "root": tuple(roots),
            "pelvis": (pelvis,),
            "spine": tuple(spine),
            "neck": tuple(way[:head]),
            "head": tuple(way[head : head + 1]),
        }

    def _up(self, across: int, legs: int, arms: int) -> Vectors:
        rise = self._heads[arms] - self._heads[legs]
        rise[across] = 0
        steepest = int(abs(rise).argmax())
        up: Vectors = np.eye(3)[steepest] * np.sign(rise[steepest])
        return up

    def _left(self, leg: Chains, up: Vectors) -> Vectors:
        """Feet point forward; without feet the body is taken to look along -Y, or along z where y is up."""
        steps = [np.array([0.0, -1, 0]) if up[2] else np.array([0.0, 0, 1])]
        for foot in leg["foot"]:
            below = [b for b in range(len(self._parents)) if foot in (b, *self._ancestors(b))]
            steps = list(self._tails[below] - self._heads[foot])
        left: Vectors = max(
            (np.cross(up, step) for step in steps), key=lambda way: float(np.linalg.norm(way))
        )
        return left

    def _leg(self, top: int, up: Vectors) -> Chains:
        """A long drop in two halves, before the foot goes forward."""

        def fitness(joints: Vectors, halves: Halves) -> float:
            whole = joints[2] - joints[0]
            drop = -float(whole @ up)
            return drop - 2 * abs(halves[0] - halves[1]) - 1.5 * float(np.linalg.norm(whole + drop * up))

        way = self._longest(top)
        limb = self._halved(way, fitness)
        return {
            "thigh": tuple(way[limb.start : limb.middle]),
            "shin": tuple(way[limb.middle : limb.end]),
            "foot": tuple(way[limb.end : limb.end + 1]),
        }

    def _arm(self, top: int, leg: float) -> Chains:
        """Two halves that together are as long as an arm is on legs of this length."""

        def fitness(joints: Vectors, halves: Halves) -> float:
            return -2 * abs(halves[0] - halves[1]) - abs(sum(halves) - _ARM * leg)

        way = self._longest(top)
        many = [sum(bool(self._children[child]) for child in self._children[bone]) > 2 for bone in way]
        hand = next((i for i, fingers in enumerate(many[:_LONGEST_PATH]) if fingers and i > 1), None)
        limb = self._halved(way, fitness, hand)
        return {
            "clavicle": tuple(way[: limb.start]),
            "upper_arm": tuple(way[limb.start : limb.middle]),
            "forearm": tuple(way[limb.middle : limb.end]),
            "hand": tuple(way[limb.end : limb.end + 1]),
        }

    def _halved(
        self, way: Sequence[int], fitness: Callable[[Vectors, Halves], float], end: int | None = None
    ) -> _Limb:
        """The fittest two halves among the bones of a way, up to the joint `end` where it is given."""
        way = way[:_LONGEST_PATH]
        joints = np.vstack([self._heads[way], self._tails[way[-1:]]])

        def rate(limb: tuple[int, ...]) -> float:
            first, second = np.linalg.norm(np.diff(joints[list(limb)], axis=0), axis=1)
            return fitness(joints[list(limb)], (float(first), float(second)))

        halves = combinations(range(len(joints)), 3)
        return _Limb(*max((limb for limb in halves if end in (None, limb[2])), key=rate))
