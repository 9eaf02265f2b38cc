"""A pose of the figure, and the geometry that turns positions of joints into one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Vector = NDArray[np.float64]
Joints = Mapping[str, Vector]
"""Positions (3,) in metres by the joint's name."""


@dataclass(frozen=True, eq=False)
class Pose:
    """How the figure stands in one frame; world axes, z up, metres."""

    pelvis: Vector
    """(3,) middle of the hips."""
    turns: Mapping[str, Rotation]
    """By body segment: the rotation, in world axes, from the rest pose (facing -Y) to this pose. Segments
    are the bones of `lifting_core.skeleton` and each side's hand, foot and toes."""


def heading_turn(heading: float) -> Rotation:
    """Rotation of somebody who faces -Y at heading 0; headings grow counter-clockwise seen from above."""
    return Rotation.from_rotvec([0, 0, heading])


def turn_between(before: Vector, after: Vector, axis_before: Vector, axis_after: Vector) -> Rotation:
    """The rotation that takes one direction exactly, and an axis beside it as nearly as it can.

    All (3,), of any length; a direction and its axis must not be parallel.
    """
    return Rotation.from_matrix(_frame(after, axis_after) @ _frame(before, axis_before).T)


def _frame(direction: Vector, axis: Vector) -> NDArray[np.float64]:
    y = direction / np.linalg.norm(direction)
    x = axis - y * (axis @ y)
    x /= np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)], axis=1)


def knee_position(hip: Vector, ankle: Vector, thigh: float, shin: float, forward: Vector) -> Vector:
    """(3,) where the knee is: the triangle of hip, knee and ankle, bent towards `forward`.

    `thigh` and `shin` are lengths in metres. An ankle out of reach is reached for with a straight leg.
    """
    reach = ankle - hip
    distance = min(float(np.linalg.norm(reach)), thigh + shin)
    reach = reach / np.linalg.norm(reach)
    along = (thigh**2 - shin**2 + distance**2) / (2 * distance)
    bend = forward - reach * (forward @ reach)
    knee: Vector = (
        hip + reach * along + bend / np.linalg.norm(bend) * math.sqrt(max(thigh**2 - along**2, 0.0))
    )
    return knee
