"""How well weights lift motion capture whose keypoints are exact, by action and by view."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lifting_core.camera.pinhole import camera_matrix, project
from lifting_core.lifting.lifter import Lifter
from lifting_core.skeleton import HUMAN36M_JOINTS, JOINTS
from training.datasets.mocap import POINTS, Clip, scaled_to_stature
from training.metrics.distances import aligned_distances, distances
from training.tasks.detections import KEYPOINTS, POINTS_OF_KEYPOINTS

Array = NDArray[np.float64]

SIDES = {"front": (0.0,), "side": (-90.0, 90.0), "behind": (180.0,)}
"""Degrees by which the camera stands around the person from the front."""
HEIGHTS = {"level": 0.0, "from above": 35.0, "from below": -25.0}
"""Degrees by which it looks down."""
_AWAY = 4.0
"""Metres from the camera to the pelvis."""
_CAMERA = camera_matrix(1000.0, 1000, 1000)
_RATE = 5.0
"""Poses a second that are tested."""
_COUNTED = [JOINTS.index(name) for name in HUMAN36M_JOINTS]
_EXERCISES = {
    **{"m01": "deep squat", "m02": "hurdle step", "m03": "inline lunge", "m04": "side lunge"},
    **{"m05": "sit to stand", "m06": "leg raise", "m07": "shoulder abduction", "m08": "shoulder extension"},
    **{"m09": "shoulder rotation", "m10": "shoulder scaption"},
}
"""UI-PRMD's movements."""


@dataclass(frozen=True)
class Error:
    """Means over poses, millimetres over Human3.6M's 17 joints of people of one stature."""

    poses: int
    mpjpe: float
    """As they are, pelvis on pelvis."""
    aligned: float
    """After the best similarity alignment."""


@dataclass(frozen=True)
class Report:
    """Errors of weights on motion capture."""

    subjects: list[str]
    total: Error
    actions: dict[str, Error]
    views: dict[str, Error]
    """By side, by height, and by both."""

    def as_json(self) -> dict[str, Any]:
        """For a JSON file."""
        return asdict(self)


def evaluate_clips(lifter: Lifter, clips: Sequence[Clip]) -> Report:
    """Errors on some poses of every clip, each seen by all cameras, one frame at a time."""
    found: list[tuple[str, str, str, Array]] = []
    for clip in clips:
        points = scaled_to_stature(clip, lifter.profile.stature).astype(np.float64)
        points = points[:: max(1, round(clip.fps / _RATE))]
        for side, height, seen in views(points):
            found.append((action_of(clip), side, height, _errors(lifter, seen)))
    return Report(
        sorted({clip.subject for clip in clips}),
        _mean(errors for *_, errors in found),
        {name: _mean(e for a, _, _, e in found if a == name) for name in sorted({f[0] for f in found})},
        {name: _mean(e for _, s, _, e in found if s == name) for name in SIDES}
        | {name: _mean(e for _, _, h, e in found if h == name) for name in HEIGHTS}
        | {
            f"{side}, {height}": _mean(e for _, s, h, e in found if (s, h) == (side, height))
            for side in SIDES
            for height in HEIGHTS
        },
    )


def action_of(clip: Clip) -> str:
    """What somebody does: a movement of UI-PRMD, or what its folder is called."""
    movement = re.match(r"m\d\d", clip.name)
    return _EXERCISES.get(movement[0], movement[0]) if movement else clip.subject


def views(points: Array) -> Iterator[tuple[str, str, Array]]:
    """Side, height, and (T, P, 3) in camera axes, of bodies (T, P, 3) with z up, by every camera."""
    pelvis = points[:, [POINTS.index("pelvis")]]
    for side, angles in SIDES.items():
        for height, down in HEIGHTS.items():
            for angle in angles:
                seen = (points - pelvis) @ _cameras(points, angle, down).transpose(0, 2, 1)
                yield side, height, seen + np.array([0, 0, _AWAY])


def _cameras(points: Array, around: float, down: float) -> Array:
    """(T, 3, 3) from the world's axes to those of cameras that look at people from an angle of theirs."""
    across = sum(
        points[:, POINTS.index(f"left_{name}"), :2] - points[:, POINTS.index(f"right_{name}"), :2]
        for name in ("hip", "shoulder")
    )
    facing = np.arctan2(-across[:, 0], across[:, 1])  # type: ignore[index]  # left, a quarter turn clockwise
    toward = facing + np.radians(around) + np.pi
    level = np.stack([np.cos(toward), np.sin(toward), np.zeros_like(toward)], -1)
    look = np.cos(np.radians(down)) * level - np.sin(np.radians(down)) * np.array([0.0, 0, 1])
    right = np.cross(level, [0.0, 0, 1])
    return np.stack([right, np.cross(look, right), look], 1)


def _errors(lifter: Lifter, seen: Array) -> Array:
    """(T, 2) millimetres: as they are, and aligned."""
    keypoints = project(seen[:, POINTS_OF_KEYPOINTS], _CAMERA)
    lifted = lifter.lift(KEYPOINTS, keypoints, np.ones(keypoints.shape[:2]), _CAMERA).joints
    ours = torch.from_numpy(lifted[:, _COUNTED].astype(np.float64))
    truth = torch.from_numpy(seen[:, _COUNTED] - seen[:, :1])
    measured = [measure(ours, truth).mean(1).numpy() for measure in (distances, aligned_distances)]
    errors: Array = 1000 * np.stack(measured, -1)
    return errors


def _mean(errors: Iterator[Array]) -> Error:
    together = np.concatenate(list(errors))
    mpjpe, aligned = together.mean(0)
    return Error(len(together), float(mpjpe), float(aligned))


def table(report: Report) -> str:
    """Rows of text."""
    lines = [f"Subjects {', '.join(report.subjects)}, exact keypoints; mm over 17 joints"]
    lines.append(f"{'':28}{'poses':>8}{'MPJPE':>10}{'P-MPJPE':>10}")
    for rows in (report.actions, report.views, {"all": report.total}):
        lines += [f"{name:28}{one.poses:8}{one.mpjpe:10.1f}{one.aligned:10.1f}" for name, one in rows.items()]
        lines.append("")
    return "\n".join(lines[:-1])
