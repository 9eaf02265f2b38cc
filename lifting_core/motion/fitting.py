"""One body, its poses and its path, such as agree best with everything that is known of a clip.

Poses lifted frame by frame know nothing of each other: their bones change in length, and what is uncertain
in depth comes out too flat. So all frames are fitted together, with bone lengths that are unknown but
constant. This is bundle adjustment (Triggs et al., Vision Algorithms 1999) for a single camera, with the
lifted pose in place of the views that are missing; its cost is a negative logarithm of probability,
minimised by L-BFGS in coordinates made for it (`preconditioning`).

What is lifted wrongly of a limb is wrong of all that hangs on it: the errors of joints add up from the pelvis
outward. So what counts of a lifted pose is each segment, which is known far better than where its end is, and
the place of its end a little.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.lifting.trust import error_of
from lifting_core.motion.evidence import Evidence
from lifting_core.motion.gaps import LEAST_INTERVAL, LONGEST_GAP
from lifting_core.motion.preconditioning import Preconditioner
from lifting_core.motion.proportions import AVERAGE, SEGMENTS, foot_height, rest_pose
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
_STEPS = 150
"""Of L-BFGS at most."""
_MOST_FRAMES = 3000
"""Fitted at once: they take some 80 MB."""
_OVERLAP = 15
"""Frames before and after a part that are fitted with it, and then again with their own."""

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
_NAMES = sorted({name for name, _, _ in _PAIRS})
_LENGTH_OF_PAIR = [_NAMES.index(name) for name, _, _ in _PAIRS]
_INNER = [start for _, start, _ in SEGMENTS] + [0] * len(SEGMENTS)
_OUTER = 2 * [end for _, _, end in SEGMENTS]
_ACROSS, _ALONG = (
    _DOUBT * torch.tensor([_LIFTED[name] for name, _, _ in SEGMENTS] + [_PLACE] * len(SEGMENTS)).T
)
_STARTS, _ENDS = [start for _, start, _ in _PAIRS], [end for _, _, end in _PAIRS]
_TOLERANCES = torch.tensor([_LENGTH * (2 if name in _FLEXIBLE else 1) for name, _, _ in _PAIRS])


def _usual_distances() -> Tensor:
    """(L,) logarithms of metres, on an average adult."""
    rest = rest_pose(AVERAGE).joints
    distances = np.log(np.linalg.norm(rest[_STARTS] - rest[_ENDS], axis=1))
    of_name = dict(zip(_LENGTH_OF_PAIR, distances.tolist(), strict=True))
    return torch.tensor([of_name[number] for number in range(len(_NAMES))])


_USUAL = _usual_distances()


def _ties(starts: list[int], ends: list[int], weights: Tensor) -> Tensor:
    """(J, J) matrix of the sum of weighted squares of differences between joints."""
    joints = torch.eye(len(JOINTS))
    differences = joints[ends] - joints[starts]
    return differences.T * weights @ differences


_RIGID = _ties(_STARTS, _ENDS, _TOLERANCES**-2 / 3)
"""Bones keep their lengths, which is one of three directions."""


@dataclass(frozen=True, eq=False)
class Body:
    """A body of constant lengths and its poses."""

    lengths: dict[str, float]
    """Metres, by the names that `proportions.rest_pose` takes."""
    joints: NDArray[np.float64]
    """(T, 28, 3) metres from the pelvis, camera axes."""


def fit_body(
    evidence: Evidence, root: NDArray[Any], size: float, going_on: Callable[[], None] = lambda: None
) -> Body:
    """The most probable body.

    Of a clip too long to be fitted at once, the lengths are found from frames all over it, then the poses
    part by part.
    Arguments: root (T, 3) roughly where the pelvis is; size, the person's roughly, 1 for an average adult
    (`proportions.body_size`); going_on, called many times a second, may raise to stop the work.
    """
    evidence, root = dataclasses.replace(evidence, joints=evidence.joints / size), root / size
    count = len(evidence.time)
    every = slice(None, None, -(-count // _MOST_FRAMES))
    solution = _minimised(_Cost(evidence.at(every), root[every]), going_on)
    joints = solution.placed
    if count > _MOST_FRAMES:
        joints = torch.empty(count, len(JOINTS), 3)
        for start in range(0, count, _MOST_FRAMES):
            begin, stop = max(start - _OVERLAP, 0), min(start + _MOST_FRAMES, count)
            part = slice(begin, stop + _OVERLAP)
            found = _minimised(_Cost(evidence.at(part), root[part]), going_on, solution)
            joints[start:stop] = found.placed[start - begin : stop - begin]
    named = dict(zip(_NAMES, (size * solution.metres.double()).tolist(), strict=True))
    lengths = {name: named[name] for name in AVERAGE if name in named}
    relative = size * (joints - joints[:, :1]).double().numpy()
    return Body({**lengths, "sole": foot_height(lengths)}, relative)


class _Solution(NamedTuple):
    placed: Tensor
    """(T, 28, 3) joints before the camera."""
    lengths: Tensor
    """(L,) logarithms of metres."""
    scale: Tensor
    """() logarithm by which the body is larger than lifted."""

    @property
    def metres(self) -> Tensor:
        """(L,) the lengths."""
        return self.lengths.clamp(_USUAL - _MOST_UNUSUAL, _USUAL + _MOST_UNUSUAL).exp()


def _minimised(cost: _Cost, going_on: Callable[[], None], known: _Solution | None = None) -> _Solution:
    """The body of the least cost, or its poses alone where lengths and scale are known."""
    preconditioner, (length, scale) = cost.preconditioner(), cost.deviations()
    unknown = [torch.zeros_like(cost.placed), torch.zeros_like(_USUAL), torch.zeros(())]
    unknown = [tensor.requires_grad_() for tensor in unknown[: 1 if known else 3]]

    def solution() -> _Solution:
        placed = cost.placed + preconditioner.paths(unknown[0])
        if known:
            return known._replace(placed=placed)
        return _Solution(placed, _USUAL + length * unknown[1], scale * unknown[2])

    solver = torch.optim.LBFGS(
        unknown, max_iter=_STEPS, history_size=10, tolerance_change=1e-7, line_search_fn="strong_wolfe"
    )

    def evaluate() -> Tensor:
        going_on()
        solver.zero_grad()
        total = cost(solution())
        total.backward()  # type: ignore[no-untyped-call]
        return total

    solver.step(evaluate)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return solution()


class _Cost:
    """How improbable bodies are, up to a constant."""

    def __init__(self, evidence: Evidence, root: NDArray[Any]) -> None:
        self.placed = _single(evidence.joints + root[:, None])
        self._lifted = _single(evidence.joints[:, _OUTER] - evidence.joints[:, _INNER])
        confidence = np.clip(evidence.confidence[:, _OUTER], 1e-3, 1)
        error = _single(np.clip(error_of(confidence), *_ERRORS))
        self._across, self._along = ((share * error).clamp(min=_LEAST_DOUBT) for share in (_ACROSS, _ALONG))
        self._rays = _single(evidence.rays)
        self._seen = _single(evidence.ray_confidence) ** 2  # what is half as likely right is off much farther
        self._metres = _single(root[:, 2]).clamp(min=_NEAREST)[:, None, None] / _OFF_KEYPOINT
        intervals = np.maximum(np.diff(evidence.time), LEAST_INTERVAL)
        tied = (intervals[1:] <= LONGEST_GAP) & (intervals[:-1] <= LONGEST_GAP)
        self._middle = torch.from_numpy(np.flatnonzero(tied) + 1)
        self._intervals = _single(intervals)[:, None, None]

    def __call__(self, solution: _Solution) -> Tensor:
        placed, lengths, scale = solution
        unusual = _LENGTHS_COUNT * ((lengths - _USUAL) / _PROPORTION).square().sum()
        return (
            self._off_keypoints(placed)
            + self._off_lifted(placed, scale)
            + self._off_lengths(placed, solution.metres)
            + self._jerky(placed / scale.exp())
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
        pairs = torch.bincount(torch.tensor(_LENGTH_OF_PAIR)) * (_USUAL.exp() / _LENGTH).square()
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


def _robust(squares: Tensor) -> Tensor:
    """Charbonnier's function of squared errors: the same for small ones, linear in large ones."""
    root = (1 + squares / _ROBUST**2).sqrt()
    cost: Tensor = 2 * _ROBUST**2 * (root - 1)
    return cost


def _single(values: Any) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
