"""The channels of a pose bone: its rotation in whichever mode it has, its locks, its place, its values."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ..kinematics.bone_values import Values, value_path
from ..kinematics.following import local_to_pose
from ..kinematics.rotations import (
    Quaternions,
    Vectors,
    continuous,
    from_axis_angle,
    from_euler,
    from_matrix,
    to_axis_angle,
    to_euler,
    unit,
)
from .fcurves import Curves, Keys


def allowed(bone: bpy.types.PoseBone, rotations: Quaternions) -> Quaternions:
    """Own rotations (T, 4) of a bone whose locked axes stay as they are."""
    locked = np.array(bone.lock_rotation)
    if not locked.any():
        return rotations
    order = bone.rotation_mode if _is_euler(bone) else "XYZ"
    now = to_euler(from_matrix(bone.matrix_basis)[None], order)
    if _is_euler(bone):
        now = np.array(bone.rotation_euler)[None]
    return from_euler(np.where(locked, now, to_euler(rotations, order)), order)


def key_rotation(bone: bpy.types.PoseBone, curves: list[Curves], keys: Keys, rotations: Quaternions) -> None:
    """Key the bone's own rotations (T, 4) in its rotation mode, but for channels that are locked."""
    free = np.flatnonzero(~np.array(bone.lock_rotation))
    if len(free) == 0:
        return
    if _is_euler(bone):
        values, path = to_euler(rotations, bone.rotation_mode), "rotation_euler"
    else:
        values, path, free = continuous(rotations), "rotation_quaternion", np.arange(4)
        if bone.rotation_mode == "AXIS_ANGLE":
            values, path = to_axis_angle(values), "rotation_axis_angle"
    keys.insert(curves, bone.path_from_id(path), values[:, free], bone.name, free)


def keyed_rotation(bone: bpy.types.PoseBone, curves: Curves, values: NDArray[np.float64]) -> Quaternions:
    """(T, 4) the rotations that a bone has when its rotation's curves have these `values` (T, C)."""
    if not _is_euler(bone):
        return unit(values) if bone.rotation_mode == "QUATERNION" else from_axis_angle(values)
    angles = np.tile(np.array(bone.rotation_euler), (len(values), 1))
    angles[:, curves.components] = values
    return from_euler(angles, bone.rotation_mode)


def key_location(
    bone: bpy.types.PoseBone, curves: list[Curves], keys: Keys, heads: Vectors, parent_pose: Matrix
) -> None:
    """Key where the bone's head is to be, (T, 3) in armature space, but for channels that are locked."""
    start, axes = _reach(bone, parent_pose)
    values = np.linalg.solve(axes, (heads - start).T).T
    free = np.flatnonzero(~np.array(bone.lock_location))
    keys.insert(curves, bone.path_from_id("location"), values[:, free], bone.name, free)


def keyed_location(
    owner: bpy.types.PoseBone | bpy.types.Object, curves: Curves, values: NDArray[np.float64]
) -> Vectors:
    """(T, 3) the locations of a bone or object whose location's curves have these `values` (T, C)."""
    locations: Vectors = np.tile(np.array(owner.location, np.float64), (len(values), 1))
    locations[:, curves.components] = values
    return locations


def placed_head(bone: bpy.types.PoseBone, parent_pose: Matrix) -> Vectors:
    """(3,) where the bone's head is now, in armature space."""
    start, axes = _reach(bone, parent_pose)
    head: Vectors = start + axes @ np.array(bone.location)
    return head


def key_values(armature: bpy.types.Object, curves: list[Curves], keys: Keys, values: Values) -> None:
    """Key the values once, at the first frame."""
    first = Keys(keys.frames[:1], np.array([True]))
    for (bone, name), new in values.items():
        path = value_path(armature.pose.bones[bone], name)
        first.insert(curves, path, np.array([[new]]), bone)


def _reach(bone: bpy.types.PoseBone, parent_pose: Matrix) -> tuple[Vectors, NDArray[np.float64]]:
    """Where the head is without location, and (3, 3) where each axis of the location takes it."""
    steps = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))
    points = [
        np.array(local_to_pose(bone, Matrix.Translation(step), parent_pose).translation) for step in steps
    ]
    return points[0], np.column_stack(points[1:]) - points[0][:, None]


def _is_euler(bone: bpy.types.PoseBone) -> bool:
    return bone.rotation_mode not in ("QUATERNION", "AXIS_ANGLE")
