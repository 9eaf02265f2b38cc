"""How often every recorded frame is drawn.

Most of what is recorded is alike: the frames at hand are spread over 400 kinds of poses as unevenly as if
there were 29 (the inverse of the sum of squared shares). Who films themselves does other things, so rare
poses count more than their share.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lifting_core.skeleton import LIMB_JOINTS
from training.datasets.mocap import POINTS, Clip
from training.tasks.variation import pelvis_axes

_KINDS = 400
_EVENNESS = 0.3
"""0 draws kinds of poses as often as they were recorded, 1 all equally often."""
_LIMBS = [POINTS.index(name) for name in LIMB_JOINTS]


def chances(clips: list[Clip], bodies: Tensor) -> Tensor:
    """(N,) chance of every frame of the clips, whose poses are `bodies` (N, P, 3).

    Subjects count by the square root of their frames, so none dominates; then kinds of poses are drawn more
    evenly.
    """
    frames: dict[str, int] = {}
    for clip in clips:
        frames[clip.subject] = frames.get(clip.subject, 0) + len(clip.points)
    weights = torch.cat(
        [torch.full((len(clip.points),), frames[clip.subject] ** -0.5).double() for clip in clips]
    )
    kinds = kinds_of_poses(bodies, _KINDS)
    shares = torch.zeros(_KINDS).double().index_add(0, kinds, weights / weights.sum())
    weights = weights * shares[kinds] ** -_EVENNESS
    return weights / weights.sum()


def kinds_of_poses(bodies: Tensor, count: int) -> Tensor:
    """(N,) the number of each body's kind, from 0 to `count` - 1.

    Kinds are those nearest to one of `count` poses that are far from each other: each the farthest from all
    before it (Gonzalez, Theoretical Computer Science 38, 1985).
    """
    poses = ((bodies[:, _LIMBS] - bodies[:, :1]) @ pelvis_axes(bodies)).flatten(1)
    kinds = torch.zeros(len(poses), dtype=torch.long)
    nearest = (poses - poses[0]).square().sum(1)
    for kind in range(1, count):
        apart = (poses - poses[nearest.argmax()]).square().sum(1)
        kinds[apart < nearest] = kind
        nearest = torch.minimum(nearest, apart)
    return kinds
