"""Learn the detector's habits from renders: python -m training.learn_habits FOLDER [--json FILE].

Writes training/tasks/habits.npz, which `training.tasks.habits` draws from, and prints what it holds: how far
keypoints lie from their points, how much they err from the front, the side and behind, how long errors last,
and how often people and keypoints are missed. Held-out renders are left alone.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.errors import LiftPoseError
from lifting_core.files import written_whole
from lifting_core.lifting.view import CONFIDENT
from training.datasets.renders import Renders, read_renders, view_names
from training.tasks.detections import KEYPOINTS
from training.tasks.habits import (
    FRAMES,
    KEYPOINT_POINTS,
    MIRRORED,
    TABLE,
    carrier_axes,
    depth,
    displaced,
    to_upright,
    view_direction,
)

_SURE = 0.5
"""Confidence from which on a keypoint tells of the lasting offset."""
_OUTLIER = 0.08
"""Statures: a keypoint farther off is mistaken for another and tells nothing of the offset."""
_MOST_RECORDINGS = 500
_RIDGE = 0.3
"""Of the fit, in people: what is seldom seen stays small."""
_COLUMNS = [KEYPOINT_NAMES.index(name) for name in KEYPOINTS]

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.learn_habits", description=__doc__)
    parser.add_argument("renders", type=Path, help="folder that training.render has filled")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary there as well")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        renders = read_renders(options.renders, held_out=False)
        table, summary = learn(renders)
        with written_whole(TABLE) as temporary:
            np.savez_compressed(temporary, **table)
        text = json.dumps(summary, indent=1)
        sys.stdout.write(text + "\n")
        if options.json:
            with written_whole(options.json) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")
    except LiftPoseError as error:
        log.error("%s", error)
        return 2
    return 0


def learn(renders: Renders) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays of `training.tasks.habits.TABLE`, and a summary of them."""
    points = torch.from_numpy(renders.points)
    stature = torch.from_numpy(renders.stature)
    confidence = torch.from_numpy(renders.confidence[:, _COLUMNS])
    raw = _deviations(renders, points)
    offsets = _fit_offsets(points, raw, confidence)
    expected = _projected(points, stature[:, None, None] * displaced(points, offsets)) - _projected(points, 0)
    errors = raw - expected * (depth(points) / stature)[:, None, None]
    errors = to_upright(points, errors)
    recordings = _recordings(renders)
    table = {
        "offsets": offsets.numpy().astype(np.float32),
        "views": view_direction(points[recordings].flatten(0, 1)).view(-1, FRAMES, 3).mean(1).numpy(),
        "errors": errors[recordings].clamp(-1, 1).numpy().astype(np.float16),
        "confidence": confidence[recordings].numpy().astype(np.float16),
    }
    return table, _summary(renders, raw, errors, offsets, recordings)


def _projected(points: Tensor, moved: Tensor | float) -> Tensor:
    """(N, K, 2) x / z and y / z of the keypoints' points, moved by (N, K, 3) metres."""
    lying = points[:, KEYPOINT_POINTS] + moved
    return lying[..., :2] / lying[..., 2:].clamp(min=0.2)


def _deviations(renders: Renders, points: Tensor) -> Tensor:
    """(N, K, 2) from the true points to the keypoints in the picture, in statures at the pelvis."""
    matrix = renders.camera_matrix
    seen = (renders.keypoints[:, _COLUMNS] - matrix[:, None, :2, 2]) / matrix[:, None, [0, 1], [0, 1]]
    apart = torch.from_numpy(seen) - _projected(points, 0)
    deviations: Tensor = apart * (depth(points) / torch.from_numpy(renders.stature))[:, None, None]
    return deviations


