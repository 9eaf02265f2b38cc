"""What a joint's confidence says of its error: 1 / (1 + (error / 0.1 m)^2).

Smoothing weighs joints by their confidence, and a weight should fall with the square of the error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_HALF_TRUSTED = 0.1
"""Metres: a joint that may be off by so much has half the confidence."""


def confidence_of(error: NDArray[Any]) -> NDArray[Any]:
    """Confidences, 0 to 1, of joints that may be off by so many metres."""
    confidence: NDArray[Any] = 1 / (1 + (error / _HALF_TRUSTED) ** 2)
    return confidence


def error_of(confidence: NDArray[Any]) -> NDArray[Any]:
    """Metres by which joints of these confidences, above 0, may be off."""
    error: NDArray[Any] = _HALF_TRUSTED * np.sqrt(1 / confidence - 1)
    return error
