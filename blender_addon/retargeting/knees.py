"""Knees that do not snap straight before a foot lands or after it has left the floor.

Near its full length a leg needs little to stretch much: a foot that is moved by some millimetres to land in
its place may straighten a bent knee within a frame, and bend it again in the next one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..kinematics.rotations import Vectors
from .foot_path import edges
from .legs import Leg


def unhurried(
    time: NDArray[np.float64], leg: Leg, way: Vectors, contacts: Sequence[tuple[int, int]]
) -> Vectors:
    """(T, 3) the ways from the hip to the ankle, shorter in swings where the knee would be too straight.

    There it is bent at least as in the motion, but for what it is off at the ends of the swing, which eases
    off as the foot's own path does; in contacts the foot stays where it stands.
    """
    distance = np.linalg.norm(way, axis=1)
    own, bend = _bend(leg, np.linalg.norm(leg.thigh + leg.shin, axis=1)), _bend(leg, distance)
    least, swings = own.copy(), np.zeros(len(time), bool)
    for edge in edges(contacts, len(time)):
        easing = edge.easing(time)
        least[easing.frames] += easing.of(own[:, None], bend[:, None])[:, 0]
        swings[edge.swing] = True
    too_straight = swings & (bend < least)
    shorter = _distance(leg, np.minimum(least, np.pi)) / np.maximum(distance, 1e-9)
    shortened: Vectors = way * np.where(too_straight, shorter, 1.0)[:, None]
    return shortened


def _bend(leg: Leg, distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) radians that the knee is bent where the ankle is so far from the hip: the law of cosines."""
    first, second = np.linalg.norm(leg.thigh, axis=1), np.linalg.norm(leg.shin, axis=1)
    cosine = (distance**2 - first**2 - second**2) / (2 * first * second)
    bend: NDArray[np.float64] = np.arccos(np.clip(cosine, -1, 1))
    return bend


def _distance(leg: Leg, bend: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) how far the ankle is from the hip where the knee is bent so many radians."""
    first, second = np.linalg.norm(leg.thigh, axis=1), np.linalg.norm(leg.shin, axis=1)
    distance: NDArray[np.float64] = np.sqrt(first**2 + second**2 + 2 * first * second * np.cos(bend))
    return distance
