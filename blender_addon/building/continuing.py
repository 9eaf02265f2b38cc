"""A motion that takes up where an armature that this add-on made stands."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np

from ..kinematics.rotations import UP, about, from_matrix, inverse, multiply, rotate, to_matrices, twist_angle
from ..motion_file import Motion
from ..retargeting.posing import turned, turns_from_rest


def from_where_it_stands(motion: Motion, armature: bpy.types.Object, scale: float) -> Motion:
    """The motion and its camera, turned and moved along the floor so that the first known pose stands and
    faces as the armature does now. `armature` is the evaluated object, `scale` times as large as the person.
    """
    root = armature.pose.bones[motion.bone_names[0]]
    change = multiply(from_matrix(root.matrix), inverse(from_matrix(root.bone.matrix_local)))
    angle = twist_angle(change[None], UP) - twist_angle(turns_from_rest(motion)[0][:1], UP)
    there = turned(motion, float(angle[0]))
    way = (np.array(root.head) / scale - there.root_translation[motion.present][0]) * [1, 1, 0]
    right = about(UP, -angle)[0]
    back = np.eye(4)
    back[:3, :3] = to_matrices(right)
    back[:3, 3] = rotate(right, -way)
    return replace(
        there,
        root_translation=there.root_translation + way,
        camera_from_world=motion.camera_from_world @ back,
    )
