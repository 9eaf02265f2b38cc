"""The armature of the canonical skeleton, and the poses of a Motion in terms of its bones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np
from mathutils import Matrix, Quaternion, Vector
from numpy.typing import NDArray

from ..animation.channels import key_rotation
from ..animation.destination import check_animatable
from ..animation.fcurves import Curves, Keys
from ..errors import InvalidInput
from ..motion_file import Motion

_MARK = "lift_pose_source"  # a custom property on the armatures that this add-on made
_SIDES = {
    "Left": "THEME04",
    "Right": "THEME01",
    "Middle": "THEME09",
}  # bone collections, colours of the theme


def is_ours(candidate: bpy.types.Object | None) -> bool:
    """Whether the object is an armature that this add-on made."""
    return candidate is not None and candidate.type == "ARMATURE" and candidate.get(_MARK) is not None


def new_armature(motion: Motion, name: str) -> bpy.types.Object:
    """An armature in the motion's rest pose, in no collection yet.

    Its bones' rest matrices equal `rest_rotations`, so `rotations` are its pose bones' own rotations.
    """
    data = bpy.data.armatures.new(name)
    armature = bpy.data.objects.new(name, data)
    with _edit_mode(armature):
        _add_bones(data, motion)
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    _colour_sides(data)
    data.display_type = "OCTAHEDRAL"
    armature.show_in_front = True
    armature[_MARK] = motion.source
    return armature


@contextmanager
def _edit_mode(armature: bpy.types.Object) -> Iterator[None]:
    """Edit mode in a scene of its own, so that the user's mode, selection and view stay as they are."""
    scene = bpy.data.scenes.new("Lift Pose")
    try:
        scene.collection.objects.link(armature)
        layer = scene.view_layers[0]
        layer.objects.active = armature
        with bpy.context.temp_override(
            scene=scene, view_layer=layer, active_object=armature, object=armature
        ):
            bpy.ops.object.mode_set(mode="EDIT")
            try:
                yield
            finally:
                bpy.ops.object.mode_set(mode="OBJECT")
    finally:
        bpy.data.scenes.remove(scene)


def _add_bones(data: bpy.types.Armature, motion: Motion) -> None:
    for index, name in enumerate(motion.bone_names):
        bone = data.edit_bones.new(name)
        head, tail, parent = motion.bone_heads[index], motion.bone_tails[index], motion.bone_parents[index]
        bone.head = Vector(motion.rest_joints[head])
        bone.tail = Vector(motion.rest_joints[tail])
        bone.align_roll(Quaternion(motion.rest_rotations[index]) @ Vector((0, 0, 1)))
        if parent >= 0:
            bone.parent = data.edit_bones[motion.bone_names[parent]]
            bone.use_connect = bool(head == motion.bone_tails[parent])


def _colour_sides(data: bpy.types.Armature) -> None:
    collections = {side: data.collections.new(side) for side in _SIDES}
    for bone in data.bones:
        side = next((side for side in _SIDES if bone.name.startswith(f"{side.lower()}_")), "Middle")
        collections[side].assign(bone)
        bone.color.palette = _SIDES[side]


def check_bones(armature: bpy.types.Object, motion: Motion) -> None:
    """Raises InvalidInput when the armature lacks bones of the motion, or cannot be animated as it is."""
    missing = [name for name in motion.bone_names if name not in armature.pose.bones]
    if missing:
        raise InvalidInput(
            f"The armature {armature.name} lacks the bones {', '.join(missing)}.", "Choose a new armature."
        )
    check_animatable(armature)


def scale_to(armature: bpy.types.Object, motion: Motion) -> float:
    """How much taller the armature's pelvis stands at rest than that of the motion's person."""
    standing = motion.rest_joints[motion.bone_heads[0], 2]
    own = armature.data.bones[motion.bone_names[0]].head_local.z
    return float(own / standing) if standing > 0 and own > 0 else 1.0


def key_pose(armature: bpy.types.Object, curves: list[Curves], motion: Motion, keys: Keys) -> None:
    """Key the motion's known frames on an armature that has its bones.

    Rotations are carried over relative to rest: a world-space turn away from the motion's rest pose is the
    same turn away from the armature's. The root's path is scaled by `scale_to`.
    """
    rotations = motion.rotations[motion.present]
    for index, name in enumerate(motion.bone_names):
        bone = armature.pose.bones[name]
        rest = np.array(bone.bone.matrix_local.to_3x3())
        change = rest.T @ np.array(Quaternion(motion.rest_rotations[index]).to_matrix())
        turned = np.column_stack([rotations[:, index, 0], rotations[:, index, 1:] @ change.T])
        key_rotation(bone, curves, keys, turned)
    _key_root(armature, curves, motion, keys)


def _key_root(armature: bpy.types.Object, curves: list[Curves], motion: Motion, keys: Keys) -> None:
    bone = armature.pose.bones[motion.bone_names[0]]
    path = motion.root_translation[motion.present] * scale_to(armature, motion)
    keys.insert(curves, bone.path_from_id("location"), _local(path, bone.bone.matrix_local), bone.name)


def _local(points: NDArray[np.float64], frame: Matrix) -> NDArray[np.float64]:
    """(N, 3) points in the axes of a rigid frame."""
    matrix = np.array(frame)
    local: NDArray[np.float64] = (points - matrix[:3, 3]) @ matrix[:3, :3]
    return local
