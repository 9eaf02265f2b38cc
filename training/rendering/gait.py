"""Feet that walk: footsteps are planned on the floor, and a foot on the floor rolls but does not slide."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation

from training.rendering.pose import Vector, heading_turn

Side = Literal["left", "right"]

STEP_LENGTH = 0.60
"""Metres from a footprint to the next one, of the other foot, at a plain walk."""
STEP_TIME = 0.53
_SWING_TIME = 0.40
_DOUBLE_SUPPORT = STEP_TIME - _SWING_TIME
_HALF_TRACK = 0.085  # metres sideways from the path to a footprint
_SWAY = 0.02  # metres that the pelvis moves over the foot that carries it
_ROLL_ON = 0.10  # seconds from the heel's landing to the sole's
_ROLL_OFF = 0.24  # seconds from the heel's lifting to the toes'
_LANDING_PITCH = math.radians(16)  # toes up is positive
_TOE_OFF_PITCH = math.radians(-38)
_SWING_LIFT = 0.035  # metres


@dataclass(frozen=True, eq=False)
class Footstep:
    """One footprint."""

    side: Side
    time: float
    """Seconds; when the heel lands."""
    place: Vector
    """(2,) below the ankle while the sole is flat."""
    heading: float
    length: float
    """Metres walked with this step."""


@dataclass(frozen=True, eq=False)
class FootShape:
    """Points of the resting foot, (3,) from the place below the ankle; the figure faces -Y."""

    ankle: Vector
    heel: Vector
    ball: Vector


@dataclass(frozen=True, eq=False)
class FootPose:
    """Where a foot is at one time."""

    ankle: Vector
    heading: float
    pitch: float


def plan_footsteps(
    start: Vector, headings: Sequence[float], lengths: Sequence[float], time: float, first: Side
) -> list[Footstep]:
    """Footsteps along a path from `start` (2,), the first one landing at `time`, feet in turn."""
    footsteps = []
    path = np.asarray(start, float)
    side = first
    for heading, length in zip(headings, lengths, strict=True):
        turn = heading_turn(heading)
        path = path + turn.apply([0, -length, 0])[:2]
        offset = _HALF_TRACK if side == "left" else -_HALF_TRACK
        footsteps.append(Footstep(side, time, path + turn.apply([offset, 0, 0])[:2], heading, length))
        side = "right" if side == "left" else "left"
        time += STEP_TIME
    return footsteps


def foot_at(time: float, footsteps: Sequence[Footstep], shape: FootShape) -> FootPose:
    """One foot's pose; `footsteps` are that foot's, in order, the first one before `time`."""
    current = max((step for step in footsteps if step.time <= time), key=lambda step: step.time)
    following = next((step for step in footsteps if step.time > time), None)
    landed = time - current.time
    if following is None or time < following.time - _SWING_TIME:
        pitch = _landing_pitch(current) * max(1 - landed / _ROLL_ON, 0)
        if following is not None:
            pitch += _toe_off_pitch(following) * ease((time - following.time + _SWING_TIME) / _ROLL_OFF + 1)
        return _on_floor(current, pitch, shape)
    phase = 1 - (following.time - time) / _SWING_TIME
    lift_off = _on_floor(current, _toe_off_pitch(following), shape)
    landing = _on_floor(following, _landing_pitch(following), shape)
    eased = ease(phase)
    ankle = lift_off.ankle + (landing.ankle - lift_off.ankle) * eased
    ankle[2] += _SWING_LIFT * math.sin(math.pi * phase)
    heading = lift_off.heading + (landing.heading - lift_off.heading) * eased
    return FootPose(ankle, heading, lift_off.pitch + (landing.pitch - lift_off.pitch) * phase)


def _on_floor(step: Footstep, pitch: float, shape: FootShape) -> FootPose:
    """The foot rolls over its heel with the toes up, over its ball with the heel up."""
    pivot = shape.heel if pitch > 0 else shape.ball
    rolled = pivot + pitch_turn(pitch).apply(shape.ankle - pivot)
    ankle = heading_turn(step.heading).apply(rolled) + np.array([*step.place, 0.0])
    return FootPose(ankle, step.heading, pitch)


def pitch_turn(pitch: float) -> Rotation:
    """Rotation of a foot that faces -Y; toes up is positive."""
    return Rotation.from_rotvec([-pitch, 0, 0])


def _landing_pitch(step: Footstep) -> float:
    return _LANDING_PITCH * min(step.length / STEP_LENGTH, 1)


def _toe_off_pitch(following: Footstep) -> float:
    return _TOE_OFF_PITCH * min(following.length / STEP_LENGTH + 0.25, 1)


def ease(phase: float) -> float:
    """From 0 to 1, starting and ending at rest."""
    phase = min(max(phase, 0.0), 1.0)
    return phase * phase * (3 - 2 * phase)


class PelvisPath:
    """The way of the pelvis over the footprints: between both feet, swaying over the one that carries it."""

    def __init__(self, footsteps: Sequence[Footstep]) -> None:
        """`footsteps` of both feet in order, at least two."""
        times: list[float] = []
        places: list[Vector] = []
        for before, step in itertools.pairwise(footsteps):
            middle = (before.place + step.place) / 2
            if places:
                over_foot = before.place - (places[-1] + middle) / 2
                sway = over_foot / np.linalg.norm(over_foot) * _SWAY
                times.append(step.time - _SWING_TIME / 2)
                places.append((places[-1] + middle) / 2 + sway)
            times.append(step.time + _DOUBLE_SUPPORT / 2)
            places.append(middle)
        self._place = PchipInterpolator(times, places, extrapolate=False)
        landings = [step.time + _DOUBLE_SUPPORT / 2 for step in footsteps]
        self._heading = PchipInterpolator(landings, [step.heading for step in footsteps], extrapolate=False)
        self._start, self._end = times[0], times[-1]

    def place(self, time: float) -> Vector:
        """(2,) above which point of the floor the pelvis is."""
        place: Vector = self._place(np.clip(time, self._start, self._end))
        return place

    def heading(self, time: float) -> float:
        """Where the pelvis faces, in radians."""
        return float(self._heading(np.clip(time, self._start, self._end)))
