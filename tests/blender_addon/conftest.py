"""Blender as a module, and a synthetic motion that is posed without any code of the project."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.skeleton import BONE_HEADS, BONE_NAMES, BONE_PARENTS, BONE_TAILS, JOINT_PARENTS, JOINTS

if importlib.util.find_spec("bpy") is None:
    collect_ignore_glob = ["test_*.py", "*/test_*.py"]
else:
    os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp(prefix="lift-pose-tests-"))
    import bpy

# A T-pose facing -Y, so the left side is at positive x; metres.
_REST = {
    "pelvis": (0, 0, 0.93),
    "right_hip": (-0.12, 0, 0.92),
    "right_knee": (-0.13, -0.01, 0.5),
    "right_ankle": (-0.12, 0.02, 0.07),
    "left_hip": (0.12, 0, 0.92),
    "left_knee": (0.13, -0.01, 0.5),
    "left_ankle": (0.12, 0.02, 0.07),
    "spine": (0, 0.02, 1.16),
    "thorax": (0, 0, 1.42),
    "neck": (0, -0.08, 1.53),
    "head": (0, -0.01, 1.68),
    "left_shoulder": (0.17, 0, 1.41),
    "left_elbow": (0.45, 0, 1.41),
    "left_wrist": (0.7, 0, 1.41),
    "right_shoulder": (-0.17, 0, 1.41),
    "right_elbow": (-0.45, 0, 1.41),
    "right_wrist": (-0.7, 0, 1.41),
}
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Clip:
    """What a synthetic clip is like."""

    frames: int = 12
    fps: float = 30.0
    size: tuple[int, int] = (1280, 720)
    first: int = 0
    """Number of the first lifted frame."""
    absent: tuple[int, ...] = ()
    """Frames without a person."""
    scale: float = 1.0
    """Size of the person."""
    twist: float = 0.4
    """Radians that the rest rotations are turned about their bones."""
    source: str = "walk.mp4"


def _matrices(quaternions: Array) -> Array:
    """(..., 4) w, x, y, z to (..., 3, 3)."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def _quaternion(matrix: Array) -> Array:
    """(3, 3) to w, x, y, z: the eigenvector of Bar-Itzhack's K matrix (2000, eq. 1) at its largest value."""
    m = matrix
    k = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], m[1, 0] + m[0, 1], m[2, 0] + m[0, 2], m[2, 1] - m[1, 2]],
            [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], m[2, 1] + m[1, 2], m[0, 2] - m[2, 0]],
            [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], m[1, 0] - m[0, 1]],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], np.trace(m)],
        ]
    )
    x, y, z, w = np.linalg.eigh(k)[1][:, -1]
    return np.array([w, x, y, z])


def _rest_rotations(joints: Array, twist: float) -> Array:
    """(B, 4): the y axis along each bone, the others anywhere, turned further from bone to bone."""
    quaternions = []
    for index, (head, tail) in enumerate(zip(BONE_HEADS, BONE_TAILS, strict=True)):
        y = joints[tail] - joints[head]
        y = y / np.linalg.norm(y)
        x = np.cross(y, [0.3, 1, 0.2])
        x /= np.linalg.norm(x)
        angle = twist * (index + 1)
        x = np.cos(angle) * x + np.sin(angle) * np.cross(y, x)
        quaternions.append(_quaternion(np.column_stack([x, y, np.cross(x, y)])))
    return np.array(quaternions)


def _posed(rest_joints: Array, rest: Array, rotations: Array, root: Array) -> Array:
    """(T, J, 3) joints by the rule of docs/architecture.md, Pose."""
    joints = np.full((len(root), len(JOINTS), 3), np.nan)
    joints[:, BONE_HEADS[0]] = root
    worlds: list[Array] = []
    for bone, parent in enumerate(BONE_PARENTS):
        head, tail = BONE_HEADS[bone], BONE_TAILS[bone]
        local = _matrices(rotations[:, bone])
        if parent < 0:
            worlds.append(rest[bone] @ local)
        else:
            worlds.append(worlds[parent] @ rest[parent].T @ rest[bone] @ local)
            hanging = worlds[parent] @ rest[parent].T @ (rest_joints[head] - rest_joints[BONE_HEADS[parent]])
            joints[:, head] = joints[:, BONE_HEADS[parent]] + hanging
        joints[:, tail] = joints[:, head] + worlds[bone] @ rest[bone].T @ (
            rest_joints[tail] - rest_joints[head]
        )
    return joints


