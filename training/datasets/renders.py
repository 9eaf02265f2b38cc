"""Pictures of rendered people as data: what a detector saw, and what is true.

`training.render` makes them, one file (.npz without pickles) a scene; every row is one person in one picture.
"""

from __future__ import annotations

import dataclasses
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import POINTS

_FORMAT = "lift-pose-renders-1"
_PATTERN = "scene_*.npz"


@dataclass(frozen=True, eq=False)
class Renders:
    """N people in pictures; rows of one shot and person follow each other in time."""

    keypoints: NDArray[np.float32]
    """(N, K, 2) pixels, in the order of `lifting_core.detection.mediapipe_model.KEYPOINT_NAMES`."""
    confidence: NDArray[np.float32]
    """(N, K) 0 to 1; all 0 where the detector did not find the person."""
    world: NDArray[np.float32]
    """(N, K, 3) metres, MediaPipe's own world landmarks; NaN where it found nobody or was not asked."""
    points: NDArray[np.float32]
    """(N, P, 3) metres, camera axes, the truth: `training.datasets.mocap.POINTS`."""
    camera_matrix: NDArray[np.float32]
    """(N, 3, 3) pixels."""
    camera_from_world: NDArray[np.float32]
    """(N, 4, 4) metres; the world's z is up and its floor at z = 0."""
    image_size: NDArray[np.int32]
    """(N, 2) width and height in pixels."""
    shot: NDArray[np.int64]
    """(N,) number of the shot: consecutive frames from one camera, or a single picture."""
    person: NDArray[np.int32]
    """(N,) which of the people in the shot."""
    time: NDArray[np.float32]
    """(N,) seconds from the start of the shot."""
    sex: NDArray[np.float32]
    """(N,) 0 female, 1 male."""
    age: NDArray[np.float32]
    """(N,) years."""
    stature: NDArray[np.float32]
    """(N,) metres."""
    subject: NDArray[np.str_]
    """(N,) whose motion it is."""
    clip: NDArray[np.str_]
    held_out: NDArray[np.bool_]
    """(N,) whether it must not be trained on."""

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def joints(self) -> NDArray[np.float32]:
        """(N, 28, 3) metres, camera axes: `lifting_core.skeleton.JOINTS`."""
        return self.points[:, : len(JOINTS)]

    @property
    def found(self) -> NDArray[np.bool_]:
        """(N,) whether the detector found the person."""
        found: NDArray[np.bool_] = self.confidence.any(1)
        return found

    def rows(self, chosen: NDArray[Any]) -> Renders:
        """Those of an index or a mask."""
        return self._map(lambda name: getattr(self, name)[chosen])

    def _map(self, make: Callable[[str], NDArray[Any]]) -> Renders:
        return Renders(**{field.name: make(field.name) for field in dataclasses.fields(self)})


def joined(parts: Sequence[Renders]) -> Renders:
    """One after the other; at least one."""
    return parts[0]._map(lambda name: np.concatenate([getattr(part, name) for part in parts]))


def facing(points: NDArray[Any]) -> NDArray[np.float64]:
    """(N,) degrees from 0 (the person faces the camera) to 180 (away from it), by hips and shoulders.

    `points` (N, P, 3) metres, camera axes.
    """
    points = np.asarray(points, np.float64)
    left, right = (
        points[:, POINTS.index(f"{side}_hip")] + points[:, POINTS.index(f"{side}_shoulder")]
        for side in ("left", "right")
    )
    up = points[:, POINTS.index("thorax")] - points[:, POINTS.index("pelvis")]
    forward = np.cross(left - right, up)
    away = points[:, POINTS.index("pelvis")]
    cosine = -(forward * away).sum(1) / np.linalg.norm(forward, axis=1) / np.linalg.norm(away, axis=1)
    angle: NDArray[np.float64] = np.degrees(np.arccos(cosine.clip(-1, 1)))
    return angle


def view_names(points: NDArray[Any]) -> NDArray[np.str_]:
    """(N,) "front", "side" or "behind", thirds of what `facing` gives."""
    return np.array(["front", "side", "behind"])[np.digitize(facing(points), (60, 120))]


def write_renders(path: str | os.PathLike[str], renders: Renders) -> None:
    """Write one file. Raises LiftPoseError when that fails."""
    arrays = {field.name: getattr(renders, field.name) for field in dataclasses.fields(renders)}
    with written_whole(path) as temporary:
        np.savez_compressed(temporary, format=_FORMAT, point_names=np.array(POINTS), **arrays)


def read_renders(folder: str | os.PathLike[str], held_out: bool) -> Renders:
    """All rows of a folder that are held out, or all that are not.

    Raises InvalidInput when there are none, or a file is not one that `write_renders` has written.
    """
    scenes = [_read(path) for path in sorted(Path(folder).glob(_PATTERN))]
    chosen = [scene.rows(scene.held_out == held_out) for scene in scenes]
    if not sum(map(len, chosen)):
        what = "held-out renders" if held_out else "renders to train on"
        raise InvalidInput(f"{folder} holds no {what}.", "Make some with training.render.")
    return joined(chosen)


def _read(path: Path) -> Renders:
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["format"]) != _FORMAT or tuple(file["point_names"]) != POINTS:
                raise ValueError("another format")
            return Renders(**{field.name: file[field.name] for field in dataclasses.fields(Renders)})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InvalidInput(f"{path} is not a whole file of renders.", "Render it anew.") from error
