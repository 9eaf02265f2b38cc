"""How improbable a body and its poses are by everything that is known of a clip: what `fitting` minimises.

What is lifted wrongly of a limb is wrong of all that hangs on it: the errors of joints add up from the pelvis
outward. So what counts of a lifted pose is each segment, which is known far better than where its end is, and
the place of its end a little.

Feet on the floor do not move, and all stand at one height. This tells depth, of which one camera tells
little.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.lifting.trust import error_of
from lifting_core.motion.contacts import SOLES
from lifting_core.motion.evidence import Evidence, Footing
from lifting_core.motion.gaps import LEAST_INTERVAL, LONGEST_GAP
from lifting_core.motion.preconditioning import Preconditioner
from lifting_core.motion.proportions import AVERAGE, SEGMENTS, rest_pose
from lifting_core.skeleton import JOINTS, unsided

# Standard deviations, for people of ordinary size.
_OFF_KEYPOINT = 0.02
"""Metres: of a joint from the ray to a surely seen keypoint."""
_LIFTED = {
    "hip": (0.38, 0.43), "pelvis": (0.32, 0.66), "spine": (0.21, 0.40), "neck": (0.18, 0.29),
    "head": (0.15, 0.23), "nose": (0.21, 0.23), "ear": (0.12, 0.13), "clavicle": (0.21, 0.28),
    "upper_arm": (0.25, 0.41), "forearm": (0.22, 0.33), "hand": (0.14, 0.18), "index": (0.17, 0.20),
    "thigh": (0.33, 0.61), "shin": (0.21, 0.42), "foot": (0.16, 0.19), "heel": (0.07, 0.08),
}  # fmt: skip
"""Of segments as they were lifted, across the view and along it, as shares of the stated error of the joint
at their end: robust ones of rendered people (`benchmarks/segments.py`)."""
_PLACE = 0.6, 0.9
"""The same of a joint's place from the pelvis; more than measured, as the segments tell most of it."""
_DOUBT = 1.2
"""By how much both are taken to be larger, for the sake of what is nowhere near."""
_LEAST_DOUBT = 0.02
"""Metres."""
_LENGTH = 0.01
"""Metres: of a bone from its constant length, which is that of rigid parts; of flexible ones twice that."""
_PROPORTION = 0.3
"""Of the logarithm of a length from that of an average adult."""
_MOST_UNUSUAL = 0.5
"""Where the path makes a poor start, steps toward the least cost may go astray, but no body is beyond."""
_SCALE = 0.05
"""Of the logarithm of the size in which the person was lifted."""
_ACCELERATION = 10.0
"""Metres per second squared, of every joint."""

_UNEVEN = 0.006
"""Metres: of a foot on the floor from the height at which feet stand."""
_SKATING = 0.05
"""Metres per second, of a foot on the floor."""
_HEEL_OFF = 0.03
"""Metres: an end of a foot that is so far above the other, at most, is as likely on the floor as not."""
_ROBUST = 0.4
"""Errors that are larger, in standard deviations, count in proportion to their size, not to its square."""
_ERRORS = 0.03, 3.0
"""Metres: what the errors of joints are held to."""
_LENGTHS_COUNT = 0.2
"""What a frame adds to the weight of usual proportions."""
_HALF_SIZE = 0.4
"""Metres: how far joints are from the middle of a body, about."""
_LEAST_KEPT = 1.0
"""1 / metre^2, where nothing tells how far away the body is."""
_NEAREST = 0.1
"""Metres from the camera: no joint counts as nearer."""

# Pairs of joints whose distance stays the same though no single bone leads from one to the other.
_BRACED = (
    *(("left_hip", "right_hip"), ("left_hip", "spine"), ("right_hip", "spine")),
    *(("left_shoulder", "right_shoulder"), ("left_ear", "right_ear"), ("neck", "head")),
    *((f"{side}_ear", joint) for side in ("left", "right") for joint in ("neck", "head")),
    *((f"{side}_heel", f"{side}_toe") for side in ("left", "right")),
    *((f"{side}_hand", f"{side}_index") for side in ("left", "right")),
)
_FLEXIBLE = ("spine", "neck", "clavicle", "shoulder-shoulder", "hip-spine")

