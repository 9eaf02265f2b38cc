"""The settings of a training run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a network is trained, apart from the data."""

    width: int = 1024
    blocks: int = 2
    dropout: float = 0.5
    batch_norm: bool = True
    residual: bool = True
    max_norm: bool = True
    loss: Literal["mse", "mpjpe"] = "mse"
    batch_size: int = 64
    learning_rate: float = 1e-3
    final_learning_rate: float = 3e-4
    """The rate decays exponentially, step by step, from the first to this."""
    bfloat16: bool = False


# For bodies that are drawn anew in every batch: nothing can be learnt by heart, so little dropout and no
# limit on the weights are needed, and the loss is the measure that counts (Pavllo et al., CVPR 2019).
SIMULATED = Recipe(
    dropout=0.05, max_norm=False, loss="mpjpe", batch_size=2048, final_learning_rate=1e-5, bfloat16=True
)
