"""Where the centres of joints are on MakeHuman's bodies.

Its rigs are made to deform a mesh: their hips are a fifth further apart than those that motion laboratories
find, and their shoulders 2 cm lower. What a detector gets wrong on rendered people is transferred to recorded
ones, so the truth about both has to mean the same joints.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.directions import unit
from training.datasets.mocap import POINTS

HIPS_APART = 0.103
"""Share of the stature, as all lengths here: 0.72 of the width between the front spines of the pelvis (Bell
et al., Human Movement Science 8, 1989)."""
SHOULDERS_ABOVE_HIPS = 0.288
"""Middle to middle: between de Leva's (Journal of Biomechanics 29, 1996) and the captures' own."""

_RIG_HIPS_APART = 0.126
_RIG_SHOULDERS_ABOVE_HIPS = 0.2735
"""Of the average body (`training.measure_bodies`)."""


def centred(points: NDArray[np.float64], stature: float) -> NDArray[np.float64]:
    """(..., P, 3) points of a body in metres, its rig's joints moved to where the joint centres are."""
    moved = points.copy()
    pelvis, spine, thorax = (points[..., POINTS.index(name), :] for name in ("pelvis", "spine", "thorax"))
    raised = SHOULDERS_ABOVE_HIPS - _RIG_SHOULDERS_ABOVE_HIPS
    for name in ("thorax", "left_shoulder", "right_shoulder"):
        moved[..., POINTS.index(name), :] += raised * stature * unit(thorax - spine)
    for name in ("left_hip", "right_hip"):
        hip = POINTS.index(name)
        moved[..., hip, :] = pelvis + HIPS_APART / _RIG_HIPS_APART * (points[..., hip, :] - pelvis)
    return moved
