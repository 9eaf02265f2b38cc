"""All that is measured of weights on the test set of Human3.6M."""

from __future__ import annotations

from collections.abc import Sequence as Series
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lifting_core.skeleton import HUMAN36M_JOINTS
from training.evaluation.published import SHORT_NAMES, published_average, published_row
from training.fitting.batches import mixed_seed
from training.metrics.protocols import FOURTEEN_JOINTS, MEASURES, Errors, evaluate
from training.tasks.poses import Poses

NOISE_LEVELS = (0, 5, 10, 15, 20)
"""Standard deviations in pixels, of the paper's table 3."""


@dataclass(frozen=True)
class Score:
    """One protocol, beside the paper's row where it has one; millimetres."""

    per_action: dict[str, float]
    average: float
    per_joint: dict[str, float]
    published: dict[str, float] | None = None
    published_average: float | None = None
    difference: dict[str, float] | None = None


@dataclass(frozen=True)
class Report:
    """What `training.evaluate` tells; millimetres."""

    weights: list[str]
    keypoints: str
    frames: int
    scores: dict[str, Score]
    """By measure (`protocols.MEASURES`), over 17 joints; with `_14` after it, over 14."""
    noise: dict[int, dict[str, float]] = field(default_factory=dict)
    """Averages of both protocols by the noise added to the keypoints, in pixels."""
    detection: dict[str, dict[str, float]] = field(default_factory=dict)
    """By protocol: the error on detections, the part of it that remains on perfect keypoints ("lifting"), and
    the rest, which is due to the detector ("detection")."""

    def as_json(self) -> dict[str, Any]:
        """For a JSON file."""
        return asdict(self)


def scores(predicted: Tensor, poses: Poses, keypoints: str, drop_remainder: bool = False) -> dict[str, Score]:
    """Every measure of (N, 17, 3) predictions, over 17 and over 14 joints."""
    found = {}
    for suffix, joints in (("", range(len(HUMAN36M_JOINTS))), ("_14", FOURTEEN_JOINTS)):
        for name, measure in MEASURES.items():
            errors = evaluate(predicted, poses.joints, poses.actions, measure, joints, drop_remainder)
            found[name + suffix] = _score(errors, list(joints), name if not suffix else "", keypoints)
    return found


def _score(errors: Errors, joints: list[int], protocol: str, keypoints: str) -> Score:
    per_joint = {
        HUMAN36M_JOINTS[joint]: float(error) for joint, error in zip(joints, errors.per_joint, strict=True)
    }
    row = published_row(protocol, keypoints)
    difference = row and {name: value - row[name] for name, value in errors.per_action.items()}
    average = published_average(protocol, keypoints)
    return Score(errors.per_action, errors.average, per_joint, row, average, difference)


def averages(predicted: Tensor, poses: Poses, drop_remainder: bool = False) -> dict[str, float]:
    """The averages of both protocols."""
    return {
        name: evaluate(
            predicted, poses.joints, poses.actions, MEASURES[name], drop_remainder=drop_remainder
        ).average
        for name in ("protocol_1", "protocol_2")
    }


def noisy(keypoints: Tensor, level: float, seed: int = 0) -> Tensor:
    """Keypoints with Gaussian noise of a standard deviation in pixels, the same at every call."""
    generator = torch.Generator().manual_seed(mixed_seed(seed, int(level)))
    return keypoints + level * torch.randn(keypoints.shape, generator=generator).to(keypoints.device)


def split_error(on_detections: dict[str, float], on_truth: dict[str, float]) -> dict[str, dict[str, float]]:
    """How much of the error on detections remains where they are perfect, and how much they bring in."""
    return {
        name: {
            "total": total,
            "lifting": on_truth[name],
            "detection": total - on_truth[name],
        }
        for name, total in on_detections.items()
    }


def table(report: Report) -> str:
    """The report in words and numbers."""
    lines = [f"{', '.join(report.weights)} on {report.keypoints} keypoints, {report.frames} poses; mm"]
    for name in ("protocol_1", "protocol_2"):
        lines += ["", *_protocol_lines(name, report.scores[name])]
    lines += ["", "Average of the actions      17 joints  14 joints"]
    for name in MEASURES:
        both = report.scores[name].average, report.scores[f"{name}_14"].average
        lines.append(f"  {_TITLES[name]:24}{both[0]:11.1f}{both[1]:11.1f}")
    lines += ["", "Joint (Protocol 1)"]
    lines += [f"  {name:24}{error:11.1f}" for name, error in report.scores["protocol_1"].per_joint.items()]
    if report.noise:
        lines += ["", "Noise of the keypoints      Protocol 1  Protocol 2"]
        for level, errors in report.noise.items():
            lines.append(f"  {level:3d} px{errors['protocol_1']:29.1f}{errors['protocol_2']:12.1f}")
    if report.detection:
        lines += ["", "Of the error, due to        lifting  detection  together"]
        for name, parts in report.detection.items():
            numbers = f"{parts['lifting']:11.1f}{parts['detection']:11.1f}{parts['total']:10.1f}"
            lines.append(f"  {_TITLES[name]:22}{numbers}")
    return "\n".join(lines)


_TITLES = {"protocol_1": "Protocol 1 (MPJPE)", "protocol_2": "Protocol 2 (P-MPJPE)", "n_mpjpe": "N-MPJPE"}


def _protocol_lines(name: str, score: Score) -> list[str]:
    actions = list(score.per_action)
    rows: list[tuple[str, Series[float]]] = [("ours", [*score.per_action.values(), score.average])]
    if score.published and score.difference and score.published_average:
        rows.append(("paper", [*(score.published[action] for action in actions), score.published_average]))
        # An average of fewer actions than the paper's has nothing to be compared with.
        whole = len(actions) == len(score.published)
        last = score.average - score.published_average if whole else np.nan
        rows.append(("difference", [*score.difference.values(), last]))
    header = "".join(f"{SHORT_NAMES[action]:>7}" for action in actions)
    lines = [_TITLES[name], f"{'':10}{header}{'average':>9}"]
    for label, numbers in rows:
        sign = "+" if label == "difference" else ""
        *columns, average = (f"{number:{sign}7.1f}" for number in numbers)
        lines.append(f"{label:10}{''.join(columns)}{average:>9}")
    return lines
