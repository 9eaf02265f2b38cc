"""One set of body points from skeletons and markers that each define the joints in a way of their own.

The points are the joints of `lifting_core.skeleton` and surface points that detectors report. Positions are
metres, z up. The sources differ by some centimetres in where they put the same joint; the offsets below
bring them to Human3.6M's definitions as closely as their data allow. Head, hands and feet, of which sources
know little more than how they are turned, get the points of the average body (`anatomy`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.directions import unit
from training.datasets.anatomy import anatomy
from training.datasets.bvh import SkeletalMotion

Points = NDArray[np.float64]
BodyPoints = dict[str, Points]
_Sides = tuple[tuple[Points, Points], tuple[Points, Points]]

SURFACE_POINTS: tuple[str, ...] = tuple(
    f"{side}_{name}" for name in ("eye", "pinky", "thumb") for side in ("left", "right")
)
"""Points beyond the joints; the names are those of MediaPipe's landmarks."""

CMU_UNIT = 0.0254 / 0.45
"""Metres: CMU's skeletons count in inches divided by 0.45."""
CENTIMETRE = 0.01

_WRIST_FROM_RADIUS = 0.068 / CMU_UNIT
_SKULL_FROM_POSER_HEAD = (0.0, 6.5, 0.0)
_CMU_SOLE = (0.42, 0.90, -0.05)
"""Out of the top of the right foot, in the foot's axes at rest (legs apart); measured on feet that stand."""
_CMU_FOOT = ("Foot", "Foot", "ToeBase:end")
"""What turns with the foot, where the ankle is, and the tip of the toes."""
_ACCLAIM_FOOT = ("foot", "tibia", "toes")

_STANDING = 0.01
"""Metres: no marker of a foot that stands is higher above its lowest place."""

_HEADBAND = ("LFHD", "RFHD", "LBHD", "RBHD")

_CMU_JOINTS = {
    "hip": "{}UpLeg",
    "knee": "{}Leg",
    "ankle": "{}Foot",
    "shoulder": "{}Arm",
    "elbow": "{}ForeArm",
    "wrist": "{}Hand",
}
_ACCLAIM_JOINTS = {
    "hip": "{}hipjoint",
    "knee": "{}femur",
    "ankle": "{}tibia",
    "shoulder": "{}clavicle",
    "elbow": "{}humerus",
    "wrist": "{}radius",
}
_POSER_JOINTS = {
    "hip": "{}Thigh",
    "knee": "{}Shin",
    "ankle": "{}Foot",
    "shoulder": "{}Shldr",
    "elbow": "{}ForeArm",
    "wrist": "{}Hand",
}


@dataclasses.dataclass(frozen=True, eq=False)
class _Turned:
    """How the extremities are turned: directions (T, 3) of any length."""

    head: tuple[Points, Points]
    """Left and up."""
    hands: _Sides
    """Left and right: along the hand, and toward the thumb's side."""
    feet: _Sides
    """Left and right: toward the toes, and out of the top of the foot, at right angles to the sole."""


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
    `Hand` is the laboratory's wrist, which only twists; its hand, which bends, is `FingerBase`.
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
    points["skull"] = renamed.position("Head:end") + thorax
    for side, sign in (("left", 1), ("right", -1)):
        points[f"{side}_wrist"] = renamed.point(f"{side.title()}Hand", (sign * _WRIST_FROM_RADIUS, 0, 0))
        for name in ("shoulder", "elbow", "wrist"):
            points[f"{side}_{name}"] = points[f"{side}_{name}"] + thorax
    turned = _Turned(
        _cmu_head(renamed, "Head"),
        _both(lambda side, sign: _cmu_hand(renamed, f"{side.title()}FingerBase", sign)),
        _both(lambda side, sign: _cmu_foot(renamed, side.title(), _CMU_FOOT, sign)),
    )
    return _completed(points, turned, CMU_UNIT)


