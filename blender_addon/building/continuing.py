"""A motion that takes up where an armature that this add-on made stands."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np

from ..kinematics.rotations import about, from_matrix, inverse, multiply, rotate, to_matrices, twist_angle
from ..motion_file import Motion
from ..retargeting.posing import turns_from_rest

_UP = np.array([0.0, 0, 1])


def from_where_it_stands(motion: Motion, armature: bpy.types.Object, scale: float) -> Motion:
    """The motion and its camera, turned and moved along the floor so that the first known pose stands and
    faces as the armature does now. `armature` is the evaluated object, `scale` times as large as the person.
    """
    root = armature.pose.bones[motion.bone_names[0]]
    change = multiply(from_matrix(root.matrix), inverse(from_matrix(root.bone.matrix_local)))
    angle = twist_angle(change[None], _UP) - twist_angle(turns_from_rest(motion)[0][:1], _UP)
    left, rest = about(_UP, angle)[0], motion.rest_rotations[0]
    rotations = motion.rotations.copy()
    rotations[:, 0] = multiply(multiply(multiply(inverse(rest), left), rest), rotations[:, 0])
    path = rotate(left, motion.root_translation)
    way = (np.array(root.head) / scale - path[motion.present][0]) * [1, 1, 0]
    back = np.eye(4)
    back[:3, :3] = to_matrices(inverse(left))
    back[:3, 3] = rotate(inverse(left), -way)
    return replace(
        motion,
        rotations=rotations,
        root_translation=path + way,
        camera_from_world=motion.camera_from_world @ back,
    )