def _camera(size: tuple[int, int]) -> tuple[Array, Array]:
    """Intrinsics with the principal point off the centre, and a camera that looks down at the person."""
    width, height = size
    matrix = np.array([[1100.0, 0, width / 2 + 25], [0, 1100.0, height / 2 - 18], [0, 0, 1]])
    position, target = np.array([1.5, -5.0, 1.9]), np.array([0.1, 0, 0.9])
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, [0.05, 0, 1])
    right /= np.linalg.norm(right)
    rotation = np.array([right, np.cross(forward, right), forward])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, -rotation @ position
    return matrix, pose


def _motion(clip: Clip) -> dict[str, Any]:
    time = (clip.first + np.arange(clip.frames)) / clip.fps
    rest_joints = clip.scale * np.array([_REST[name] for name in JOINTS])
    rest = _rest_rotations(rest_joints, clip.twist)
    phase = np.arange(len(BONE_NAMES)) + 3 * time[:, None]
    axes = np.stack([np.sin(phase * 1.3), np.cos(phase * 0.7), np.sin(phase * 0.4 + 1)], axis=-1)
    axes /= np.linalg.norm(axes, axis=-1, keepdims=True)
    angle = 0.5 * np.sin(phase)[..., None]
    rotations = np.concatenate([np.cos(angle / 2), np.sin(angle / 2) * axes], axis=-1)
    root = rest_joints[0] + clip.scale * np.stack(
        [0.3 * time, 0.1 * np.sin(time), 0.02 * np.cos(time)], axis=-1
    )
    joints = _posed(rest_joints, _matrices(rest), rotations, root)
    matrix, pose = _camera(clip.size)
    in_camera = joints @ pose[:3, :3].T + pose[:3, 3]
    pixels = in_camera @ matrix.T
    absent = np.isin(np.arange(clip.frames), clip.absent)
    for array in (joints, in_camera, rotations, root):
        array[absent] = np.nan
    confidence = np.where(absent, 0, 1)[:, None] * np.ones(len(JOINTS))
    return {
        "format": "lift-pose-motion",
        "version": 1,
        "time": time,
        "fps": clip.fps,
        "source": clip.source,
        "image_size": np.array(clip.size, np.int32),
        "joint_names": np.array(JOINTS),
        "joint_parents": np.array(JOINT_PARENTS, np.int32),
        "joints_camera": in_camera.astype(np.float32),
        "joints_world": joints.astype(np.float32),
        "joint_confidence": confidence.astype(np.float32),
        "keypoint_names": np.array(JOINTS),
        "keypoints_2d": (pixels[..., :2] / pixels[..., 2:]).astype(np.float32),
        "keypoint_confidence": confidence.astype(np.float32),
        "camera_matrix": matrix,
        "camera_from_world": pose,
        "bone_names": np.array(BONE_NAMES),
        "bone_parents": np.array(BONE_PARENTS, np.int32),
        "bone_heads": np.array(BONE_HEADS, np.int32),
        "bone_tails": np.array(BONE_TAILS, np.int32),
        "rest_rotations": rest.astype(np.float32),
        "rest_joints": rest_joints.astype(np.float32),
        "rotations": rotations.astype(np.float32),
        "root_translation": root.astype(np.float32),
        "contacts": np.zeros((clip.frames, 2), np.float32),
    }


@pytest.fixture
def arrays() -> Callable[..., dict[str, Any]]:
    """Makes the arrays of a Motion file; the arguments are those of `Clip`."""
    return lambda **clip: _motion(Clip(**clip))


@pytest.fixture
def motion_file(tmp_path: Path, arrays: Callable[..., dict[str, Any]]) -> Callable[..., Path]:
    """Writes a Motion file; the arguments are those of `Clip`."""

    def write(**clip: Any) -> Path:
        path = tmp_path / f"motion-{len(list(tmp_path.iterdir()))}.npz"
        np.savez_compressed(path, **arrays(**clip))
        return path

    return write


@pytest.fixture
def scene() -> Iterator[Any]:
    """The scene of an empty file with Blender's own settings."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield bpy.context.scene
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture
def engine_command(motion_file: Callable[..., Path]) -> Callable[[str], list[str]]:
    """The command of the engine in fake_engine.py, behaving as told."""

    def command(behaviour: str) -> list[str]:
        return [
            sys.executable,
            str(Path(__file__).with_name("fake_engine.py")),
            behaviour,
            str(motion_file()),
        ]

    return command
