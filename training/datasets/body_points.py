"""One set of body points from skeletons and markers that each define the joints in a way of their own.

The points are the 17 joints of `lifting_core.skeleton` and surface points that detectors report.
Positions are metres, z up. The sources differ by some centimetres in where they put the same joint; the
offsets below bring them to Human3.6M's definitions as closely as their data allow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.datasets.bvh import SkeletalMotion

Points = NDArray[np.float64]
BodyPoints = dict[str, Points]

SURFACE_POINTS: tuple[str, ...] = ("left_foot_index", "right_foot_index")
"""Points beyond the joints that every source gives; the names are those of MediaPipe's landmarks."""

CMU_UNIT = 0.0254 / 0.45
"""Metres: CMU's skeletons count in inches divided by 0.45."""
CENTIMETRE = 0.01

# In CMU's unit and the head's axes (x left, y up, z forward).
_NOSE_FROM_HEAD_END = (0.0, -0.01 / CMU_UNIT, 0.11 / CMU_UNIT)
_CROWN_FROM_HEAD_END = (0.0, 0.12 / CMU_UNIT, 0.01 / CMU_UNIT)
_WRIST_FROM_RADIUS = 0.068 / CMU_UNIT

_CMU_JOINTS = {
    "hip": "{}UpLeg",
    "knee": "{}Leg",
    "ankle": "{}Foot",
    "foot_index": "{}ToeBase:end",
    "shoulder": "{}Arm",
    "elbow": "{}ForeArm",
    "wrist": "{}Hand",
}
_ACCLAIM_JOINTS = {
    "hip": "{}hipjoint",
    "knee": "{}femur",
    "ankle": "{}tibia",
    "foot_index": "{}toes",
    "shoulder": "{}clavicle",
    "elbow": "{}humerus",
    "wrist": "{}radius",
}
_POSER_JOINTS = {
    "hip": "{}Thigh",
    "knee": "{}Shin",
    "ankle": "{}Foot",
    "foot_index": "{}Foot:end",
    "shoulder": "{}Shldr",
    "elbow": "{}ForeArm",
    "wrist": "{}Hand",
}


def from_skeleton(motion: SkeletalMotion) -> BodyPoints | None:
    """Body points of a BVH or ASF/AMC clip, (T, 3) each; None when its skeleton is not one known here."""
    if {"LeftUpLeg", "Spine1", "Neck1"} <= set(motion.names):
        return _from_cmu(motion)
    if {"lfemur", "upperneck", "lwrist"} <= set(motion.names):
        return _from_acclaim(motion)
    if {"lThigh", "neck", "leftEye"} <= set(motion.names):
        return _from_poser(motion)
    return None


def _from_cmu(motion: SkeletalMotion) -> BodyPoints:
    """The skeleton of the CMU Graphics Lab in its BVH form.

    The form has lost two bones of the laboratory's own ASF skeletons, which leaves the trunk 12 cm and the
    forearm 7 cm short: the thorax (as long as the upper back, above `Spine1`) and the part of the wrist that
    reaches from the end of the radius to the joint. Both are put back here. The head ends between the ears.
    """
    renamed = dataclasses.replace(motion, names=tuple(map(_as_end_site, motion.names)))
    points = _limbs(renamed, _CMU_JOINTS, left="Left", right="Right")
    spine, chest = renamed.names.index("Spine"), renamed.names.index("Spine1")
    upper_back = (
        motion.orientations[:, spine].transpose(0, 2, 1)
        @ (motion.positions[:, chest] - motion.positions[:, spine])[..., None]
    )
    thorax = (motion.orientations[:, chest] @ upper_back)[..., 0]
    points["spine"] = motion.position("Spine")
    points["neck"] = renamed.point("Head:end", _NOSE_FROM_HEAD_END) + thorax
    points["head"] = renamed.point("Head:end", _CROWN_FROM_HEAD_END) + thorax
    for side, sign in (("left", 1), ("right", -1)):
        points[f"{side}_wrist"] = renamed.point(f"{side.title()}Hand", (sign * _WRIST_FROM_RADIUS, 0, 0))
        for name in ("shoulder", "elbow", "wrist"):
            points[f"{side}_{name}"] = points[f"{side}_{name}"] + thorax
    return _trunk(_upright({name: point * CMU_UNIT for name, point in points.items()}))


def _from_acclaim(motion: SkeletalMotion) -> BodyPoints:
    """The skeleton of the CMU Graphics Lab as recorded, with all its bones; points are the ends of bones."""
    points = _limbs(motion, _ACCLAIM_JOINTS, left="l", right="r")
    points["spine"] = motion.position("lowerback")
    points["neck"] = motion.point("head", _NOSE_FROM_HEAD_END)
    points["head"] = motion.point("head", _CROWN_FROM_HEAD_END)
    for side in ("left", "right"):
        radius = points[f"{side}_wrist"]
        along = _unit(motion.position(f"{side[0]}wrist") - radius)
        points[f"{side}_wrist"] = radius + _WRIST_FROM_RADIUS * along
    return _trunk(_upright({name: point * CMU_UNIT for name, point in points.items()}))


def _as_end_site(name: str) -> str:
    """One name for the tips of head and toes: some files end in a joint, others in an end site."""
    return {"HeadEnd": "Head:end", "LeftToeEnd": "LeftToeBase:end", "RightToeEnd": "RightToeBase:end"}.get(
        name, name
    )


