"""The figure: a shaped, dressed and rigged body that takes poses and tells where its joints are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from lifting_core.skeleton import BONES, mirrored
from training.datasets.mocap import POINTS
from training.rendering.dressing import Clothes, dress, loosened
from training.rendering.makehuman import SKIN, BaseMesh, RigBone, read_rig, read_weights
from training.rendering.pose import Joints, Pose
from training.rendering.stage import current_view_layer, plain_material, put

_RIG = "mixamo"
_PREFIX = "mixamorig:"
_SIDES = ("left", "right")

# Which bones of the rig follow which segment of the body; a spine of several bones bends evenly.
_SEGMENT_BONES: dict[str, tuple[str, ...]] = {
    "pelvis": ("Hips",),
    "spine": ("Spine", "Spine1", "Spine2"),
    "neck": ("Neck",),
    "head": ("Head",),
} | {
    f"{side}_{segment}": (side.capitalize() + bone,)
    for side in _SIDES
    for segment, bone in {
        "clavicle": "Shoulder",
        "upper_arm": "Arm",
        "forearm": "ForeArm",
        "hand": "Hand",
        "thigh": "UpLeg",
        "shin": "Leg",
        "foot": "Foot",
        "toes": "ToeBase",
    }.items()
}
_SEGMENT_PARENTS: dict[str, str | None] = {bone.name: bone.parent for bone in BONES} | {
    f"{side}_{segment}": f"{side}_{parent}"
    for side in _SIDES
    for segment, parent in {"hand": "forearm", "foot": "shin", "toes": "foot"}.items()
}
# Joints at the head of a bone.
_JOINT_BONES: dict[str, str] = {
    f"{side}_{joint}": side.capitalize() + bone
    for side in _SIDES
    for joint, bone in {
        "shoulder": "Arm",
        "elbow": "ForeArm",
        "wrist": "Hand",
        "hip": "UpLeg",
        "knee": "Leg",
        "ankle": "Foot",
        "ball": "ToeBase",
        "index": "HandIndex1",
        "pinky": "HandPinky1",
        "thumb": "HandThumb2",
    }.items()
}
# Which bone carries which point on the skin; of pairs the left one.
_CARRIERS: dict[str, str] = {
    "head": "Head",
    "neck": "Head",
    "left_ear": "Head",
    "left_eye": "Head",
    "left_heel": "LeftFoot",
    "left_toe": "LeftToeBase",
}
_THORAX_ABOVE_SHOULDERS = 0.03  # metres, as in `training.datasets.body_points`
_FINGERS = ("Index", "Middle", "Ring", "Pinky")
_PHALANGES = (1, 2, 3)


class Figure:
    """A figure in the current scene, standing at the origin and facing -Y until it is posed."""

    def __init__(self, data: Path, targets: Mapping[str, float], clothes: Clothes) -> None:
        """Build the figure from MakeHuman's data; `targets` shape it. Raises OSError when data is missing."""
        mesh = BaseMesh.load(data, targets)
        rig, armature = build_rig(read_rig(data, _RIG, mesh))
        body = build_body(mesh, clothes)
        skin(body, rig, read_weights(data, _RIG))
        body.hide_viewport = True  # joints are asked for more often than pictures, and need no skin
        assert rig.pose is not None
        self._bones = rig.pose.bones
        for bone in self._bones:
            bone.rotation_mode = "QUATERNION"
        self._rest = {bone.name: np.array(bone.matrix_local) for bone in armature.bones}
        self._landmarks = _landmarks(mesh)
        self.rest_joints = self.joints()

    def joints(self) -> Joints:
        """World positions (3,) of the joints in the figure's present pose, by name, in metres.

        Besides the joints of the limbs: `ball` is the joint at the base of the toes, `toe` the tip of the
        big one, `index`, `pinky` and `thumb` are knuckles, `neck` is the tip of the nose and `head` the top
        of the head (Human3.6M's definitions); pelvis and thorax are the middles of hips and shoulders.
        """
        current_view_layer().update()
        bones = self._bones
        joints = {name: np.array(bones[_PREFIX + bone].head) for name, bone in _JOINT_BONES.items()}
        for name, (bone, point) in self._landmarks.items():
            moved = np.array(bones[bone].matrix) @ np.linalg.inv(self._rest[bone])
            joints[name] = moved[:3, :3] @ point + moved[:3, 3]
        joints["pelvis"] = (joints["left_hip"] + joints["right_hip"]) / 2
        joints["thorax"] = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
        return joints

    def take(self, pose: Pose) -> None:
        """Take a pose. Segments that the pose does not turn stay rigid to their parent segment."""
        turns: dict[str, Rotation] = {}
        for segment, bones in _SEGMENT_BONES.items():
            parent = _SEGMENT_PARENTS[segment]
            before = turns[parent] if parent else Rotation.identity()
            turns[segment] = pose.turns.get(segment, before)
            chain = Slerp([0, len(bones)], Rotation.concatenate([before, turns[segment]]))
            for step, bone in enumerate(bones):
                self._turn(_PREFIX + bone, chain(step).inv() * chain(step + 1))
        hips = _PREFIX + "Hips"
        arm = self._rest[hips][:3, 3] - self.rest_joints["pelvis"]
        head = pose.pelvis + turns["pelvis"].apply(arm)
        self._bones[hips].location = self._rest[hips][:3, :3].T @ (head - self._rest[hips][:3, 3])

    def bend_fingers(self, side: str, angle: float) -> None:
        """Bend every joint of a hand's fingers by some radians, the thumb's aside."""
        hand = side.capitalize() + "Hand"
        across = self.rest_joints[f"{side}_index"] - self.rest_joints[f"{side}_pinky"]
        axis = across / np.linalg.norm(across) * (-1 if side == "left" else 1)
        for finger in _FINGERS:
            for phalanx in _PHALANGES:
                self._turn(f"{_PREFIX}{hand}{finger}{phalanx}", Rotation.from_rotvec(angle * axis))

    def _turn(self, bone: str, turn: Rotation) -> None:
        """Turn a bone against its parent; `turn` is written in the axes that the figure has at rest."""
        rest = Rotation.from_matrix(self._rest[bone][:3, :3])
        x, y, z, w = (rest.inv() * turn * rest).as_quat()
        self._bones[bone].rotation_quaternion = (w, x, y, z)


