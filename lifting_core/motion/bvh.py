"""BVH, the motion file that most animation software reads.

Y is up and the person faces Z, in metres, which Blender's importer takes with its default settings. Each bone
of the canonical skeleton is a joint of the BVH, placed where the bone begins; at rest, a BVH joint's axes are
the file's own axes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole
from lifting_core.motion.gaps import LONGEST_GAP
from lifting_core.motion.motion import Motion

_Y_UP = Rotation.from_matrix([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
_CHANNELS = "Zrotation Xrotation Yrotation"
_EULER = "ZXY"


def write_bvh(motion: Motion, path: str | os.PathLike[str]) -> None:
    """Write the motion as BVH at `motion.fps`; the file appears whole or not at all.

    BVH has one frame rate and no empty frames. Where the source's time stamps vary, the motion is
    interpolated to a constant rate. Where the person is absent, the last known pose is held (before the first
    known pose, that one). Raises InvalidInput when there is no pose at all, LiftPoseError when the file
    cannot be written.
    """
    if not motion.present.any():
        raise InvalidInput("The motion has no frame with a person.", "Lift another range.")
    rotations, root = _resampled(motion)
    angles = _euler([_local(motion, bone, rotations[bone]) for bone in _depth_first(motion, 0)])
    rows = np.concatenate([_Y_UP.apply(root), angles.reshape(len(root), -1)], axis=1)
    with written_whole(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(f"{line}\n" for line in _hierarchy(motion))
        file.write(f"MOTION\nFrames: {len(rows)}\nFrame Time: {1 / motion.fps:.8f}\n")
        np.savetxt(file, rows, fmt="%.6f")


def _resampled(motion: Motion) -> tuple[list[Rotation], NDArray[np.float64]]:
    """Each bone's pose rotations and the root's translation (N, 3), at constant rate and without gaps."""
    known = np.flatnonzero(motion.present)
    time = motion.time[known]
    count = round((motion.time[-1] - motion.time[0]) * motion.fps) + 1
    at = motion.time[0] + np.arange(count) / motion.fps
    # Time stamps are rounded; one that lies a hair after its frame must not pull in the pose before.
    before = np.clip(np.searchsorted(time, at + 1e-6, side="right") - 1, 0, None)
    after = np.minimum(before + 1, len(known) - 1)
    interval = time[after] - time[before]
    tied = (known[after] - known[before] == 1) & (interval <= LONGEST_GAP)
    share = np.where(tied, np.clip((at - time[before]) / np.where(tied, interval, 1), 0, 1), 0.0)[:, None]
    root = motion.root_translation[known].astype(np.float64)
    rotations = []
    for bone in range(len(motion.bone_names)):
        poses = Rotation.from_quat(motion.rotations[known, bone][:, [1, 2, 3, 0]])
        turn = (poses[before].inv() * poses[after]).as_rotvec()
        rotations.append(poses[before] * Rotation.from_rotvec(share * turn))
    return rotations, root[before] + share * (root[after] - root[before])


def _local(motion: Motion, bone: int, poses: Rotation) -> Rotation:
    """A bone's turn against its parent bone, in the file's axes: R q R^-1, with the rest rotation R."""
    axes = _Y_UP * Rotation.from_quat(motion.rest_rotations[bone][[1, 2, 3, 0]])
    return axes * poses * axes.inv()


def _euler(rotations: list[Rotation]) -> NDArray[np.float64]:
    """(N, B, 3) degrees: of the triples of angles that mean the same, the one nearest to the frame before."""
    first = np.stack([rotation.as_euler(_EULER, degrees=True) for rotation in rotations], axis=1)
    second = first * [1, -1, 1] + 180
    angles: NDArray[np.float64] = np.empty_like(first)
    previous = np.zeros(first.shape[1:])
    for frame, equal in enumerate(zip(first, second, strict=True)):
        near, other = (triple - 360 * np.round((triple - previous) / 360) for triple in equal)
        further = np.abs(near - previous).sum(axis=1) > np.abs(other - previous).sum(axis=1)
        previous = angles[frame] = np.where(further[:, None], other, near)
    return angles


def _children(motion: Motion, bone: int) -> list[int]:
    return [int(child) for child in np.flatnonzero(motion.bone_parents == bone)]


def _depth_first(motion: Motion, bone: int) -> list[int]:
    """The bones in the order in which the file names them."""
    return [bone, *(later for child in _children(motion, bone) for later in _depth_first(motion, child))]


def _hierarchy(motion: Motion) -> Iterator[str]:
    yield "HIERARCHY"
    yield from _joint(motion, bone=0, depth=0)


def _joint(motion: Motion, bone: int, depth: int) -> Iterator[str]:
    """The lines of one bone and of all that hangs on it."""
    indent = "\t" * depth
    head = motion.rest_joints[motion.bone_heads[bone]]
    parent = int(motion.bone_parents[bone])
    # The root's position is in its channels; readers disagree on whether its offset is to be added.
    offset = np.zeros(3) if parent < 0 else head - motion.rest_joints[motion.bone_heads[parent]]
    yield f"{indent}{'ROOT' if parent < 0 else 'JOINT'} {motion.bone_names[bone]}"
    yield f"{indent}{{"
    yield f"{indent}\t{_offset(offset)}"
    yield f"{indent}\tCHANNELS " + (
        f"6 Xposition Yposition Zposition {_CHANNELS}" if parent < 0 else f"3 {_CHANNELS}"
    )
    children = _children(motion, bone)
    for child in children:
        yield from _joint(motion, child, depth + 1)
    if not children:
        end = motion.rest_joints[motion.bone_tails[bone]] - head
        yield from (f"{indent}\t{line}" for line in ("End Site", "{", f"\t{_offset(end)}", "}"))
    yield f"{indent}}}"


def _offset(vector: NDArray[Any]) -> str:
    x, y, z = _Y_UP.apply(vector)
    return f"OFFSET {x:.6f} {y:.6f} {z:.6f}"
