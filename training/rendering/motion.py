"""What the figure does: for now, a walk across the picture that ends with a wave at the camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from training.rendering.gait import (
    STEP_LENGTH,
    FootPose,
    FootShape,
    PelvisPath,
    Side,
    ease,
    foot_at,
    pitch_turn,
    plan_footsteps,
)
from training.rendering.pose import Joints, Pose, Vector, heading_turn, knee_position, turn_between

_SIDES: tuple[Side, Side] = ("left", "right")
_FORWARD = np.array([0.0, -1.0, 0.0])
_LEFTWARD = np.array([1.0, 0.0, 0.0])

_LEG_REACH = 0.985  # of thigh and shin in line: a leg that walks is never quite straight
_HEIGHT_SMOOTHING = 0.04  # seconds
_WAVE_START, _WAVE_RISE, _WAVE_RATE = 2.55, 0.65, 1.5  # seconds, seconds, waves a second


def walk_and_wave(rest: Joints, times: Sequence[float]) -> list[Pose]:
    """A figure with the joints `rest` walks to the right of the picture, turns to the camera and waves.

    It fills 5 s, from the middle of a walk to the middle of a wave; the camera looks along +Y.
    """
    headings = np.radians([84, 84, 84, 84, 84, 75, 30, -8])
    lengths = np.array([1, 1, 1, 1, 1, 0.85, 0.5, 0]) * STEP_LENGTH
    footsteps = plan_footsteps(np.array([-2.8, 0.25]), list(headings), list(lengths), -0.85, "left")
    feet = {side: [step for step in footsteps if step.side == side] for side in _SIDES}
    shapes = {side: _foot_shape(rest, side) for side in _SIDES}
    path = PelvisPath(footsteps)
    stances = [{side: foot_at(time, feet[side], shapes[side]) for side in _SIDES} for time in times]
    heights = _pelvis_heights(rest, path, stances, times)
    return [
        _pose(rest, path, stance, height, time)
        for stance, height, time in zip(stances, heights, times, strict=True)
    ]


def _foot_shape(rest: Joints, side: Side) -> FootShape:
    below_ankle = rest[f"{side}_ankle"] * [1, 1, 0]
    on_floor = np.array([1, 1, 0])
    heel, ball = (rest[f"{side}_{name}"] * on_floor - below_ankle for name in ("heel", "ball"))
    return FootShape(rest[f"{side}_ankle"] - below_ankle, heel, ball)


def _pelvis_heights(
    rest: Joints,
    path: PelvisPath,
    stances: Sequence[dict[Side, FootPose]],
    times: Sequence[float],
) -> Vector:
    """(T,) as high as the legs reach: the body rises over the standing leg and sinks between the steps."""
    heights = []
    for time, stance in zip(times, stances, strict=True):
        turn = heading_turn(path.heading(time))
        limits = [rest["pelvis"][2]]
        for side, foot in stance.items():
            hip = np.array([*path.place(time), 0]) + turn.apply(rest[f"{side}_hip"] - rest["pelvis"])
            reach = sum(_leg_lengths(rest, side)) * _LEG_REACH
            away = np.linalg.norm(foot.ankle[:2] - hip[:2])
            limits.append(foot.ankle[2] + math.sqrt(reach**2 - away**2) - hip[2])
        heights.append(min(limits))
    return np.asarray(gaussian_filter1d(heights, _HEIGHT_SMOOTHING / (times[1] - times[0]), mode="nearest"))


def _leg_lengths(rest: Joints, side: Side) -> tuple[float, float]:
    hip, knee, ankle = (rest[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
    return float(np.linalg.norm(knee - hip)), float(np.linalg.norm(ankle - knee))


def _pose(rest: Joints, path: PelvisPath, stance: dict[Side, FootPose], height: float, time: float) -> Pose:
    heading = path.heading(time)
    apart = stance["left"].ankle - stance["right"].ankle
    stride = float(apart @ heading_turn(heading).apply(_FORWARD)) / STEP_LENGTH
    turns = {"pelvis": heading_turn(heading - 0.09 * stride)}
    # Eyes and shoulders turn before the hips do; the shoulders twist against the hips with every step.
    chest = heading_turn(path.heading(time + 0.1) + 0.07 * stride) * Rotation.from_rotvec([0.04, 0, 0])
    chest *= Rotation.from_rotvec([0, 0.03 * _wave_rise(time) * math.sin(_wave_phase(time)), 0])
    turns["spine"] = chest
    turns["neck"] = turns["head"] = heading_turn(path.heading(time + 0.3))
    onto_left_leg = turns["pelvis"].apply([0.03 * _wave_rise(time), 0, 0])
    pelvis = np.array([*path.place(time), height]) + onto_left_leg
    for side, foot in stance.items():
        hip = pelvis + turns["pelvis"].apply(rest[f"{side}_hip"] - rest["pelvis"])
        turns |= _leg(rest, side, hip, foot, heading)
    turns |= _arm(rest, "left", chest, _ArmPose(swing=-0.40 * stride, bend=0.35 - 0.15 * stride))
    turns |= _arm(
        rest, "right", chest, _waving(time, _ArmPose(swing=0.40 * stride, bend=0.35 + 0.15 * stride))
    )
    return Pose(pelvis, turns)


def _leg(rest: Joints, side: Side, hip: Vector, foot: FootPose, heading: float) -> dict[str, Rotation]:
    """The knee points where pelvis and foot face on average."""
    facing = heading_turn((heading + foot.heading) / 2)
    lateral = facing.apply(_LEFTWARD)
    knee = knee_position(hip, foot.ankle, *_leg_lengths(rest, side), facing.apply(_FORWARD))
    rest_hip, rest_knee, rest_ankle = (rest[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
    foot_heading = heading_turn(foot.heading)
    return {
        f"{side}_thigh": turn_between(rest_knee - rest_hip, knee - hip, _LEFTWARD, lateral),
        f"{side}_shin": turn_between(rest_ankle - rest_knee, foot.ankle - knee, _LEFTWARD, lateral),
        f"{side}_foot": foot_heading * pitch_turn(foot.pitch),
        f"{side}_toes": foot_heading * pitch_turn(max(foot.pitch, 0.0)),
    }


@dataclass(frozen=True)
class _ArmPose:
    """Angles of one arm in radians; as defaults, those of an arm that hangs."""

    below: float = math.radians(80)
    """Of the upper arm under the horizontal, sideways."""
    swing: float = 0.0
    """Forward."""
    twist: float = 0.0
    """Of the upper arm about itself, outward."""
    bend: float = 0.0
    """Of the elbow."""
    wrist: float = 0.0
    """Of the hand in the plane in which the elbow bends."""
    shrug: float = 0.0


def _wave_rise(time: float) -> float:
    """From 0, the arm hangs, to 1, it waves."""
    return ease((time - _WAVE_START) / _WAVE_RISE)


def _wave_phase(time: float) -> float:
    return 2 * math.pi * _WAVE_RATE * (time - _WAVE_START)


def _waving(time: float, hanging: _ArmPose) -> _ArmPose:
    """From the hanging arm to one that waves: palm to the front, elbow a little below the shoulder."""
    rise, phase = _wave_rise(time), _wave_phase(time)
    waving = _ArmPose(
        below=math.radians(20),
        swing=0.25,
        twist=math.radians(75),
        bend=math.radians(108 + 24 * math.sin(phase)),
        wrist=math.radians(12 * math.sin(phase - 0.7)),
        shrug=math.radians(8),
    )
    return _ArmPose(*(a + (b - a) * rise for a, b in zip(astuple(hanging), astuple(waving), strict=True)))


def _arm(rest: Joints, side: Side, chest: Rotation, arm: _ArmPose) -> dict[str, Rotation]:
    sign = 1 if side == "left" else -1
    shoulder, elbow, wrist = (rest[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
    upper = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
    lower = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    hinge = np.cross(upper, lower)  # the figure rests with bent elbows
    rest_bend = math.asin(np.linalg.norm(hinge))
    hinge /= np.linalg.norm(hinge)
    lowered = arm.below - math.atan2(-upper[2], abs(upper[0]))
    upper_arm = (
        chest
        * Rotation.from_rotvec([-arm.swing, 0, 0])
        * Rotation.from_rotvec([0, sign * lowered, 0])
        * Rotation.from_rotvec(upper * -sign * arm.twist)
    )
    forearm = upper_arm * Rotation.from_rotvec(hinge * (arm.bend - rest_bend))
    return {
        f"{side}_clavicle": chest * Rotation.from_rotvec([0, -sign * arm.shrug, 0]),
        f"{side}_upper_arm": upper_arm,
        f"{side}_forearm": forearm,
        f"{side}_hand": forearm * Rotation.from_rotvec(hinge * arm.wrist),
    }
