"""The settings of a training run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Precision = Literal["float32", "tf32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = ("float32", "tf32", "bfloat16")


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a network is trained, apart from the data.

    The defaults are the paper's (Martinez et al., ICCV 2017, section 3) as its public code carries them out.
    """

    epochs: int = 200
    batch_size: int = 64
    """Poses in a batch of every process."""

    width: int = 1024
    blocks: int = 2
    dropout: float = 0.5
    batch_norm: bool = True
    residual: bool = True
    max_norm: bool = True
    """Hold every layer's whole weight matrix, first and last included, to Frobenius norm 1."""
    batch_norm_epsilon: float = 1e-3
    batch_norm_momentum: tuple[float, float] = (0.01, 0.01)
    """Weight of the newest batch in the running statistics, in the first and in the last epoch."""
    initialisation: Literal["kaiming", "kaiming_weights", "pytorch"] = "kaiming"
    """The public code draws the biases as it draws the weights ("kaiming"); the paper names the weights."""

    neck: bool = False
    """Read Human3.6M's neck/nose, too, which stacked hourglass detections lack: 17 keypoints, not 16."""
    scaling: Literal["standardised", "width"] = "standardised"
    """Every dimension by mean and deviation over the training set, or pixels to [-1, 1] by image width."""
    camera_frame: bool = True
    flips: bool = False
    """Mirror every second pose in training; in testing take the mean of both sides."""

    loss: Literal["mse", "mpjpe"] = "mse"
    """Mean squared error of standardised coordinates, or mean distance of the joints."""
    bone_loss: float = 0.0
    """Weight of the mean error of bone vectors, on top: short bones tell how feet, hands and heads turn."""
    learning_rate: float = 1e-3
    decay: float = 0.96
    decay_over: int | Literal["epoch", "run"] = 100_000
    """The rate falls by the factor `decay` over so many steps, continuously; "epoch": in stairs, one an
    epoch; "run": over the whole run."""
    precision: Precision = "float32"

    def learning_rate_at(self, step: int, steps_per_epoch: int) -> float:
        """The rate of a step, counted from 0."""
        if self.decay_over == "epoch":
            return self.learning_rate * math.pow(self.decay, step // steps_per_epoch)
        over = self.epochs * steps_per_epoch if self.decay_over == "run" else self.decay_over
        return self.learning_rate * math.pow(self.decay, step / over)

    def batch_norm_momentum_at(self, epoch: int) -> float:
        """Falls exponentially from the first to the last epoch."""
        first, last = self.batch_norm_momentum
        return first * math.pow(last / first, epoch / max(self.epochs - 1, 1))


PAPER = Recipe()

# The cheapest gains with the same network: the one-frame recipe of VideoPose3D (Pavllo et al., CVPR 2019).
MODERN = Recipe(
    epochs=80,
    batch_size=1024,
    dropout=0.25,
    max_norm=False,
    batch_norm_epsilon=1e-5,
    batch_norm_momentum=(0.1, 0.001),
    initialisation="pytorch",
    neck=True,
    scaling="width",
    flips=True,
    loss="mpjpe",
    decay=0.95,
    decay_over="epoch",
)

# For bodies that are drawn anew in every batch: nothing can be learnt by heart, so no dropout and no
# limit on the weights are needed, and the loss is the measure that counts.
SIMULATED = Recipe(
    epochs=400,
    batch_size=2048,
    dropout=0.0,
    max_norm=False,
    batch_norm_epsilon=1e-5,
    batch_norm_momentum=(0.1, 0.1),
    initialisation="kaiming_weights",
    loss="mpjpe",
    bone_loss=0.5,
    decay=0.01,
    decay_over="run",
    precision="bfloat16",
)

RECIPES: dict[str, Recipe] = {"paper": PAPER, "modern": MODERN, "simulated": SIMULATED}
