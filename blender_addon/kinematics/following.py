"""What carries the bones of a rig: in whose orientation each one's own rotation takes place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Quaternion
from numpy.typing import NDArray

from .bone_values import Values, set_value, value
from .evaluation import alone
from .rotations import Quaternions, Vectors, from_matrix, inverse, multiply, rotate, unit

_SAMPLES = 5
_LARGEST_TURN = 0.6  # radians; within the reach of most limits


@dataclass(frozen=True, eq=False)
class Carrier:
    """The orientation of a bone whose own rotation is none: that of `leader`, followed by `offset`."""

    leader: str | None
    """Another moved bone; None where nothing that is moved carries the bone."""
    offset: Quaternions
    """(4,) in the axes of the leader, or of the armature without one."""
    spread: float = 0.0
    """Radians by which the bone strays from that; more than nothing where it follows several bones."""
    head: Vectors | None = None
    """(3,) from the leader's head to the bone's, in the axes of the leader, where it has been measured."""


@dataclass(frozen=True, eq=False)
class Carriers:
    """The carriers of the moved bones, and the poses of the placed bones' parents in armature space."""

    of: dict[str, Carrier]
    parent_poses: dict[str, Matrix]


def carriers(
    armature: bpy.types.Object, moved: Sequence[str], placed: Sequence[str], values: Values
) -> Carriers:
    """The carriers of the bones `moved`, which are ordered so that leaders come before their followers.

    `placed` are those whose location matters. Bones that are not moved keep their present pose. Where
    constraints take part, what they do is found by posing the rig a few times, in a scene of its own, with
    its properties at `values`.
    """
    bones = armature.pose.bones
    if any(_is_constrained(bones[name]) for name in (*moved, *placed)):
        return _measured(armature, moved, placed, values)
    return Carriers(
        {name: _read(bones[name], moved) for name in moved},
        {name: _parent_pose(bones[name]) for name in placed},
    )


def _is_constrained(bone: bpy.types.PoseBone) -> bool:
    """Whether a constraint acts on what the bone hangs on."""
    parent = bone.parent
    while parent is not None:
        if any(not constraint.mute for constraint in parent.constraints):
            return True
        parent = parent.parent
    return False


def _read(bone: bpy.types.PoseBone, moved: Sequence[str]) -> Carrier:
    """From the hierarchy alone."""
    offset = from_matrix(bone.bone.matrix_local)
    while bone.parent is not None and bone.bone.use_inherit_rotation:
        parent = bone.parent
        offset = multiply(inverse(from_matrix(parent.bone.matrix_local)), offset)
        if parent.name in moved:
            return Carrier(parent.name, offset)
        offset = multiply(from_matrix(parent.matrix_basis), offset)
        offset = multiply(from_matrix(parent.bone.matrix_local), offset)
        bone = parent
    return Carrier(None, offset)


def _parent_pose(bone: bpy.types.PoseBone) -> Matrix:
    """The pose of a bone's parent without constraints, the identity where there is none."""
    parent = bone.parent
    if parent is None:
        return Matrix()
    return local_to_pose(parent, parent.matrix_basis, _parent_pose(parent))


def local_to_pose(bone: bpy.types.PoseBone, local: Matrix, parent_pose: Matrix) -> Matrix:
    """The pose that a bone's own transform `local` gives it below a parent in `parent_pose`."""
    own = bone.bone
    if own.parent is None:
        return own.convert_local_to_pose(local, own.matrix_local)
    return own.convert_local_to_pose(
        local, own.matrix_local, parent_matrix=parent_pose, parent_matrix_local=own.parent.matrix_local
    )


