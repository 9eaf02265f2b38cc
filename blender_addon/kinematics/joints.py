"""Where the joints of a rig go as its bones are keyed, for many frames at once.

What hangs on which bone is measured: the rig is posed a few times and Blender says where everything is, so
constraints count like parents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Quaternion
from numpy.typing import NDArray

from .bone_values import Values
from .following import fit, random_turns, rehearsal
from .rotations import (
    Quaternions,
    Vectors,
    from_matrix,
    inverse,
    multiply,
    rotate,
    to_matrices,
    unit,
)

OBJECT = ""
"""Stands for the armature object itself among the bones that are moved."""
_RIGID = 1e-3
"""Part of the rig's height by which a joint may stray from the bone that carries it. Other joints hang
between joints that are known, as those of twist bones do."""


@dataclass(frozen=True, eq=False)
class Link:
    """A bone that is keyed, and the joints that it carries."""

    name: str
    leader: int
    """The link that carries it, by index; -1 for the armature itself."""
    offset: Quaternions
    """(4,) its orientation without a turn of its own, in the axes of the leader."""
    head: Vectors
    """(3,) from the head to the leader's, in the axes of the leader, all bones being unmoved."""
    joints: Vectors
    """(P, 3) heads and tails of bones that go with it, from its own head in its own axes."""