def _fit_offsets(points: Tensor, raw: Tensor, confidence: Tensor) -> Tensor:
    """(K, 3) in statures, by least squares, the same on both sides of the body.

    A point at depth z that moves by d metres moves in the picture by (d_xy - xy d_z) / z.
    """
    axes = carrier_axes(points)
    place = points[:, KEYPOINT_POINTS]
    xy, z = place[..., :2] / place[..., 2:].clamp(min=0.2), place[..., 2:].clamp(min=0.2)
    moves = (axes[..., :2, :] - xy[..., None] * axes[..., 2:, :]) / z[..., None]
    moves = moves * depth(points)[:, None, None, None]
    told = (confidence >= _SURE) & (raw.norm(dim=-1) < _OUTLIER)
    weight = told.float()[..., None, None]
    normal = (moves.mT @ (moves * weight)).sum(0)
    right = (moves.mT @ (raw[..., None] * weight)).sum(0)
    normal, right = normal + normal[MIRRORED], right + right[MIRRORED]
    offsets: Tensor = torch.linalg.solve(normal + _RIDGE * torch.eye(3), right)
    return offsets[..., 0]


def _recordings(renders: Renders) -> NDArray[np.int64]:
    """(B, F) rows of people in videos, always found and mostly inside the picture."""
    starts = np.flatnonzero(renders.time == 0)
    rows = starts[:, None] + np.arange(FRAMES)
    rows = rows[rows[:, -1] < len(renders)]
    together = (renders.shot[rows] == renders.shot[rows[:, :1]]).all(1)
    together &= (renders.person[rows] == renders.person[rows[:, :1]]).all(1)
    rows = rows[together & (renders.found[rows].mean(1) > 0.8)]
    seen = renders.points[rows] @ renders.camera_matrix[rows].swapaxes(-1, -2)
    pixels = seen[..., :2] / seen[..., 2:].clip(0.05)
    inside = ((pixels > 0) & (pixels < renders.image_size[rows][:, :, None])).all(-1)
    chosen: NDArray[np.int64] = rows[inside.mean((1, 2)) > 0.95][:_MOST_RECORDINGS]
    return chosen


def _summary(
    renders: Renders, raw: Tensor, errors: Tensor, offsets: Tensor, recordings: NDArray[np.int64]
) -> dict[str, Any]:
    views, found = view_names(renders.points), renders.found
    sure = renders.confidence[:, _COLUMNS] >= _SURE
    near = sure & (raw.norm(dim=-1).numpy() < _OUTLIER)
    spread = errors.numpy() ** 2

    def deviation(rows: NDArray[np.bool_], keypoint: int) -> float:
        counted = near[:, keypoint] & rows
        return float(np.sqrt(spread[counted, keypoint].mean())) if counted.any() else float("nan")

    keypoints = {
        name: {
            "offset_mm_at_1.7_m": (1700 * offsets[i]).round(decimals=0).tolist(),
            "deviation_percent_of_stature": {
                view: round(100 * deviation(views == view, i), 2) for view in ("front", "side", "behind")
            },
            "mistaken_percent": round(100 * float((~near & sure)[:, i].sum() / max(1, sure[:, i].sum())), 1),
            "unsure_percent": round(100 * float((~sure)[found, i].mean()), 1),
            "missing_percent": round(
                100 * float((renders.confidence[found][:, _COLUMNS[i]] < CONFIDENT).mean()), 1
            ),
        }
        for i, name in enumerate(KEYPOINTS)
        if not name.startswith("right_")
    }
    return {
        "people": len(renders),
        "not_found_percent": round(100 * float((~found).mean()), 1),
        "recordings": len(recordings),
        "correlation_over_frames_at_15_hz": _correlations(errors.numpy()[recordings]),
        "keypoints": keypoints,
    }


def _correlations(errors: NDArray[np.float32]) -> dict[str, float]:
    """Of errors (B, F, K, 2) with those some frames later, the median over keypoints."""
    errors = np.clip(errors, -_OUTLIER, _OUTLIER)
    power = (errors**2).mean((0, 1, 3))
    later = {lag: (errors[:, lag:] * errors[:, :-lag]).mean((0, 1, 3)) / power for lag in (1, 2, 4, 8)}
    return {str(lag): round(float(np.median(values)), 2) for lag, values in later.items()}


if __name__ == "__main__":
    raise SystemExit(main())
