"""One body, its poses and its path, such as agree best with everything that is known of a clip.

Poses lifted frame by frame know nothing of each other: their bones change in length, and what is uncertain
in depth comes out too flat. So all frames are fitted together, with bone lengths that are unknown but
constant. This is bundle adjustment (Triggs et al., Vision Algorithms 1999) for a single camera, with the
lifted pose in place of the views that are missing; its cost is a negative logarithm of probability,
minimised by L-BFGS in coordinates made for it (`preconditioning`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.motion.cost import LENGTHS, USUAL, Cost, Solution
from lifting_core.motion.evidence import Evidence, Footing
from lifting_core.motion.proportions import AVERAGE, foot_height
from lifting_core.skeleton import JOINTS

_STEPS = 150
"""Of L-BFGS at most."""
_MOST_FRAMES = 3000
"""Fitted at once: they take some 80 MB."""
_OVERLAP = 15
"""Frames before and after a part that are fitted with it, and then again with their own."""


@dataclass(frozen=True, eq=False)
class Body:
    """A body of constant lengths, its poses and its path."""

    lengths: dict[str, float]
    """Metres, by the names that `proportions.rest_pose` takes."""
    placed: NDArray[np.float64]
    """(T, 28, 3) its joints, metres, camera axes."""

    @property
    def root(self) -> NDArray[np.float64]:
        """(T, 3) where the pelvis is."""
        return self.placed[:, 0]

    @property
    def joints(self) -> NDArray[np.float64]:
        """(T, 28, 3) metres from the pelvis."""
        return self.placed - self.placed[:, :1]


def fit_body(
    evidence: Evidence,
    start: NDArray[Any],
    size: float,
    footing: Footing | None = None,
    going_on: Callable[[], None] = lambda: None,
) -> Body:
    """The most probable body.

    Of a clip too long to be fitted at once, the lengths are found from frames all over it, then the poses
    part by part.
    Arguments: start (T, 28, 3) roughly where the joints are, metres, camera axes; size, the person's roughly,
    1 for an average adult (`proportions.body_size`); footing, if it is known when the feet are on the floor;
    going_on, called many times a second, may raise to stop the work.
    """

    def cost(frames: slice) -> Cost:
        return Cost(evidence.at(frames), start[frames], size, None if footing is None else footing.at(frames))

    count = len(evidence.time)
    solution = _minimised(cost(slice(None, None, -(-count // _MOST_FRAMES))), going_on)
    joints = solution.placed
    if count > _MOST_FRAMES:
        joints = torch.empty(count, len(JOINTS), 3)
        for begin in range(0, count, _MOST_FRAMES):
            before, end = max(begin - _OVERLAP, 0), min(begin + _MOST_FRAMES, count)
            found = _minimised(cost(slice(before, end + _OVERLAP)), going_on, solution)
            joints[begin:end] = found.placed[begin - before : end - before]
    named = dict(zip(LENGTHS, (size * solution.metres.double()).tolist(), strict=True))
    lengths = {name: named[name] for name in AVERAGE if name in named}
    placed: NDArray[np.float64] = size * joints.double().numpy()
    return Body({**lengths, "sole": foot_height(lengths)}, placed)


def _minimised(cost: Cost, going_on: Callable[[], None], known: Solution | None = None) -> Solution:
    """The body of the least cost, or its poses alone where lengths and scale are known."""
    preconditioner, (length, scale) = cost.preconditioner(), cost.deviations()
    unknown = [torch.zeros_like(cost.placed), torch.zeros_like(USUAL), torch.zeros(())]
    unknown = [tensor.requires_grad_() for tensor in unknown[: 1 if known else 3]]

    def solution() -> Solution:
        placed = cost.placed + preconditioner.paths(unknown[0])
        if known:
            return known._replace(placed=placed)
        return Solution(placed, USUAL + length * unknown[1], scale * unknown[2])

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