@dataclass(frozen=True, eq=False)
class IkLimb:
    """A limb of two bones that IK bends: links by index, and points from their heads in their axes."""

    start: tuple[int, Vectors]
    tip: tuple[int, Vectors]
    pole: tuple[int, Vectors]
    lengths: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Pose:
    """Orientations (T, 4) and heads (T, 3) of the links."""

    orientations: list[Quaternions]
    heads: list[Vectors]

    def at(self, frames: NDArray[np.bool_]) -> Pose:
        """In some of the frames."""
        return Pose([turn[frames] for turn in self.orientations], [head[frames] for head in self.heads])

    def point(self, place: tuple[int, Vectors]) -> Vectors:
        """(T, 3)."""
        point: Vectors = self.heads[place[0]] + rotate(self.orientations[place[0]], place[1])
        return point


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The keyed bones of a rig, leaders first, in armature space."""

    links: tuple[Link, ...]
    limbs: tuple[IkLimb, ...]
    turns: tuple[Quaternions, ...]
    """(4,) a link: its own rotation where that is not keyed."""
    shifts: dict[str, Vectors]
    """(L, 3, 3) a bone, or the `OBJECT`: where steps along the axes (last) of its location take the heads."""
    size: float
    """Scene units a unit of the armature, at most."""

    def pose(self, turns: Mapping[str, Quaternions], moves: Mapping[str, Vectors]) -> Pose:
        """The links when they are turned by `turns` (T, 4) and moved by `moves` (T, 3)."""
        orientations: list[Quaternions] = []
        heads: list[Vectors] = []
        for link, present in zip(self.links, self.turns, strict=True):
            carrier, head = link.offset, link.head
            if link.leader >= 0:
                carrier = multiply(orientations[link.leader], carrier)
                head = heads[link.leader] + rotate(orientations[link.leader], head)
            orientations.append(multiply(carrier, turns.get(link.name, present)))
            heads.append(head)
        frames = max(len(value) for value in (*turns.values(), *moves.values()))
        heads = [np.broadcast_to(head, (frames, 3)) for head in heads]
        orientations = [np.broadcast_to(turn, (frames, 4)) for turn in orientations]
        for name, locations in moves.items():
            steps = self.shifts[name]
            heads = [head + locations @ step.T for head, step in zip(heads, steps, strict=True)]
        return Pose(orientations, heads)

    def distances(self, one: Pose, other: Pose) -> Vectors:
        """(L + limbs, T) how far apart two poses are, in scene units: the farthest joint of each link, and
        the middle of each limb."""
        rows = [self._apart(index, one, other) for index in range(len(self.links))]
        rows += [np.linalg.norm(_middle(limb, one) - _middle(limb, other), axis=1) for limb in self.limbs]
        return self.size * np.array(rows)

    def reach(self, name: str, turns: bool, pose: Pose) -> float:
        """Scene units that a joint goes, at most, a radian that a bone turns, or a unit that it moves."""
        if not turns:
            return self.size * float(np.linalg.norm(self.shifts[name], 2, axis=(1, 2)).max())
        touched = self.touched(name, None)
        start = pose.heads[next(i for i, link in enumerate(self.links) if link.name == name)][0]
        ends = [
            np.linalg.norm(pose.heads[i][0] - start) + np.linalg.norm(link.joints, axis=1).max()
            for i, link in enumerate(self.links)
            if touched[i]
        ]
        return self.size * float(max(ends))

    def _apart(self, index: int, one: Pose, other: Pose) -> Vectors:
        turned = to_matrices(other.orientations[index]) - to_matrices(one.orientations[index])
        way = turned @ self.links[index].joints.T + (other.heads[index] - one.heads[index])[..., None]
        farthest: Vectors = np.sqrt((way * way).sum(axis=-2).max(axis=-1))
        return farthest

    def touched(self, turned: str | None, moved: str | None) -> NDArray[np.bool_]:
        """(L + limbs,) whether the joints of each link and limb move when a bone is turned or moved."""
        touched = np.zeros(len(self.links), bool)
        if moved is not None:
            touched |= abs(self.shifts[moved]).max(axis=(1, 2)) > 1e-6
        for index, link in enumerate(self.links):
            touched[index] |= link.name == turned or (link.leader >= 0 and touched[link.leader])
        limbs = [any(touched[place[0]] for place in (m.start, m.tip, m.pole)) for m in self.limbs]
        return np.append(touched, limbs).astype(bool)


def _middle(limb: IkLimb, pose: Pose) -> Vectors:
    """(T, 3) where the limb's middle joint is: on the pole's side, at its distances from both ends."""
    start, tip, pole = (pose.point(place) for place in (limb.start, limb.tip, limb.pole))
    upper, lower = limb.lengths
    far = np.linalg.norm(tip - start, axis=-1, keepdims=True)
    reach = np.clip(far, abs(upper - lower) + 1e-9, upper + lower)
    along = (upper**2 - lower**2 + reach**2) / (2 * reach)
    line = unit(tip - start)
    aside = (pole - start) - ((pole - start) * line).sum(-1, keepdims=True) * line
    middle: Vectors = start + along * line + np.sqrt(np.maximum(upper**2 - along**2, 0)) * unit(aside)
    return middle


@dataclass(frozen=True, eq=False)
class _State:
    """A posed rig: orientations (L, 4) and heads (L, 3) of its links, and all joints (J, 3)."""

    orientations: Quaternions
    heads: Vectors
    joints: Vectors


def measure(
    armature: bpy.types.Object,
    turned: Sequence[str],
    moved: Sequence[str],
    values: Values,
    limbs: Sequence[tuple[str, str, str, str, str]] = (),
) -> Skeleton:
    """The skeleton of a rig whose bones `turned`, leaders first, and `moved` are keyed; others stay still.

    `limbs` are those that IK bends: the bones upper, lower, end, control and pole of each. Properties of the
    rig are at `values`. The file is not changed.
    """
    bones = armature.pose.bones
    only_moved = set(moved) - {OBJECT} - set(turned)
    names = [*sorted(only_moved, key=lambda name: len(bones[name].parent_recursive)), *turned]
    present = tuple(from_matrix(bones[name].matrix_basis) for name in names)
    turns = list(random_turns(len(names)))
    with rehearsal(armature, names, values) as evaluate:
        shifts = {name: _shift(bones[name], evaluate, names) for name in moved if name != OBJECT}
        states = []
        for turn in turns:
            for name, own in zip(names, turn, strict=True):
                bones[name].matrix_basis = Quaternion(own).to_matrix().to_4x4()
            states.append(_state(evaluate(), names))
    basis = np.array(armature.matrix_basis.to_3x3().inverted_safe())
    shifts[OBJECT] = np.broadcast_to(basis, (len(names), 3, 3))
    links = _links(names, np.stack(turns, axis=1), states)
    size = float(np.linalg.norm(np.array(armature.matrix_world.to_3x3()), 2))
    return Skeleton(
        links, tuple(_limb(armature, names, links, limb) for limb in limbs), present, shifts, size
    )


def _shift(bone: bpy.types.PoseBone, evaluate: Callable[[], Any], names: Sequence[str]) -> Vectors:
    """(L, 3, 3) where a step along each axis (last) of a bone's location takes the head of each link."""
    before, steps = _state(evaluate(), names).heads, []
    for axis in np.eye(3):
        bone.location = axis
        steps.append(_state(evaluate(), names).heads - before)
    bone.location = (0, 0, 0)
    return np.stack(steps, axis=-1)