def _measured(
    armature: bpy.types.Object, moved: Sequence[str], placed: Sequence[str], values: Values
) -> Carriers:
    bones = armature.pose.bones
    with rehearsal(armature, moved, values) as evaluate:
        posed = evaluate().pose.bones
        parents = {name: posed[name].parent for name in placed}
        poses = {name: parent.matrix.copy() if parent else Matrix() for name, parent in parents.items()}
        samples, heads = [], []
        for turns in random_turns(len(moved)):
            for name, turn in zip(moved, turns, strict=True):
                bones[name].matrix_basis = Quaternion(turn).to_matrix().to_4x4()
            posed = evaluate().pose.bones
            samples.append(np.array([from_matrix(posed[name].matrix) for name in moved]))
            heads.append(np.array([posed[name].head for name in moved]))
    orientations, places = np.stack(samples, axis=1), np.stack(heads, axis=1)
    unturned = multiply(orientations, inverse(np.stack(list(random_turns(len(moved))), axis=1)))
    found = {}
    for index, name in enumerate(moved):
        carrier = fit(moved[:index], orientations[:index], unturned[index])
        way = places[index]
        if carrier.leader is not None:
            leader = moved.index(carrier.leader)
            way = rotate(inverse(orientations[leader]), way - places[leader])
        found[name] = replace(carrier, head=way.mean(axis=0))
    return Carriers(found, poses)


def random_turns(bones: int) -> Iterator[Quaternions]:
    """(bones, 4) a few times: every bone turned otherwise."""
    random = np.random.default_rng(1)
    for _ in range(_SAMPLES):
        axes = unit(random.normal(size=(bones, 3)))
        half = random.uniform(0.4, 1, (bones, 1)) * _LARGEST_TURN / 2
        yield np.concatenate([np.cos(half), np.sin(half) * axes], axis=1)


def fit(leaders: Sequence[str], orientations: Quaternions, carried: Quaternions) -> Carrier:
    """The leader, of orientations (L, S, 4), that `carried` (S, 4) keeps most nearly still upon."""
    candidates = np.concatenate([np.broadcast_to([1.0, 0, 0, 0], (1, *carried.shape)), orientations])
    offsets = multiply(inverse(candidates), carried)
    spread = np.array([_spread(offset) for offset in offsets])
    best = int(spread.argmin())
    offset = offsets[best] * np.where((offsets[best] @ offsets[best][0]) < 0, -1, 1)[:, None]
    return Carrier((None, *leaders)[best], unit(offset.mean(axis=0)), float(spread[best]))


def _spread(quaternions: Quaternions) -> float:
    """The largest angle from the first."""
    change = multiply(inverse(quaternions[:1]), quaternions)
    angles: NDArray[np.float64] = np.linalg.norm(change[:, 1:], axis=1)
    return float(2 * np.arcsin(min(angles.max(), 1.0)))


@contextmanager
def rehearsal(armature: bpy.types.Object, moved: Sequence[str], values: Values) -> Iterator[Any]:
    """Lets the rig be posed without its animation; everything is put back afterwards.

    Yields a function that returns the evaluated rig.
    """
    bones = armature.pose.bones
    channels = {name: _channels(bones[name]) for name in moved}
    before = {(bone, name): value(bones[bone], name) for bone, name in values}
    try:
        with _without_animation(armature), alone(armature) as scene:
            layer = scene.view_layers[0]

            def evaluate() -> bpy.types.Object:
                armature.update_tag(refresh={"OBJECT", "DATA"})
                layer.update()
                graph: Any = layer.depsgraph
                evaluated: bpy.types.Object = armature.evaluated_get(graph)
                return evaluated

            for (bone, name), new in values.items():
                set_value(bones[bone], name, new)
            for name in moved:
                bones[name].matrix_basis = Matrix()
            yield evaluate
    finally:
        for (bone, name), old in before.items():
            set_value(bones[bone], name, old)
        for name, channel in channels.items():
            for key, kept in channel.items():
                setattr(bones[name], key, kept)


def _channels(bone: bpy.types.PoseBone) -> dict[str, Any]:
    names = ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "scale")
    return {name: tuple(getattr(bone, name)) for name in names}


@contextmanager
def _without_animation(armature: bpy.types.Object) -> Iterator[None]:
    data = armature.animation_data
    if data is None:
        yield
        return
    action, slot, nla = data.action, getattr(data, "action_slot", None), data.use_nla
    data.action, data.use_nla = None, False
    try:
        yield
    finally:
        data.action, data.use_nla = action, nla
        if slot is not None:
            data.action_slot = slot
