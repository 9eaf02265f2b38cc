"""How head, hands and feet are turned: of these bones several joints are known, so all of their orientation.

The turn is the one that brings directions within the bone at rest nearest to those observed (Wahba's problem,
SIAM Review 7, 1965; solved by the singular value decomposition, Markley, J. Astronaut. Sci. 36, 1988).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.motion.directions import Vectors, unit
from lifting_core.motion.kinematics import RestPose
from lifting_core.skeleton import BONE_NAMES, JOINTS

_LEAST_PRIOR = 1e-4
"""How much the rest pose counts beside a direction that is surely seen."""


@dataclass(frozen=True)
class _End:
    """What tells the orientation of a bone: directions from joint to joint, and how much each counts."""

    directions: tuple[tuple[str, str, float], ...]
    most_roll: float = math.pi
    """Radians by which the bone rolls about its own axis at most."""


def _sided(side: str) -> dict[str, _End]:
    wrist, hand, index, heel, toe, ankle = (
        f"{side}_{joint}" for joint in ("wrist", "hand", "index", "heel", "toe", "ankle")
    )
    return {
        hand: _End(((wrist, hand, 1.0), (hand, index, 0.3))),
        # Pitch and heading come from the sole. The ankle is near it: it tells the roll, but not exactly.
        f"{side}_foot": _End(((heel, toe, 1.0), (heel, ankle, 0.1)), math.radians(35)),
    }


# The crown has no keypoint of its own: nose and ears tell more.
_ENDS = {
    "head": _End((("right_ear", "left_ear", 1.0), ("skull", "neck", 1.0), ("skull", "head", 0.3))),
    **_sided("left"),
    **_sided("right"),
}
ENDS: tuple[str, ...] = tuple(_ENDS)
"""The bones whose orientation is known in full."""


def end_turn(
    name: str, rest: RestPose, joints: NDArray[Any], followed: NDArray[Any], carried: Rotation
) -> Rotation:
    """The turn (T) of one of `ENDS` from where its parent carries it, which is also where it stays unseen.

    Arguments: joints (T, 28, 3) in world axes; followed (T, 28), from 0 where a joint is a guess to 1;
    carried (T), the bone's orientation without a turn of its own.
    """
    end, bone = _ENDS[name], BONE_NAMES.index(name)
    fit = np.zeros((len(joints), 3, 3))
    prior = np.full(len(joints), _LEAST_PRIOR)
    for start, stop, weight in end.directions:
        pair = [JOINTS.index(start), JOINTS.index(stop)]
        at_rest = rest.rotations[bone].inv().apply(unit(rest.joints[pair[1]] - rest.joints[pair[0]]))
        seen = carried.inv().apply(unit(joints[:, pair[1]] - joints[:, pair[0]]))
        trust = weight * followed[:, pair].min(axis=1)
        fit += trust[:, None, None] * seen[:, :, None] * at_rest
        prior += weight - trust
    u, _, v = np.linalg.svd(fit + prior[:, None, None] * np.eye(3))
    u[:, :, 2] *= np.linalg.det(u @ v)[:, None]
    return _limited(Rotation.from_matrix(u @ v), end.most_roll)


def leg_twist(
    side: str, rest: RestPose, joints: NDArray[Any], followed: NDArray[Any], thigh: Rotation
) -> Vectors:
    """(T,) the angle about the thigh's own y axis that turns a straight leg to where its foot points.

    0 where the foot is not seen, or points along the leg. Arguments as for `end_turn`; `thigh` (T), the
    bone's orientation without a twist.
    """
    pair = [JOINTS.index(f"{side}_heel"), JOINTS.index(f"{side}_toe")]
    sole = thigh.inv().apply(unit(joints[:, pair[1]] - joints[:, pair[0]]))
    at_rest = (
        rest.rotations[BONE_NAMES.index(f"{side}_thigh")]
        .inv()
        .apply(rest.joints[pair[1]] - rest.joints[pair[0]])
    )
    # Angles from -z, which is forward in the legs.
    heading = np.arctan2(-sole[:, 0], -sole[:, 2]) - math.atan2(-at_rest[0], -at_rest[2])
    told = followed[:, pair].min(axis=1) * (1 - sole[:, 1] ** 2)
    twist: Vectors = np.arctan2(told * np.sin(heading), told * np.cos(heading) + 1 - told)
    return twist


def _limited(turn: Rotation, most_roll: float) -> Rotation:
    """The turn with its twist about the y axis kept within limits."""
    _, y, _, w = turn.as_quat().T
    roll = 2 * np.arctan2(y, w)
    roll = (roll + math.pi) % (2 * math.pi) - math.pi
    excess = roll - np.clip(roll, -most_roll, most_roll)
    return turn * Rotation.from_rotvec(-excess[:, None] * [0, 1, 0])