def _from_poser(motion: SkeletalMotion) -> BodyPoints:
    """Poser's skeleton (the `salsa` and `indian` dances), in centimetres; the eyes tell where the nose is."""
    points = _limbs(motion, _POSER_JOINTS, left="l", right="r")
    points["spine"] = motion.position("chest")
    points["neck"] = motion.point("head", (0, 4.5, 10.5))
    points["head"] = motion.point("head", (0, 19.0, 2.0))
    return _trunk(_upright({name: point * CENTIMETRE for name, point in points.items()}))


def _trunk(points: BodyPoints) -> BodyPoints:
    """Pelvis between the hips, and thorax a little above the middle of the shoulders, as in Human3.6M."""
    shoulders = (points["left_shoulder"] + points["right_shoulder"]) / 2
    points["pelvis"] = (points["left_hip"] + points["right_hip"]) / 2
    points["thorax"] = shoulders + 0.03 * _unit(shoulders - points["pelvis"])
    return points


def _limbs(motion: SkeletalMotion, joints: Mapping[str, str], left: str, right: str) -> BodyPoints:
    return {
        f"{side}_{name}": motion.position(pattern.format(prefix))
        for side, prefix in (("left", left), ("right", right))
        for name, pattern in joints.items()
    }


def _upright(points: BodyPoints) -> BodyPoints:
    """BVH's axes (y up, z forward) to ours (z up, -y forward)."""
    return {name: np.stack([p[:, 0], -p[:, 2], p[:, 1]], -1) for name, p in points.items()}


def from_plug_in_gait(markers: Mapping[str, Points]) -> BodyPoints:
    """Body points from the 39 Plug-in-Gait markers, (T, 3) metres each, z up.

    Hip centres follow Harrington et al., Journal of Biomechanics 40 (2007); the other joint centres lie
    beneath their skin markers, toward the middle of the limb. Raises KeyError when a marker is missing.
    """
    points: BodyPoints = {}
    points["left_hip"], points["right_hip"] = _hip_centres(markers)
    pelvis = (points["left_hip"] + points["right_hip"]) / 2
    down = _unit(pelvis - (markers["C7"] + markers["CLAV"]) / 2)
    for side, letter in (("left", "L"), ("right", "R")):
        shoulder = markers[f"{letter}SHO"] + 0.05 * down
        wrist = (markers[f"{letter}WRA"] + markers[f"{letter}WRB"]) / 2
        elbow = _beneath(markers[f"{letter}ELB"], markers[f"{letter}UPA"], shoulder, 0.045)
        knee = _beneath(markers[f"{letter}KNE"], markers[f"{letter}THI"], points[f"{side}_hip"], 0.05)
        ankle = _beneath(markers[f"{letter}ANK"], markers[f"{letter}TIB"], knee, 0.04)
        toe = markers[f"{letter}TOE"] + 0.05 * _unit(markers[f"{letter}TOE"] - markers[f"{letter}HEE"])
        limb = {"shoulder": shoulder, "elbow": elbow, "wrist": wrist, "knee": knee, "ankle": ankle}
        points |= {f"{side}_{name}": point for name, point in limb.items()}
        points[f"{side}_foot_index"] = toe
    points["neck"], points["head"] = _nose_and_crown(markers)
    points = _trunk(points)
    points["spine"] = (points["pelvis"] + points["thorax"]) / 2
    return points


def _hip_centres(markers: Mapping[str, Points]) -> tuple[Points, Points]:
    """Left and right hip joint centre from the four pelvic markers (Harrington et al. 2007)."""
    front = (markers["LASI"] + markers["RASI"]) / 2
    back = (markers["LPSI"] + markers["RPSI"]) / 2
    width = np.linalg.norm(markers["LASI"] - markers["RASI"], axis=-1, keepdims=True)
    depth = np.linalg.norm(front - back, axis=-1, keepdims=True)
    left = _unit(markers["LASI"] - markers["RASI"])
    up = _unit(np.cross(front - back, left))
    forward = np.cross(left, up)
    middle = front - (0.24 * depth + 0.0099) * forward - (0.30 * width + 0.0109) * up
    sideways = (0.33 * width + 0.0073) * left
    return middle + sideways, middle - sideways


def _beneath(marker: Points, segment_marker: Points, upper_joint: Points, depth: float) -> Points:
    """The joint centre `depth` metres beneath a lateral skin marker.

    The marker in the middle of the segment above sits on its outer side and so tells where outside is.
    """
    along = _unit(marker - upper_joint)
    outward = segment_marker - upper_joint
    outward = _unit(outward - (outward * along).sum(-1, keepdims=True) * along)
    return marker - depth * outward


def _nose_and_crown(markers: Mapping[str, Points]) -> tuple[Points, Points]:
    front = (markers["LFHD"] + markers["RFHD"]) / 2
    back = (markers["LBHD"] + markers["RBHD"]) / 2
    forward = _unit(front - back)
    up = _unit(np.cross(forward, markers["LFHD"] - markers["RFHD"]))
    nose = front + 0.03 * forward - 0.08 * up
    return nose, (front + back) / 2 + 0.09 * up


def _unit(vectors: Points) -> Points:
    unit: Points = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True).clip(min=1e-9)
    return unit
