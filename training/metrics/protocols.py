"""Human3.6M's protocols: errors per action, averaged as the paper averages them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.skeleton import HUMAN36M_JOINTS
from training.datasets.human36m.names import ACTIONS
from training.metrics.distances import aligned_distances, distances, scaled_distances

FOURTEEN_JOINTS: tuple[int, ...] = tuple(
    index for index, name in enumerate(HUMAN36M_JOINTS) if name not in ("pelvis", "spine", "neck")
)
_BATCH = 64

Measure = Callable[[Tensor, Tensor], Tensor]
MEASURES: dict[str, Measure] = {
    "protocol_1": distances,
    "protocol_2": aligned_distances,
    "n_mpjpe": scaled_distances,
}


@dataclass(frozen=True, eq=False)
class Errors:
    """Millimetres."""

    per_action: dict[str, float]
    """In the paper's order; actions without poses are left out."""
    per_joint: NDArray[np.float64]
    """(J,) mean over the frames of all actions."""

    @property
    def average(self) -> float:
        """The plain mean of the actions, however many frames each has."""
        return float(np.mean(list(self.per_action.values())))


def evaluate(
    predicted: Tensor,
    truth: Tensor,
    actions: Tensor,
    measure: Measure,
    joints: Iterable[int] = range(len(HUMAN36M_JOINTS)),
    drop_remainder: bool = False,
) -> Errors:
    """Errors of (N, 17, 3) predictions in metres, under one of `MEASURES`.

    The pelvis, zero in both, counts among the 17 joints, as in the paper's code. `drop_remainder` leaves out
    the last n mod 64 frames of every action, as that code does. Alignment sees only the chosen joints.
    """
    chosen = list(joints)
    millimetres = 1000 * measure(predicted[:, chosen], truth[:, chosen]).double().cpu().numpy()
    of_action = {name: millimetres[actions.cpu().numpy() == i] for i, name in enumerate(ACTIONS)}
    if drop_remainder:
        of_action = {name: error[: len(error) // _BATCH * _BATCH] for name, error in of_action.items()}
    present = {name: error for name, error in of_action.items() if len(error)}
    per_joint = np.concatenate(list(present.values())).mean(0)
    return Errors({name: float(error.mean()) for name, error in present.items()}, per_joint)
