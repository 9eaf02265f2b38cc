"""The settings of a training run of the stacked hourglass."""

from __future__ import annotations

from dataclasses import dataclass

from training.fitting.recipe import Precision


@dataclass(frozen=True)
class HourglassRecipe:
    """Everything that decides how a stacked hourglass is trained, apart from the pictures.

    The defaults are those of pre-training on MPII (Newell, Yang and Deng, ECCV 2016, section 4.1): RMSprop at
    2.5e-4, which falls by a factor of 5 once, pictures of 256 pixels turned by up to 30 degrees and scaled by
    0.75 to 1.25. The batch and the colours are those of the authors' public code.
    """

    stacks: int = 8
    features: int = 256
    input_size: int = 256
    """Pixels."""
    batch_size: int = 6
    iterations: int = 340_000
    """About 100 epochs of MPII's 22,000 people."""
    learning_rate: float = 2.5e-4
    drop: float = 0.7
    """Share of the iterations after which the rate falls to a fifth; 1 for never."""
    deviation: float = 1.0
    """Of the Gaussian around a joint, in cells of the heat map."""
    scale: float = 0.25
    """Squares are scaled by 1 - scale to 1 + scale."""
    rotation: float = 30.0
    """Degrees by which they are turned at most, either way."""
    flip: bool = True
    colour: float = 0.2
    """Every channel is multiplied by 1 - colour to 1 + colour."""
    precision: Precision = "float32"

    def learning_rate_at(self, step: int) -> float:
        """The rate of a step, counted from 0."""
        return self.learning_rate / (5 if step >= self.drop * self.iterations else 1)


MPII = HourglassRecipe()

# Martinez et al. (ICCV 2017), section 4.1: pre-trained on MPII, then on Human3.6M with the network's own
# rate for 40,000 iterations; the batch had to be 3 for want of memory.
HUMAN36M = HourglassRecipe(batch_size=3, iterations=40_000, learning_rate=2.5e-4, drop=1.0)

RECIPES: dict[str, HourglassRecipe] = {"mpii": MPII, "human36m": HUMAN36M}
