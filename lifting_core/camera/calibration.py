"""The camera of a clip, from whoever knows: the user, the file, or the lines in its pictures."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.camera.perspective import Perspective, perspective_by_lines, steady
from lifting_core.camera.pinhole import (
    DEFAULT_FIELD_OF_VIEW,
    camera_matrix,
    focal_length_from_field_of_view,
)
from lifting_core.media.frames import MediaInfo

_SURE_ZOOM = 0.04
"""In the logarithm: a focal length by lines that is less sure is no better than the usual one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Calibration:
    """What is known of a camera that stands still."""

    matrix: NDArray[np.float64]
    """(3, 3) pixels."""
    perspective: Perspective | None
    """What lines tell of how it is turned, where they do."""


def calibrate(info: MediaInfo, field_of_view: float | None, segments: Sequence[NDArray[Any]]) -> Calibration:
    """The camera of a source whose field of view somebody may have told, in degrees.

    `segments` are the line segments (N, 2, 2) of some of its pictures, in pixels (`lines.Glances`).
    """
    size = info.width, info.height
    known = info.focal_length
    if field_of_view is not None:
        known = focal_length_from_field_of_view(field_of_view, *size)
    usual = focal_length_from_field_of_view(DEFAULT_FIELD_OF_VIEW, *size)
    matrix = camera_matrix(known or usual, *size)
    perspective = steady([perspective_by_lines(one, matrix, known is None) for one in segments])
    if known is not None:
        return Calibration(matrix, perspective)
    if perspective is not None and perspective.zoom_deviation <= _SURE_ZOOM:
        _log.info("The field of view of %s is taken from the lines in it.", info.name)
        return Calibration(camera_matrix(usual * perspective.zoom, *size), perspective)
    _log.info("The field of view of %s is assumed to be %g degrees.", info.name, DEFAULT_FIELD_OF_VIEW)
    return Calibration(matrix, perspective)
