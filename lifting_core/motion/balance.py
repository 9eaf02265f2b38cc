"""Which way is up by the balance of somebody who is on their feet: the weight is over them.

At rest the centre of mass is above the feet that stand. In motion it sways, but who does not fall brings it
back, so the mean over some time still is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.contacts import SOLES, joints_of_feet
from lifting_core.motion.directions import Vectors
from lifting_core.motion.ground import standing_feet, world_axes
from lifting_core.motion.proportions import AVERAGE, body_size, rest_pose
from lifting_core.motion.smoothing import durations
from lifting_core.skeleton import JOINTS

# Segments, their shares of the mass, and how far along them its middle is (de Leva, Journal of Biomechanics
# 29, 1996; means of women and men). The trunk is one piece.
_SEGMENTS: tuple[tuple[str, str, float, float], ...] = (
    ("thorax", "pelvis", 0.430, 0.47), ("skull", "skull", 0.068, 0.0), ("hand", "hand", 0.0058, 0.0),
    ("shoulder", "elbow", 0.0263, 0.58), ("elbow", "wrist", 0.015, 0.46),
    ("hip", "knee", 0.145, 0.39), ("knee", "ankle", 0.0457, 0.44), ("heel", "toe", 0.0133, 0.42),
)  # fmt: skip

_DEVIATION, _SWAY = math.radians(2.0), math.radians(2.0)
"""Standard deviations of the direction from the vertical, in motion capture (`benchmarks/balance.py`): in the
long run, and what is added in one second on the feet."""
_LEAST_TIME = 0.1
"""Seconds on the feet that tell anything."""
_SEEN = 0.2
"""Feet of less confidence count less."""
_STRETCHED, _BENT = 0.82, 0.02
"""Of a leg's length, between hip and ankle: legs bent more may be those of somebody who sits or kneels."""
_SIDES = [
    [JOINTS.index(f"{side}_{joint}") for side in ("left", "right")] for joint in ("hip", "knee", "ankle")
]


@dataclass(frozen=True, eq=False)
class Balance:
    """How somebody stands."""

    direction: NDArray[np.float64]
    """(T, 3) from the feet to the centre of mass, metres."""
    seconds: NDArray[np.float64]
    """(T,) how long each frame is on the feet; the sum is above 0."""

    @property
    def mean(self) -> Vectors:
        """(3,) the direction over all the time on the feet."""
        mean: Vectors = np.average(self.direction, axis=0, weights=self.seconds)
        return mean

    @property
    def deviation(self) -> float:
        """Radians, by which the mean differs from the vertical: standard deviation in either direction."""
        return math.sqrt(_DEVIATION**2 + _SWAY**2 / self.seconds.sum())


def balance(
    time: NDArray[Any], joints: NDArray[Any], confidence: NDArray[Any], up: Vectors
) -> Balance | None:
    """How the body stands on its feet; None where it hardly ever does.

    Arguments: time (T,) seconds; joints (T, 28, 3) metres, absolute; confidence (T, 28); up (3,) roughly
    against gravity, to tell which feet stand.
    """
    feet = joints_of_feet(confidence)
    axes = world_axes(up, time, joints - joints[:, :1])
    rest = body_size(joints, confidence) * rest_pose(AVERAGE).joints
    stands = standing_feet(time, joints @ axes, confidence, rest)
    stands = stands * np.minimum(confidence[:, feet].min(axis=2) / _SEEN, 1)
    either = stands.sum(axis=1) + 1e-9
    below = (joints[:, SOLES].mean(axis=2) * stands[..., None]).sum(axis=1) / either[:, None]
    stretched = (stands * _stretched(joints)).sum(axis=1) / either
    seconds = stands.max(axis=1) * stretched * durations(np.diff(time))
    if seconds.sum() < _LEAST_TIME:
        return None
    return Balance(centre_of_mass(joints) - below, seconds)


def centre_of_mass(joints: NDArray[Any]) -> NDArray[np.float64]:
    """(T, 3) of bodies (T, 28, 3)."""
    centre: NDArray[np.float64] = np.einsum("j,tjx->tx", _SHARES, joints)
    return centre


def _shares() -> NDArray[np.float64]:
    """(28,) of the mass, by joints: every segment's is divided between its ends."""
    shares = np.zeros(len(JOINTS))
    for start, end, share, along in _SEGMENTS:
        for side in ("",) if start in JOINTS else ("left_", "right_"):
            shares[JOINTS.index(side + start)] += share * (1 - along)
            shares[JOINTS.index(side + end)] += share * along
    shares /= shares.sum()
    return shares


_SHARES = _shares()


def _stretched(joints: NDArray[Any]) -> NDArray[np.float64]:
    """(T, 2) from 1 for stretched legs to 0 for those bent by a right angle."""
    hip, knee, ankle = (joints[:, side] for side in _SIDES)
    length = np.linalg.norm(hip - knee, axis=2) + np.linalg.norm(knee - ankle, axis=2)
    reach = np.linalg.norm(hip - ankle, axis=2) / (length + 1e-9)
    stretched: NDArray[np.float64] = 1 / (1 + np.exp((_STRETCHED - reach) / _BENT))
    return stretched
