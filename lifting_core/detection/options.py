"""What a user can choose about a detector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lifting_core.errors import InvalidInput

Effort = Literal["least", "usual", "most"]
"""How much a detector may spend: the least on people other than the one who fills most of a clip, who need
but to be told apart; the most on a photo, which is looked at once."""


@dataclass(frozen=True)
class DetectorOptions:
    """The choices; a detector that has no use for one ignores it."""

    weights: Path | None = None
    """The file that a detector reads: weights, the description of a model, or keypoints."""
    boxes: str = "mediapipe"
    """Who tells where people are: "mediapipe", "centre" (one fills the picture), or a file of boxes."""
    device: str = "auto"
    """One of `settings.DEVICES`."""

    def required_weights(self, detector: str, wanted: str) -> Path:
        """The file, which exists. Raises InvalidInput, naming the detector and what it wants, if not."""
        advice = f"Name {wanted}, with --detector-weights or as Detector File in the panel."
        if self.weights is None:
            raise InvalidInput(f"The detector {detector} needs a file that does not come with it.", advice)
        if not self.weights.exists():
            raise InvalidInput(f"There is no {self.weights}.", advice)
        return self.weights