_PAIRS = (
    *SEGMENTS,
    *(("-".join(map(unsided, pair)), JOINTS.index(pair[0]), JOINTS.index(pair[1])) for pair in _BRACED),
)
LENGTHS = sorted({name for name, _, _ in _PAIRS})
"""The names of the lengths L of a body."""
_LENGTH_OF_PAIR = [LENGTHS.index(name) for name, _, _ in _PAIRS]
_INNER = [start for _, start, _ in SEGMENTS] + [0] * len(SEGMENTS)
_OUTER = 2 * [end for _, _, end in SEGMENTS]
_ACROSS, _ALONG = (
    _DOUBT * torch.tensor([_LIFTED[name] for name, _, _ in SEGMENTS] + [_PLACE] * len(SEGMENTS)).T
)
_STARTS, _ENDS = [start for _, start, _ in _PAIRS], [end for _, _, end in _PAIRS]
_TOLERANCES = torch.tensor([_LENGTH * (2 if name in _FLEXIBLE else 1) for name, _, _ in _PAIRS])


def _usual_distances() -> Tensor:
    """`USUAL`, by the rest pose."""
    rest = rest_pose(AVERAGE).joints
    distances = np.log(np.linalg.norm(rest[_STARTS] - rest[_ENDS], axis=1))
    of_name = dict(zip(_LENGTH_OF_PAIR, distances.tolist(), strict=True))
    return torch.tensor([of_name[number] for number in range(len(LENGTHS))])


USUAL = _usual_distances()
"""(L,) logarithms of metres, on an average adult."""


def _ties(starts: list[int], ends: list[int], weights: Tensor) -> Tensor:
    """(J, J) matrix of the sum of weighted squares of differences between joints."""
    joints = torch.eye(len(JOINTS))
    differences = joints[ends] - joints[starts]
    return differences.T * weights @ differences


_RIGID = _ties(_STARTS, _ENDS, _TOLERANCES**-2 / 3)
"""Bones keep their lengths, which is one of three directions."""


class Solution(NamedTuple):
    """A body that may be."""

    placed: Tensor
    """(T, 28, 3) joints before the camera."""
    lengths: Tensor
    """(L,) logarithms of metres."""
    scale: Tensor
    """() logarithm by which the body is larger than lifted."""

    @property
    def metres(self) -> Tensor:
        """(L,) the lengths."""
        return self.lengths.clamp(USUAL - _MOST_UNUSUAL, USUAL + _MOST_UNUSUAL).exp()


