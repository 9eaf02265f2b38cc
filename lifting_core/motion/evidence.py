"""What is known of one person in a clip before the body is solved."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Evidence:
    """T frames; camera axes, metres, seconds."""

    time: NDArray[np.float64]
    """(T,) increasing."""
    joints: NDArray[np.float64]
    """(T, 28, 3) as lifted, from the pelvis."""
    confidence: NDArray[np.float64]
    """(T, 28) of the joints, 0 where they are mere guesses."""
    rays: NDArray[np.float64]
    """(T, 28, 2) where the joints are seen, as x and y of directions with z = 1."""
    ray_confidence: NDArray[np.float64]
    """(T, 28), 0 where a joint has no keypoint."""

    def at(self, frames: slice) -> Evidence:
        """What is known of some of the frames."""
        return Evidence(*(getattr(self, field.name)[frames] for field in dataclasses.fields(self)))


@dataclass(frozen=True, eq=False)
class Footing:
    """Feet on a level floor."""

    up: NDArray[np.float64]
    """(3,) the unit vector against gravity, camera axes."""
    contacts: NDArray[np.float64]
    """(T, 2) how surely each foot is on the floor."""
    standing: NDArray[np.float64]
    """(2,) metres that heel and toe are above the floor when the foot is flat on it."""

    def at(self, frames: slice) -> Footing:
        """Those of some of the frames."""
        return dataclasses.replace(self, contacts=self.contacts[frames])
