"""Forward kinematics of the canonical skeleton, in the convention of docs/architecture.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.skeleton import BONE_HEADS, BONE_PARENTS, BONE_TAILS, BONES, JOINTS

_CARRIED = [[JOINTS.index(joint) for joint in bone.carried] for bone in BONES]


@dataclass(frozen=True, eq=False)
class RestPose:
    """The canonical skeleton at rest, with one person's bone lengths."""

    joints: NDArray[np.float64]
    """(28, 3) metres, world axes."""
    rotations: tuple[Rotation, ...]
    """Orientation of each of the 18 bones; a bone's own y axis runs from its head to its tail."""

    @property
    def sole(self) -> float:
        """Metres from the sole up to the ankle."""
        return float(self.joints[JOINTS.index("left_ankle"), 2])

    def carried(self, bone: int, parent: Rotation) -> Rotation:
        """Where the orientation `parent` of its parent bone takes a bone that keeps its rest pose."""
        return parent * self.rotations[BONE_PARENTS[bone]].inv() * self.rotations[bone]

    def offset(self, bone: int, joint: int, orientation: Rotation) -> NDArray[np.float64]:
        """(..., 3) from the head of a bone to a joint that hangs rigidly on it."""
        at_rest = self.rotations[bone].inv().apply(self.joints[joint] - self.joints[BONE_HEADS[bone]])
        offset: NDArray[np.float64] = orientation.apply(at_rest)
        return offset


def pose(rest: RestPose, rotations: NDArray[Any], root: NDArray[Any]) -> NDArray[np.float64]:
    """The joints of the posed skeleton.

    Arguments: rotations (T, 18, 4), w x y z, relative to rest; root (T, 3). Returns (T, 28, 3) metres.
    """
    joints = np.empty((len(root), len(JOINTS), 3))
    joints[:, BONE_HEADS[0]] = root
    orientations: list[Rotation] = []
    for bone, parent in enumerate(BONE_PARENTS):
        relative = Rotation.from_quat(rotations[:, bone, [1, 2, 3, 0]])
        if parent < 0:
            orientation = rest.rotations[bone] * relative
        else:
            orientation = rest.carried(bone, orientations[parent]) * relative
            head = BONE_HEADS[bone]
            joints[:, head] = joints[:, BONE_HEADS[parent]] + rest.offset(parent, head, orientations[parent])
        for joint in (BONE_TAILS[bone], *_CARRIED[bone]):
            joints[:, joint] = joints[:, BONE_HEADS[bone]] + rest.offset(bone, joint, orientation)
        orientations.append(orientation)
    return joints
