"""Blender as a module, a synthetic motion that is posed without any code of the project, and rigs."""

from __future__ import annotations

import importlib.util
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.skeleton import (
    BONE_HEADS,
    BONE_NAMES,
    BONE_PARENTS,
    BONE_TAILS,
    BONES,
    JOINT_PARENTS,
    JOINTS,
)

if importlib.util.find_spec("bpy") is None:
    collect_ignore_glob = ["test_*.py", "*/test_*.py"]
else:
    os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp(prefix="lift-pose-tests-"))
    import bpy
    from mathutils import Matrix, Vector

    from blender_addon.rigs.bone_map import BoneMap, known_maps

_STATUS = pytest.StashKey[int]()

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
    "skull": (0, 0.02, 1.55),
    "left_ear": (0.08, 0.02, 1.55),
    "right_ear": (-0.08, 0.02, 1.55),
    "left_heel": (0.12, 0.08, 0.03),
    "left_toe": (0.13, -0.17, 0.02),
    "right_heel": (-0.12, 0.08, 0.03),
    "right_toe": (-0.13, -0.17, 0.02),
    "left_hand": (0.8, 0, 1.4),
    "left_index": (0.8, -0.03, 1.4),
    "right_hand": (-0.8, 0, 1.4),
    "right_index": (-0.8, -0.03, 1.4),
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
    unseen: tuple[str, ...] = ()
    """Joints of confidence 0."""


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
        for joint in (tail, *(JOINTS.index(name) for name in BONES[bone].carried)):
            hanging = worlds[bone] @ rest[bone].T @ (rest_joints[joint] - rest_joints[head])
            joints[:, joint] = joints[:, head] + hanging
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
    confidence = np.where(absent, 0, 1)[:, None] * ~np.isin(JOINTS, clip.unseen)
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


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_STATUS] = exitstatus


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Once Rigify was enabled, the modules before Blender 5.0 hang when Python ends."""
    if "bpy" in sys.modules and bpy.app.version < (5, 0) and _STATUS in config.stash:
        sys.stdout.flush()
        os._exit(config.stash[_STATUS])


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
def engine_packages() -> None:
    """For tests with the real engine, whose packages a Blender of another version may lack."""
    pytest.importorskip("cv2", reason="the engine's packages are not in this environment")


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


# Rigs as other programs make them: the bones of a map's family on a body of their own proportions.
_SIDED = {
    "clavicle": ((0.03, -0.04, 1.36), (0.18, 0.01, 1.39)),
    "upper_arm": ((0.18, 0.01, 1.39), (0.44, 0.03, 1.39)),
    "forearm": ((0.44, 0.03, 1.39), (0.68, 0.0, 1.38)),
    "hand": ((0.68, 0.0, 1.38), (0.8, 0.0, 1.37)),
    "thigh": ((0.1, 0.0, 0.88), (0.12, -0.03, 0.47)),
    "shin": ((0.12, -0.03, 0.47), (0.11, 0.02, 0.08)),
    "foot": ((0.11, 0.02, 0.08), (0.12, -0.12, 0.02)),
}
_MIDDLE = {
    "root": ((0.0, 0.0, 0.0), (0.0, 0.2, 0.0)),
    "pelvis": ((0.0, 0.02, 0.92), (0.0, 0.02, 1.02)),
    "spine": ((0.0, 0.02, 1.02), (0.0, 0.01, 1.4)),
    "neck": ((0.0, 0.01, 1.42), (0.0, -0.01, 1.5)),
    "head": ((0.0, -0.01, 1.5), (0.0, 0.0, 1.7)),
}
_PARENTS = {
    "pelvis": "root", "spine": "pelvis", "neck": "spine", "head": "neck", "clavicle": "spine",
    "upper_arm": "clavicle", "forearm": "upper_arm", "hand": "forearm", "thigh": "pelvis", "shin": "thigh",
    "foot": "shin",
}  # fmt: skip


@dataclass(frozen=True)
class RigMaker:
    """What a rig is like."""

    family: str = "Mixamo"
    arms: float = 0.0
    """Degrees by which the arms hang lower than in a T-pose."""
    roll: float = 0.0
    """Radians, at most, of extra roll."""
    fingers: bool = False
    without: tuple[str, ...] = ()
    """Parts that have no bones."""
    inside: Matrix = field(default_factory=Matrix)
    """Applied to the armature's own space and undone by the object, as FBX does."""
    placed: Matrix = field(default_factory=Matrix)
    """Where the object is put on top of that."""

    def make(self) -> bpy.types.Object:
        """A rig in the scene, in Object Mode."""
        bone_map = next(known for known in known_maps() if known.name.startswith(self.family))
        rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
        bpy.context.scene.collection.objects.link(rig)
        bpy.context.view_layer.objects.active = rig
        bpy.ops.object.mode_set(mode="EDIT")
        self._add_bones(rig.data, bone_map)
        bpy.ops.object.mode_set(mode="OBJECT")
        rig.data.transform(self.inside)
        rig.matrix_world = self.placed @ self.inside.inverted()
        bpy.context.view_layer.update()
        return rig

    def _add_bones(self, data: bpy.types.Armature, bone_map: BoneMap) -> None:
        chains = {part: names for part, names in bone_map.bones.items() if part not in self.without}
        random = np.random.default_rng(2)
        for part, names in chains.items():
            head, tail = self._ends(part)
            _add_chain(data, names, head, tail, _parent(part, chains))
        for part, names in bone_map.twists.items():
            head, tail = self._ends(part)
            for index, name in enumerate(names):
                start = head.lerp(tail, index / len(names))
                _add_chain(data, [name], start, start.lerp(tail, 0.2), chains[part][-1])
        for side in ("left", "right") if self.fingers else ():
            head, tail = self._ends(f"{side}_hand")
            for finger in range(4):
                names = [f"{side} finger {finger}.{joint}" for joint in range(3)]
                start = tail + Vector((0, 0.02 * (finger - 1.5), 0))
                _add_chain(data, names, start, start + 0.5 * (tail - head), chains[f"{side}_hand"][0])
        for bone in data.edit_bones:
            bone.roll += random.uniform(-self.roll, self.roll)

    def _ends(self, part: str) -> tuple[Vector, Vector]:
        side, _, sided = part.partition("_")
        if part in _MIDDLE:
            head, tail = _MIDDLE[part]
            return Vector(head), Vector(tail)
        head, tail = (Vector(end) for end in _SIDED[sided])
        if sided in ("upper_arm", "forearm", "hand"):
            shoulder = Matrix.Translation(_SIDED["upper_arm"][0])
            lower = shoulder @ Matrix.Rotation(math.radians(self.arms), 4, "Y") @ shoulder.inverted()
            head, tail = lower @ head, lower @ tail
        mirror = Vector((1 if side == "left" else -1, 1, 1))
        return head * mirror, tail * mirror


def _parent(part: str, chains: dict[str, tuple[str, ...]]) -> str | None:
    """The last bone of the nearest part inward that there is."""
    side, _, sided = part.partition("_")
    while True:
        inward = _PARENTS.get(sided if side in ("left", "right") else part)
        if inward is None:
            return None
        part = inward if inward in _MIDDLE else f"{side}_{inward}"
        if part in chains:
            return chains[part][-1]
        if inward in _MIDDLE:
            side, sided = "", inward
        else:
            sided = inward


def _add_chain(
    data: bpy.types.Armature, names: Sequence[str], head: Vector, tail: Vector, parent: str | None
) -> None:
    for index, name in enumerate(names):
        bone = data.edit_bones.new(name)
        bone.head = head.lerp(tail, index / len(names))
        bone.tail = head.lerp(tail, (index + 1) / len(names))
        bone.parent = data.edit_bones[parent] if parent else None
        bone.use_connect = index > 0
        parent = name


@pytest.fixture
def make_rig(scene: bpy.types.Scene) -> Callable[..., bpy.types.Object]:
    """Makes a rig; the arguments are those of `RigMaker`."""
    return lambda **rig: RigMaker(**rig).make()
