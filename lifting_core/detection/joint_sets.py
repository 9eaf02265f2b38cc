"""What public data sets and detectors call their keypoints, in the words that the lifting weights know.

A keypoint has the name of one of ours where it marks the same place: the big toe's tip is MediaPipe's
`foot_index`, the top of the head Human3.6M's `head`. What a set lacks, nothing stands in for.
"""

from __future__ import annotations

from collections.abc import Mapping

from lifting_core.errors import InvalidInput

_LEFT_RIGHT = ("left", "right")


def _pairs(*names: str) -> tuple[str, ...]:
    """Left and right of each."""
    return tuple(f"{side}_{name}" for name in names for side in _LEFT_RIGHT)


MPII = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("pelvis", "thorax", "upper_neck", "head"),
    *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
)
"""MPII Human Pose (Andriluka et al., CVPR 2014): its thorax lies between the shoulders."""

HUMAN36M_16 = tuple({"thorax": "spine", "upper_neck": "thorax"}.get(name, name) for name in MPII)
"""The order of MPII with the places of Human3.6M: what a network marks that was fine-tuned on its joints, and
as what the paper's code reads every stacked hourglass."""

COCO = ("nose", *_pairs("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"))
"""COCO keypoints (Lin et al., ECCV 2014)."""

_OPENPOSE_UPPER = (
    *("nose", "thorax", "right_shoulder", "right_elbow", "right_wrist"),
    *("left_shoulder", "left_elbow", "left_wrist"),
)
_OPENPOSE_LEGS = ("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle")
_OPENPOSE_HEAD = ("right_eye", "left_eye", "right_ear", "left_ear")
OPENPOSE_COCO = _OPENPOSE_UPPER + _OPENPOSE_LEGS + _OPENPOSE_HEAD
"""OpenPose's 18; its neck is the middle of the shoulders."""
BODY_25 = (
    *_OPENPOSE_UPPER,
    "pelvis",
    *_OPENPOSE_LEGS,
    *_OPENPOSE_HEAD,
    *("left_foot_index", "left_small_toe", "left_heel", "right_foot_index", "right_small_toe", "right_heel"),
)
"""OpenPose (Cao et al., TPAMI 2019)."""

HALPE_26 = (*COCO, "head", "thorax", "pelvis", *_pairs("foot_index", "small_toe", "heel"))
"""Halpe full body (Fang et al., TPAMI 2022); its neck is the middle of the shoulders."""

_KNUCKLES = {5: "index", 17: "pinky"}
COCO_WHOLEBODY = (
    *COCO,
    *("left_foot_index", "left_small_toe", "left_heel", "right_foot_index", "right_small_toe", "right_heel"),
    *(f"face_{index}" for index in range(68)),
    *(f"{side}_{_KNUCKLES.get(i, f'hand_{i}')}" for side in _LEFT_RIGHT for i in range(21)),
)
"""COCO-WholeBody (Jin et al., ECCV 2020)."""

MEDIAPIPE = (
    "nose",
    *("left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer"),
    *("left_ear", "right_ear", "mouth_left", "mouth_right"),
    *_pairs("shoulder", "elbow", "wrist", "pinky", "index", "thumb"),
    *_pairs("hip", "knee", "ankle", "heel", "foot_index"),
)
"""BlazePose (Bazarevsky et al., 2020)."""

JOINT_SETS: Mapping[str, tuple[str, ...]] = {
    "mpii-16": MPII,
    "human36m-16": HUMAN36M_16,
    "coco-17": COCO,
    "openpose-18": OPENPOSE_COCO,
    "body-25": BODY_25,
    "halpe-26": HALPE_26,
    "mediapipe-33": MEDIAPIPE,
    "coco-wholebody-133": COCO_WHOLEBODY,
}
"""By the name that files and commands call them."""


def joint_set(name: str) -> tuple[str, ...]:
    """The names of a set in `JOINT_SETS`. Raises InvalidInput for an unknown one."""
    if name not in JOINT_SETS:
        raise InvalidInput(f"There is no joint set {name!r}.", f"Choose one of {', '.join(JOINT_SETS)}.")
    return JOINT_SETS[name]
