"""Lifted joints brought to agree with the picture and with constant bone lengths.

Keypoints tell exactly where joints are across the view, the lifter less exactly, and it alone tells how they
lie along the view. So joints are moved across the view toward their keypoints, and what a bone is then too
long or too short is made up for along the view.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.proportions import length_to
from lifting_core.skeleton import JOINT_PARENTS, JOINTS, JOINTS_OUTWARD

Vectors = NDArray[np.float64]

_GAIN = 0.9
"""How much of the way to its keypoint a surely seen joint is moved."""
_DEPTH_WEIGHT = 0.35
"""How much a square of distance along the view counts beside one across it."""
_LARGEST_STEP = 0.3
_FOLLOWED = {
    "spine": ("pelvis", "thorax"),
    "skull": ("neck",),
    "neck": ("skull",),
    "head": ("neck", "skull"),
    **{f"{side}_ear": ("skull",) for side in ("left", "right")},
    **{f"{side}_{part}": (f"{side}_ankle",) for side in ("left", "right") for part in ("heel", "toe")},
    **{f"{side}_{part}": (f"{side}_wrist",) for side in ("left", "right") for part in ("hand", "index")},
}
"""Joints that move along with others as far as they have no keypoint of their own that was seen."""


def agree_with_picture(
    joints: NDArray[Any],
    root: NDArray[Any],
    rays: NDArray[Any],
    confidence: NDArray[Any],
    lengths: dict[str, float],
) -> Vectors:
    """Joints (T, 28, 3) relative to the pelvis, in camera axes, that suit the keypoints and the bone lengths.

    Arguments: joints (T, 28, 3) metres as lifted; root (T, 3); rays (T, 28, 2) toward the keypoints, and
    their confidence (T, 28); lengths as of `proportions.bone_lengths`.
    """
    moved = _toward_rays(joints, root, rays, _GAIN * confidence)
    views = moved + root[:, None]
    views /= np.linalg.norm(views, axis=2, keepdims=True)
    fitted = np.zeros_like(moved)
    for joint in JOINTS_OUTWARD[1:]:
        start = fitted[:, JOINT_PARENTS[joint]]
        fitted[:, joint] = start + _reached(
            moved[:, joint] - start, views[:, joint], length_to(joint, lengths)
        )
    return fitted


def _toward_rays(
    joints: NDArray[Any], root: NDArray[Any], rays: NDArray[Any], share: NDArray[Any]
) -> Vectors:
    """Joints relative to the pelvis, moved across the view by a share (T, 28) of the way to their rays."""
    placed = joints + root[:, None]
    shift = share[..., None] * (placed[..., 2:] * rays - placed[..., :2])
    for name, others in _FOLLOWED.items():
        joint = JOINTS.index(name)
        along = shift[:, [JOINTS.index(other) for other in others]].mean(axis=1)
        shift[:, joint] += (1 - share[:, joint, None]) * along
    moved = np.array(joints, np.float64)
    moved[..., :2] += shift - shift[:, :1]
    return moved


def _reached(reach: Vectors, view: Vectors, length: float) -> Vectors:
    """(T, 3) where a bone of this length ends when it reaches as near as it can to `reach` (T, 3).

    Distances along the view (T, 3) count less than those across it. In the plane of view and reach, this is
    the point of a circle that is nearest to another point, found by the Gauss-Newton method in the angle.
    """
    along = (reach * view).sum(axis=1)
    across = reach - along[:, None] * view
    beside = np.linalg.norm(across, axis=1)
    angle = np.arctan2(beside, along)
    for _ in range(6):
        cosine, sine = np.cos(angle), np.sin(angle)
        slope = cosine * (length * sine - beside) - _DEPTH_WEIGHT * sine * (length * cosine - along)
        step = slope / (length * (cosine**2 + _DEPTH_WEIGHT * sine**2))
        angle = np.clip(angle - np.clip(step, -_LARGEST_STEP, _LARGEST_STEP), 0, math.pi)
    sideways = across / (beside[:, None] + 1e-12)
    reached: Vectors = length * (np.cos(angle)[:, None] * view + np.sin(angle)[:, None] * sideways)
    return reached