def _state(armature: bpy.types.Object, names: Sequence[str]) -> _State:
    bones = armature.pose.bones
    joints = np.empty((2, 3 * len(bones)), np.float32)
    bones.foreach_get("head", joints[0])
    bones.foreach_get("tail", joints[1])
    orientations = np.array([from_matrix(bones[name].matrix) for name in names])
    heads = np.array([bones[name].head for name in names], np.float64)
    return _State(orientations, heads, joints.reshape(-1, 3).astype(np.float64))


def _links(names: Sequence[str], turns: Quaternions, states: Sequence[_State]) -> tuple[Link, ...]:
    orientations = np.stack([state.orientations for state in states], axis=1)
    heads = np.stack([state.heads for state in states], axis=1)
    unturned = multiply(orientations, inverse(turns))
    carried = _carried(orientations, heads, np.stack([state.joints for state in states], axis=1))
    links = []
    for index, name in enumerate(names):
        found = fit(names[:index], orientations[:index], unturned[index])
        leader, way = -1, heads[index]
        if found.leader is not None:
            leader = names.index(found.leader)
            way = rotate(inverse(orientations[leader]), way - heads[leader])
        links.append(Link(name, leader, found.offset, way.mean(axis=0), carried[index]))
    return tuple(links)


def _carried(orientations: Quaternions, heads: Vectors, joints: Vectors) -> list[Vectors]:
    """(P, 3) a link: of the joints (J, S, 3) in S poses, those that stand still upon it, in its axes."""
    height = np.ptp(joints, axis=0).max()
    locals_ = np.stack(
        [rotate(inverse(turn), joints - head) for turn, head in zip(orientations, heads, strict=True)]
    )
    means = locals_.mean(axis=2)
    strays = np.linalg.norm(locals_ - means[:, :, None], axis=-1).max(axis=2)
    nearest = strays.argmin(axis=0)
    still = strays.min(axis=0) < _RIGID * height
    carried = []
    for link in range(len(orientations)):
        own = means[link, still & (nearest == link)]
        places = np.round(np.concatenate([np.zeros((1, 3)), own]) / (_RIGID * height))
        carried.append(
            np.concatenate([np.zeros((1, 3)), own])[np.unique(places, axis=0, return_index=True)[1]]
        )
    return carried


def _limb(
    armature: bpy.types.Object,
    names: Sequence[str],
    links: Sequence[Link],
    limb: tuple[str, str, str, str, str],
) -> IkLimb:
    upper, lower, end, control, pole = (armature.data.bones[name] for name in limb)
    first = links[names.index(upper.name)]
    turn = inverse(from_matrix(control.matrix_local))
    tip = rotate(turn, np.array(end.head_local - control.head_local))
    lengths = ((lower.head_local - upper.head_local).length, (end.head_local - lower.head_local).length)
    return IkLimb(
        (first.leader, first.head),
        (names.index(control.name), tip),
        (names.index(pole.name), np.zeros(3)),
        lengths,
    )