def _from_acclaim(motion: SkeletalMotion) -> BodyPoints:
    """The skeleton of the CMU Graphics Lab as recorded, with all its bones; points are the ends of bones."""
    points = _limbs(motion, _ACCLAIM_JOINTS, left="l", right="r")
    points["spine"] = motion.position("lowerback")
    points["skull"] = motion.position("head")
    for side in ("left", "right"):
        radius = points[f"{side}_wrist"]
        along = unit(motion.position(f"{side[0]}wrist") - radius)
        points[f"{side}_wrist"] = radius + _WRIST_FROM_RADIUS * along
    turned = _Turned(
        _cmu_head(motion, "head"),
        _both(lambda side, sign: _cmu_hand(motion, f"{side[0]}hand", sign)),
        _both(lambda side, sign: _cmu_foot(motion, side[0], _ACCLAIM_FOOT, sign)),
    )
    return _completed(points, turned, CMU_UNIT)


def _both(extremity: Callable[[str, int], tuple[Points, Points]]) -> _Sides:
    """Of the left, whose sign is 1, and of the right, whose sign is -1."""
    return extremity("left", 1), extremity("right", -1)


# CMU's skeletons rest with the arms stretched out, palms down, and with the legs apart.


def _cmu_head(motion: SkeletalMotion, head: str) -> tuple[Points, Points]:
    return motion.direction(head, (1, 0, 0)), motion.direction(head, (0, 1, 0))


def _cmu_hand(motion: SkeletalMotion, hand: str, sign: int) -> tuple[Points, Points]:
    return motion.direction(hand, (sign, 0, 0)), motion.direction(hand, (0, 0, 1))


def _cmu_foot(
    motion: SkeletalMotion, side: str, parts: tuple[str, str, str], sign: int
) -> tuple[Points, Points]:
    foot, ankle, toe = (f"{side}{part}" for part in parts)
    x, y, z = _CMU_SOLE
    return motion.position(toe) - motion.position(ankle), motion.direction(foot, (-sign * x, y, z))


def _as_end_site(name: str) -> str:
    """One name for the tips of head and toes: some files end in a joint, others in an end site."""
    return {"HeadEnd": "Head:end", "LeftToeEnd": "LeftToeBase:end", "RightToeEnd": "RightToeBase:end"}.get(
        name, name
    )


def _from_poser(motion: SkeletalMotion) -> BodyPoints:
    """Poser's skeleton (`salsa` and `indian` dances), in centimetres; the eyes tell where the ears are."""
    points = _limbs(motion, _POSER_JOINTS, left="l", right="r")
    points["spine"] = motion.position("chest")
    points["skull"] = motion.point("head", _SKULL_FROM_POSER_HEAD)
    turned = _Turned(
        _cmu_head(motion, "head"),
        _both(lambda side, _: _poser_hand(motion, side[0])),
        _both(lambda side, _: _poser_foot(motion, side[0])),
    )
    return _completed(points, turned, CENTIMETRE)


def _poser_hand(motion: SkeletalMotion, side: str) -> tuple[Points, Points]:
    index, pinky = motion.position(f"{side}Index1"), motion.position(f"{side}Pinky1")
    return (index + pinky) / 2 - motion.position(f"{side}Hand"), index - pinky


def _poser_foot(motion: SkeletalMotion, side: str) -> tuple[Points, Points]:
    toes = motion.position(f"{side}Foot:end") - motion.position(f"{side}Foot")
    return toes, motion.direction(f"{side}Foot", (0, 1, 0))


def _completed(points: BodyPoints, turned: _Turned, unit: float) -> BodyPoints:
    """All points in metres and our axes, from joints and directions in those of a BVH or ASF file."""
    return _trunk(
        _with_extremities(
            {name: _upright(point * unit) for name, point in points.items()},
            _Turned(
                (_upright(turned.head[0]), _upright(turned.head[1])),
                _upright_sides(turned.hands),
                _upright_sides(turned.feet),
            ),
        )
    )


