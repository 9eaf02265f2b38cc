"""The cameras of Human3.6M: where they stand, and the distortion of their lenses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Camera:
    """A calibrated camera; its axes are x right, y down, z forward."""

    rotation: Array
    """(3, 3) turns world axes into the camera's."""
    centre: Array
    """(3,) metres, where the camera stands in the world."""
    focal: Array
    """(2,) pixels."""
    principal_point: Array
    """(2,) pixels."""
    radial: Array
    """(3,) coefficients of r^2, r^4 and r^6."""
    tangential: Array
    """(2,) OpenCV's p1 and p2, taken half as Human3.6M does (see `project`)."""

    def from_world(self, points: NDArray[Any]) -> Array:
        """(..., 3) metres in world axes to metres in the camera's axes: R (P - T)."""
        seen: Array = (np.asarray(points, np.float64) - self.centre) @ self.rotation.T
        return seen

    def project(self, points: NDArray[Any]) -> Array:
        """(..., 3) metres in the camera's axes, in front of it, to (..., 2) pixels.

        This is the lens model that made the 2D positions of the data set, `ProjectPointRadial` of Human3.6M's
        own code. Brown's model (and OpenCV) has twice its tangential term next to the radial one.
        """
        points = np.asarray(points, np.float64)
        xy = points[..., :2] / points[..., 2:]
        r2 = (xy**2).sum(-1, keepdims=True)
        radial = 1 + r2 * (self.radial[0] + r2 * (self.radial[1] + r2 * self.radial[2]))
        swapped = self.tangential[::-1]
        tangential = (xy * swapped).sum(-1, keepdims=True)
        distorted = xy * (radial + tangential) + swapped * r2
        pixels: Array = distorted * self.focal + self.principal_point
        return pixels


def differences(camera: Camera, other: Camera) -> dict[str, float]:
    """The greatest difference between two cameras in every parameter, in its unit."""
    return {
        name: float(np.abs(getattr(camera, name) - getattr(other, name)).max())
        for name in ("rotation", "centre", "focal", "principal_point", "radial", "tangential")
    }