def build_rig(bones: list[RigBone]) -> tuple[bpy.types.Object, bpy.types.Armature]:
    """The armature object of a rig, and its data."""
    armature = bpy.data.armatures.new("rig")
    rig = put("rig", armature)
    current_view_layer().objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in bones:
        edit_bone = armature.edit_bones.new(bone.name)
        edit_bone.head, edit_bone.tail, edit_bone.roll = bone.head, bone.tail, bone.roll
        if bone.parent:
            edit_bone.parent = armature.edit_bones[bone.parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig, armature


def build_body(mesh: BaseMesh, clothes: Clothes) -> bpy.types.Object:
    """The body and its clothes as one mesh.

    It keeps the base mesh's vertices, so that indices of targets and weights hold.
    """
    parts = dress(mesh, clothes)
    data = bpy.data.meshes.new("body")
    faces = np.concatenate([quads for quads, _ in parts])
    data.from_pydata(loosened(mesh, clothes).tolist(), [], faces.tolist())
    for _, colour in parts:
        data.materials.append(plain_material(colour))
    slots = np.repeat(np.arange(len(parts), dtype=np.int32), [len(quads) for quads, _ in parts])
    data.polygons.foreach_set("material_index", slots)
    data.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    return put("body", data)


def skin(
    body: bpy.types.Object, rig: bpy.types.Object, weights: Mapping[str, list[tuple[int, float]]]
) -> None:
    """Let the rig's bones carry the body, by weights of vertices."""
    for bone, pairs in weights.items():
        group = body.vertex_groups.new(name=bone)
        for vertex, weight in pairs:
            group.add([vertex], weight, "REPLACE")
    body.parent = rig
    modifier = body.modifiers.new("armature", "ARMATURE")
    assert isinstance(modifier, bpy.types.ArmatureModifier)
    modifier.object = rig


def _landmarks(mesh: BaseMesh) -> dict[str, tuple[str, NDArray[np.float64]]]:
    """Points on the skin with the bone that carries each."""
    landmarks = {}
    for name, bone in _CARRIERS.items():
        landmarks[name] = (_PREFIX + bone, mesh.skin(SKIN[name]))
        if name.startswith("left_"):
            x, y, z = SKIN[name]
            carrier = _PREFIX + bone.replace("Left", "Right")
            landmarks[mirrored(name)] = (carrier, mesh.skin((-x, y, z)))
    return landmarks


def body_points(joints: Joints) -> NDArray[np.float64]:
    """(P, 3) `training.datasets.mocap.POINTS` by the `joints` of a figure, defined as those of captures."""
    points = dict(joints)
    points["skull"] = (joints["left_ear"] + joints["right_ear"]) / 2
    up = joints["thorax"] - joints["pelvis"]
    points["thorax"] = joints["thorax"] + _THORAX_ABOVE_SHOULDERS * up / np.linalg.norm(up)
    points["spine"] = (joints["pelvis"] + points["thorax"]) / 2
    for side in _SIDES:
        points[f"{side}_hand"] = (joints[f"{side}_index"] + joints[f"{side}_pinky"]) / 2
    return np.stack([points[name] for name in POINTS])