def _with_extremities(points: BodyPoints, turned: _Turned) -> BodyPoints:
    """Add the points of head, hands and feet, as they lie on the average body."""
    body = anatomy()
    added: BodyPoints = {}
    head = _axes(turned.head[1], turned.head[0])  # up, left, and by that back
    for name, point, sign in (
        *(("neck", "nose", 1), ("head", "crown", 1)),
        *(("left_ear", "ear", 1), ("right_ear", "ear", -1), ("left_eye", "eye", 1), ("right_eye", "eye", -1)),
    ):
        left, back, up = body.head[point]
        added[name] = points["skull"] + head @ np.array([up, sign * left, back])
    for side, sign, hand, (along_foot, top) in zip(
        ("left", "right"), (1, -1), turned.hands, turned.feet, strict=True
    ):
        axes = _axes(*hand)
        for name, (along, aside, out) in body.hand.items():
            added[f"{side}_{name}"] = points[f"{side}_wrist"] + axes @ np.array([along, aside, -sign * out])
        added[f"{side}_hand"] = (added[f"{side}_index"] + added[f"{side}_pinky"]) / 2
        top = _never_turned_over(top, along_foot, points[f"{side}_knee"] - points[f"{side}_ankle"])
        axes = _axes(top, along_foot)  # up, forward, and by that left
        for name, (left, back, up) in body.foot.items():
            added[f"{side}_{name}"] = points[f"{side}_ankle"] + axes @ np.array([up, -back, sign * left])
    return points | added


def _never_turned_over(top: Points, along: Points, shin: Points) -> Points:
    """Tops of feet; where a recording has them face the ground (CMU's 05_05 and 05_06), by the shin."""
    across = _across(shin, along)
    return np.where((top * across).sum(-1, keepdims=True) < 0, across, top)


def _axes(first: Points, second: Points) -> NDArray[np.float64]:
    """(T, 3, 3) columns: the first direction, the second at right angles to it, and their cross product."""
    first = unit(first)
    second = unit(_across(second, first))
    return np.stack([first, second, np.cross(first, second)], -1)


def _trunk(points: BodyPoints) -> BodyPoints:
    """Pelvis between the hips, and thorax a little above the middle of the shoulders, as in Human3.6M."""
    shoulders = (points["left_shoulder"] + points["right_shoulder"]) / 2
    points["pelvis"] = (points["left_hip"] + points["right_hip"]) / 2
    points["thorax"] = shoulders + 0.03 * unit(shoulders - points["pelvis"])
    return points


def _limbs(motion: SkeletalMotion, joints: Mapping[str, str], left: str, right: str) -> BodyPoints:
    return {
        f"{side}_{name}": motion.position(pattern.format(prefix))
        for side, prefix in (("left", left), ("right", right))
        for name, pattern in joints.items()
    }


def _upright(vectors: Points) -> Points:
    """BVH's axes (y up, z forward) to ours (z up, -y forward)."""
    return np.stack([vectors[:, 0], -vectors[:, 2], vectors[:, 1]], -1)


def _upright_sides(sides: _Sides) -> _Sides:
    (a, b), (c, d) = sides
    return (_upright(a), _upright(b)), (_upright(c), _upright(d))


def from_plug_in_gait(markers: Mapping[str, Points]) -> BodyPoints:
    """Body points from the 39 Plug-in-Gait markers, (T, 3) metres each, z up.

    Hip centres follow Harrington et al., Journal of Biomechanics 40 (2007); the other joint centres lie
    beneath their skin markers, toward the middle of the limb. Raises KeyError when a marker is missing.
    """
    points: BodyPoints = {}
    points["left_hip"], points["right_hip"] = _hip_centres(markers)
    pelvis = (points["left_hip"] + points["right_hip"]) / 2
    down = unit(pelvis - (markers["C7"] + markers["CLAV"]) / 2)
    feet = _both(lambda side, _: _marked_foot(markers, side[0].upper()))
    for side, letter, sign, (along, top) in zip(("left", "right"), "LR", (1, -1), feet, strict=True):
        shoulder = markers[f"{letter}SHO"] + 0.05 * down
        wrist = (markers[f"{letter}WRA"] + markers[f"{letter}WRB"]) / 2
        elbow = _beneath(markers[f"{letter}ELB"], markers[f"{letter}UPA"], shoulder, 0.045)
        knee = _beneath(markers[f"{letter}KNE"], markers[f"{letter}THI"], points[f"{side}_hip"], 0.05)
        ankle = markers[f"{letter}ANK"] - 0.04 * sign * unit(np.cross(top, along))
        limb = {"shoulder": shoulder, "elbow": elbow, "wrist": wrist, "knee": knee, "ankle": ankle}
        points |= {f"{side}_{name}": point for name, point in limb.items()}
    left, up = _head_axes(markers)
    points["skull"] = sum(markers[name] for name in _HEADBAND) / len(_HEADBAND) - 0.035 * up
    hands = _both(lambda side, _: _marked_hand(markers, side[0].upper(), points[f"{side}_wrist"]))
    points = _trunk(_with_extremities(points, _Turned((left, up), hands, feet)))
    points["spine"] = (points["pelvis"] + points["thorax"]) / 2
    return points


