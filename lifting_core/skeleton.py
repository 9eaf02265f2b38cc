"""The joint sets and the canonical skeleton that every part of the project speaks of.

The first 17 joints are those of Human3.6M that move, in its order (Ionescu et al., TPAMI 2014; indices
0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27 of its 32). `neck` is Human3.6M's
"Neck/Nose", a point at the nose; `thorax` lies between the shoulders; `head` is the top of the head.
The others tell how head, hands and feet are turned: `skull` lies midway between the ears, a toe at the tip
of the foot, a hand midway between the knuckles of index finger and little finger, an index at the former.
"""

from __future__ import annotations

from dataclasses import dataclass

_JOINTS_AND_PARENTS = (
    ("pelvis", None),
    ("right_hip", "pelvis"),
    ("right_knee", "right_hip"),
    ("right_ankle", "right_knee"),
    ("left_hip", "pelvis"),
    ("left_knee", "left_hip"),
    ("left_ankle", "left_knee"),
    ("spine", "pelvis"),
    ("thorax", "spine"),
    ("neck", "skull"),
    ("head", "skull"),
    ("left_shoulder", "thorax"),
    ("left_elbow", "left_shoulder"),
    ("left_wrist", "left_elbow"),
    ("right_shoulder", "thorax"),
    ("right_elbow", "right_shoulder"),
    ("right_wrist", "right_elbow"),
    ("skull", "thorax"),
    ("left_ear", "skull"),
    ("right_ear", "skull"),
    ("left_heel", "left_ankle"),
    ("left_toe", "left_ankle"),
    ("right_heel", "right_ankle"),
    ("right_toe", "right_ankle"),
    ("left_hand", "left_wrist"),
    ("left_index", "left_wrist"),
    ("right_hand", "right_wrist"),
    ("right_index", "right_wrist"),
)


JOINTS: tuple[str, ...] = tuple(name for name, _ in _JOINTS_AND_PARENTS)
JOINT_PARENTS: tuple[int, ...] = tuple(
    -1 if parent is None else JOINTS.index(parent) for _, parent in _JOINTS_AND_PARENTS
)

HUMAN36M_JOINTS: tuple[str, ...] = JOINTS[:17]
"""What Human3.6M measures and the paper predicts."""
HUMAN36M_PARENTS: tuple[int, ...] = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
"""The paper's tree: without a skull, the neck hangs on the thorax and the head on the neck."""

# The joints that motion capture systems and detectors agree on best; used to compare with others.
LIMB_JOINTS: tuple[str, ...] = tuple(
    f"{side}_{joint}"
    for side in ("left", "right")
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)

# The keypoints of detectors whose middle a joint is; any other joint lies at the keypoint of its own name.
JOINT_KEYPOINTS: dict[str, tuple[str, ...]] = {
    "pelvis": ("left_hip", "right_hip"),
    "thorax": ("left_shoulder", "right_shoulder"),
    "neck": ("nose",),
    "skull": ("left_ear", "right_ear"),
    "left_toe": ("left_foot_index",),
    "right_toe": ("right_foot_index",),
    "left_hand": ("left_index", "left_pinky"),
    "right_hand": ("right_index", "right_pinky"),
}


def mirrored(name: str) -> str:
    """The name of the joint, keypoint or bone on the other side of the body."""
    for side, other in (("left", "right"), ("right", "left")):
        if name.startswith(f"{side}_"):
            return f"{other}_" + name.removeprefix(f"{side}_")
        if name.endswith(f"_{side}"):  # MediaPipe's mouth
            return name.removesuffix(f"_{side}") + f"_{other}"
    return name


def unsided(name: str) -> str:
    """The name of a joint, keypoint or bone without the side of the body."""
    return name.removeprefix("left_").removeprefix("right_")


@dataclass(frozen=True)
class Bone:
    """A rigid segment of the canonical skeleton, from its head joint to its tail joint."""

    name: str
    parent: str | None
    head: str
    tail: str
    carried: tuple[str, ...] = ()
    """Other joints that hang rigidly on the bone and on which no bone begins."""


# Parents come before their children. The hips belong rigidly to the pelvis, so no bone leads to them;
# the shoulders have bones of their own (the clavicles), so that shrugs are kept.
BONES: tuple[Bone, ...] = (
    Bone("pelvis", None, "pelvis", "spine"),
    Bone("spine", "pelvis", "spine", "thorax"),
    Bone("neck", "spine", "thorax", "skull"),
    Bone("head", "neck", "skull", "head", ("neck", "left_ear", "right_ear")),
    Bone("left_clavicle", "spine", "thorax", "left_shoulder"),
    Bone("left_upper_arm", "left_clavicle", "left_shoulder", "left_elbow"),
    Bone("left_forearm", "left_upper_arm", "left_elbow", "left_wrist"),
    Bone("left_hand", "left_forearm", "left_wrist", "left_hand", ("left_index",)),
    Bone("right_clavicle", "spine", "thorax", "right_shoulder"),
    Bone("right_upper_arm", "right_clavicle", "right_shoulder", "right_elbow"),
    Bone("right_forearm", "right_upper_arm", "right_elbow", "right_wrist"),
    Bone("right_hand", "right_forearm", "right_wrist", "right_hand", ("right_index",)),
    Bone("left_thigh", "pelvis", "left_hip", "left_knee"),
    Bone("left_shin", "left_thigh", "left_knee", "left_ankle"),
    Bone("left_foot", "left_shin", "left_ankle", "left_toe", ("left_heel",)),
    Bone("right_thigh", "pelvis", "right_hip", "right_knee"),
    Bone("right_shin", "right_thigh", "right_knee", "right_ankle"),
    Bone("right_foot", "right_shin", "right_ankle", "right_toe", ("right_heel",)),
)
BONE_NAMES: tuple[str, ...] = tuple(bone.name for bone in BONES)
BONE_PARENTS: tuple[int, ...] = tuple(
    -1 if bone.parent is None else BONE_NAMES.index(bone.parent) for bone in BONES
)
BONE_HEADS: tuple[int, ...] = tuple(JOINTS.index(bone.head) for bone in BONES)
BONE_TAILS: tuple[int, ...] = tuple(JOINTS.index(bone.tail) for bone in BONES)
