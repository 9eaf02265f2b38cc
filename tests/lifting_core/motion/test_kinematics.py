from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lifting_core.motion.kinematics import pose
from lifting_core.motion.proportions import rest_pose
from lifting_core.skeleton import BONES, JOINTS

LENGTHS = {
    "pelvis": 0.2, "spine": 0.3, "neck": 0.17, "head": 0.13, "clavicle": 0.16, "upper_arm": 0.29,
    "forearm": 0.24, "hand": 0.09, "thigh": 0.41, "shin": 0.43, "foot": 0.2, "hip": 0.11, "nose": 0.1,
    "ear": 0.07, "heel": 0.08, "index": 0.1, "sole": 0.08,
}  # fmt: skip


def _matrix(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrix of a quaternion w, x, y, z."""
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_follows_the_convention_of_the_architecture(seed: int) -> None:
    """G[b] = G[parent] inverse(R[parent]) R[b] q[b], in 4 x 4 matrices as Blender composes them."""
    random = np.random.default_rng(seed)
    rest = rest_pose(LENGTHS)
    rotations, root = random.normal(size=(1, len(BONES), 4)), random.normal(size=(1, 3))
    names = [bone.name for bone in BONES]
    posed: dict[str, NDArray[np.float64]] = {}
    at_rest: dict[str, NDArray[np.float64]] = {}
    for bone, rotation, quaternion in zip(BONES, rest.rotations, rotations[0], strict=True):
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = rotation.as_matrix(), rest.joints[JOINTS.index(bone.head)]
        at_rest[bone.name] = matrix
        turn = np.eye(4)
        turn[:3, :3] = _matrix(quaternion)
        if bone.parent is None:
            carried = matrix.copy()
            carried[:3, 3] = root[0]
        else:
            carried = posed[bone.parent] @ np.linalg.inv(at_rest[bone.parent]) @ matrix
        posed[bone.name] = carried @ turn
    joints = pose(rest, rotations, root)[0]
    for bone in BONES:
        length = np.linalg.norm(rest.joints[JOINTS.index(bone.tail)] - rest.joints[JOINTS.index(bone.head)])
        tail = posed[bone.name] @ [0, length, 0, 1]
        np.testing.assert_allclose(joints[JOINTS.index(bone.head)], posed[bone.name][:3, 3], atol=1e-12)
        np.testing.assert_allclose(joints[JOINTS.index(bone.tail)], tail[:3], atol=1e-12)
        for joint in map(JOINTS.index, bone.carried):
            hanging = posed[bone.name] @ np.linalg.inv(at_rest[bone.name]) @ [*rest.joints[joint], 1]
            np.testing.assert_allclose(joints[joint], hanging[:3], atol=1e-12)
    assert len(names) == 18


def test_no_rotation_is_the_rest_pose() -> None:
    rest = rest_pose(LENGTHS)
    rotations = np.tile([1.0, 0, 0, 0], (2, len(BONES), 1))
    np.testing.assert_allclose(pose(rest, rotations, rest.joints[[0, 0]]), [rest.joints] * 2, atol=1e-15)