def _head_axes(markers: Mapping[str, Points]) -> tuple[Points, Points]:
    """Left and up, by the markers of the headband."""
    front = (markers["LFHD"] + markers["RFHD"]) / 2
    back = (markers["LBHD"] + markers["RBHD"]) / 2
    left = markers["LFHD"] - markers["RFHD"]
    return left, unit(np.cross(front - back, left))


def _marked_hand(markers: Mapping[str, Points], letter: str, wrist: Points) -> tuple[Points, Points]:
    return markers[f"{letter}FIN"] - wrist, markers[f"{letter}WRA"] - markers[f"{letter}WRB"]


def _marked_foot(markers: Mapping[str, Points], letter: str) -> tuple[Points, Points]:
    """Heel and toe markers sit at one height above the sole, which is level while the foot stands.

    Where that of the ankle's outer side sits is learnt from then. (It is only 2 cm higher than the heel's.)
    """
    heel, toe = markers[f"{letter}HEE"], markers[f"{letter}TOE"]
    forward = toe - heel
    outer = unit(_across(markers[f"{letter}ANK"] - heel, forward))
    level = unit(_across(np.broadcast_to([0.0, 0.0, 1.0], forward.shape), forward))
    third = np.cross(unit(forward), outer)
    stands = np.all([_height(marker) < _STANDING for marker in (heel, toe)], axis=0)
    angle = np.arctan2((level * third).sum(-1), (level * outer).sum(-1))
    roll = np.nanmedian(angle[stands] if stands.any() else angle)
    return forward, np.cos(roll) * outer + np.sin(roll) * third


def _height(marker: Points) -> NDArray[np.float64]:
    """(T,) metres above where it is while it is down."""
    height: NDArray[np.float64] = marker[:, 2] - np.nanpercentile(marker[:, 2], 5)
    return height


def _hip_centres(markers: Mapping[str, Points]) -> tuple[Points, Points]:
    """Left and right hip joint centre from the four pelvic markers (Harrington et al. 2007)."""
    front = (markers["LASI"] + markers["RASI"]) / 2
    back = (markers["LPSI"] + markers["RPSI"]) / 2
    width = np.linalg.norm(markers["LASI"] - markers["RASI"], axis=-1, keepdims=True)
    depth = np.linalg.norm(front - back, axis=-1, keepdims=True)
    left = unit(markers["LASI"] - markers["RASI"])
    up = unit(np.cross(front - back, left))
    forward = np.cross(left, up)
    middle = front - (0.24 * depth + 0.0099) * forward - (0.30 * width + 0.0109) * up
    sideways = (0.33 * width + 0.0073) * left
    return middle + sideways, middle - sideways


def _beneath(marker: Points, segment_marker: Points, upper_joint: Points, depth: float) -> Points:
    """The joint centre `depth` metres beneath a lateral skin marker.

    The marker in the middle of the segment above sits on its outer side and so tells where outside is.
    """
    along = unit(marker - upper_joint)
    return marker - depth * unit(_across(segment_marker - upper_joint, along))


def _across(vectors: Points, along: Points) -> Points:
    """What of the vectors is at right angles to others, of any length."""
    along = unit(along)
    across: Points = vectors - (vectors * along).sum(-1, keepdims=True) * along
    return across