class Cost:
    """How improbable bodies are, up to a constant; all lengths are those of a person of ordinary size."""

    def __init__(
        self, evidence: Evidence, start: NDArray[Any], size: float, footing: Footing | None = None
    ) -> None:
        """Arguments as of `fitting.fit_body`."""
        self.placed = _single(start / size)
        self._lifted = _single((evidence.joints[:, _OUTER] - evidence.joints[:, _INNER]) / size)
        confidence = np.clip(evidence.confidence[:, _OUTER], 1e-3, 1)
        error = _single(np.clip(error_of(confidence), *_ERRORS))
        self._across, self._along = ((share * error).clamp(min=_LEAST_DOUBT) for share in (_ACROSS, _ALONG))
        self._rays = _single(evidence.rays)
        self._seen = _single(evidence.ray_confidence) ** 2  # what is half as likely right is off much farther
        self._metres = self.placed[:, 0, 2].clamp(min=_NEAREST)[:, None, None] / _OFF_KEYPOINT
        intervals = np.maximum(np.diff(evidence.time), LEAST_INTERVAL)
        tied = (intervals[1:] <= LONGEST_GAP) & (intervals[:-1] <= LONGEST_GAP)
        self._middle = torch.from_numpy(np.flatnonzero(tied) + 1)
        self._intervals = _single(intervals)[:, None, None]
        self._footing = None if footing is None else _Footing(footing, size, self._intervals)

    def __call__(self, solution: Solution) -> Tensor:
        placed, lengths, scale = solution
        unusual = _LENGTHS_COUNT * ((lengths - USUAL) / _PROPORTION).square().sum()
        return (
            self._off_keypoints(placed)
            + self._off_lifted(placed, scale)
            + self._off_lengths(placed, solution.metres)
            + self._jerky(placed / scale.exp())
            + (0.0 if self._footing is None else self._footing(placed / scale.exp()))
            + len(placed) * (unusual + (scale / _SCALE).square())
        )

    def preconditioner(self) -> Preconditioner:
        """For the paths of the joints, as the cost is near its minimum and in an average frame."""
        seen = self._seen.mean(0) / _OFF_KEYPOINT**2
        nearer = (_HALF_SIZE / (_OFF_KEYPOINT * self._metres.median())).square()  # looks larger
        across, along = (
            _ties(_INNER, _OUTER, doubt.median(0).values ** -2) for doubt in (self._across, self._along)
        )
        axes = [
            torch.diag(kept + _LEAST_KEPT) + ties + _RIGID
            for kept, ties in ((seen, across), (seen, across), (nearer * seen, along))
        ]
        interval = float(self._intervals.median()) if len(self._intervals) else 1.0
        acceleration = (interval**2 * _ACCELERATION) ** -2
        matrices: NDArray[np.float64] = torch.stack(axes).double().numpy()
        return Preconditioner(2 * matrices, 2 * acceleration, len(self.placed))

    def deviations(self) -> tuple[Tensor, float]:
        """(L,) of the logarithms of the lengths, and of that of the scale: by how much they may be off."""
        pairs = torch.bincount(torch.tensor(_LENGTH_OF_PAIR)) * (USUAL.exp() / _LENGTH).square()
        lengths = 2 * len(self.placed) * (pairs + _LENGTHS_COUNT / _PROPORTION**2)
        scale = 2 * len(self.placed) / _SCALE**2
        return lengths**-0.5, scale**-0.5

    def _off_keypoints(self, placed: Tensor) -> Tensor:
        seen_at = placed[..., :2] / placed[..., 2:].clamp(min=_NEAREST)
        off = self._metres * (seen_at - self._rays)
        return (self._seen * _robust(off.square().sum(-1))).sum()

    def _off_lifted(self, placed: Tensor, scale: Tensor) -> Tensor:
        off = (placed[:, _OUTER] - placed[:, _INNER]) / scale.exp() - self._lifted
        across = off[..., :2].square().sum(-1) / self._across.square()
        return (_robust(across) + _robust((off[..., 2] / self._along).square())).sum()

    def _off_lengths(self, placed: Tensor, metres: Tensor) -> Tensor:
        found = (placed[:, _STARTS] - placed[:, _ENDS]).norm(dim=-1)
        off: Tensor = found - metres[_LENGTH_OF_PAIR]
        return (off / _TOLERANCES).square().sum()

    def _jerky(self, placed: Tensor) -> Tensor:
        velocity = (placed[1:] - placed[:-1]) / self._intervals
        before, after = self._middle - 1, self._middle
        duration = (self._intervals[before] + self._intervals[after]) / 2
        acceleration = (velocity[after] - velocity[before]) / duration
        return _robust(acceleration.square().sum(-1) / _ACCELERATION**2).sum()


class _Footing:
    """How improbable it is that feet on the floor are where they are."""

    def __init__(self, footing: Footing, size: float, intervals: Tensor) -> None:
        self._up = _single(footing.up)
        self._contacts = _single(footing.contacts)[..., None]
        self._standing = _single(footing.standing / size)
        self._intervals = intervals[..., None]
        self._near = intervals <= LONGEST_GAP

    def __call__(self, placed: Tensor) -> Tensor:
        ends = placed[:, SOLES]
        height = ends @ self._up - self._standing
        lifted = height.detach() - height.detach().amin(-1, keepdim=True)
        sure = self._contacts / (1 + (lifted / _HEEL_OFF) ** 4)
        floor = (sure * height).sum() / (sure.sum() + 1e-6)
        speed = (ends[1:] - ends[:-1]) / self._intervals
        uneven = sure * _robust(((height - floor) / _UNEVEN).square())
        still = torch.minimum(sure[1:], sure[:-1]) * self._near
        skating = still * _robust((speed / _SKATING).square().sum(-1))
        return uneven.sum() + skating.sum()


def _robust(squares: Tensor) -> Tensor:
    """Charbonnier's function of squared errors: the same for small ones, linear in large ones."""
    root = (1 + squares / _ROBUST**2).sqrt()
    cost: Tensor = 2 * _ROBUST**2 * (root - 1)
    return cost


def _single(values: Any) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
