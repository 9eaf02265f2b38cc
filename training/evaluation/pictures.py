"""Pictures of an evaluation: errors per action and joint, under noise, over the training, and skeletons."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.files import written_whole
from lifting_core.skeleton import HUMAN36M_PARENTS
from training.datasets.human36m.names import ACTIONS
from training.evaluation.scoring import Report
from training.fitting.record import HISTORY
from training.folders import make_folder
from training.metrics.distances import distances
from training.tasks.poses import Poses

log = logging.getLogger(__name__)

_OURS, _PAPER, _TRUTH = "#1f77b4", "#bbbbbb", "#2ca02c"
_SAMPLES = 6


def draw_pictures(report: Report, poses: Poses, predicted: Tensor, run: Path, folder: Path) -> None:
    """Write the pictures; training curves where `run`, the folder of the weights, has a history."""
    make_folder(folder)
    _save(_actions(report), folder / "actions.png")
    _save(_joints(report), folder / "joints.png")
    _save(_skeletons(poses, predicted), folder / "skeletons.png")
    if report.noise:
        _save(_noise(report), folder / "noise.png")
    history = run / HISTORY
    if history.is_file():
        _save(_curves(json.loads(history.read_text(encoding="utf-8"))), folder / "training.png")


def _save(figure: Figure, path: Path) -> None:
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=120)
    log.info("Wrote %s.", path)


def _figure(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _actions(report: Report) -> Figure:
    figure, axes = _figure(11, 4.5, "Error per action")
    score = report.scores["protocol_1"]
    places = np.arange(len(score.per_action))
    if score.published:
        paper = [score.published[name] for name in score.per_action]
        axes.bar(places + 0.2, paper, 0.4, color=_PAPER, label="paper, Protocol 1")
    offset, width = (-0.2, 0.4) if score.published else (0.0, 0.8)
    axes.bar(places + offset, list(score.per_action.values()), width, color=_OURS, label="Protocol 1")
    second = list(report.scores["protocol_2"].per_action.values())
    axes.bar(places + offset, second, width * 0.6, color="#144d74", label="Protocol 2")
    axes.set_xticks(places, list(score.per_action), rotation=35, ha="right")
    axes.set_ylabel("mm")
    axes.legend(frameon=False)
    return figure


def _joints(report: Report) -> Figure:
    figure, axes = _figure(6, 5, "Error per joint, Protocol 1")
    per_joint = report.scores["protocol_1"].per_joint
    axes.barh([name.replace("_", " ") for name in per_joint], list(per_joint.values()), color=_OURS)
    axes.invert_yaxis()
    axes.set_xlabel("mm")
    return figure


def _noise(report: Report) -> Figure:
    figure, axes = _figure(5, 4, "Error under noise of the keypoints")
    for name, label in (("protocol_1", "Protocol 1"), ("protocol_2", "Protocol 2")):
        axes.plot(list(report.noise), [errors[name] for errors in report.noise.values()], "o-", label=label)
    axes.set_xlabel("standard deviation, px")
    axes.set_ylabel("mm")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def _curves(history: list[dict[str, float]]) -> Figure:
    figure, axes = _figure(6, 4, "Training")
    epochs = [entry["epoch"] for entry in history]
    for name, label in (("test_mpjpe_mm", "test"), ("training_error_mm", "training, with dropout")):
        axes.plot(epochs, [entry[name] for entry in history], label=label)
    axes.set_xlabel("epoch")
    axes.set_ylabel("MPJPE, mm")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def _skeletons(poses: Poses, predicted: Tensor) -> Figure:
    """Poses at equal steps from the least to the greatest error, the truth beside them."""
    errors = distances(predicted.cpu(), poses.joints.cpu()).mean(1)
    shares = torch.linspace(0.05, 0.95, _SAMPLES)
    chosen = errors.argsort()[(shares * (len(errors) - 1)).long()].tolist()
    figure = Figure(figsize=(3 * _SAMPLES, 3.6), layout="constrained")
    for place, row in enumerate(chosen, start=1):
        axes = figure.add_subplot(1, _SAMPLES, place, projection="3d")
        assert isinstance(axes, Axes3D)
        _draw_skeleton(axes, poses.joints[row].cpu().numpy(), _TRUTH)
        _draw_skeleton(axes, predicted[row].cpu().numpy(), _OURS)
        axes.set_title(f"{ACTIONS[int(poses.actions[row])]}, {1000 * float(errors[row]):.0f} mm", fontsize=10)
    figure.suptitle("Truth (green) and prediction (blue), from small errors to great ones")
    return figure


def _draw_skeleton(axes: Axes3D, joints: NDArray[np.float32], colour: str) -> None:
    """Camera axes: x right, y down, z forward; the picture's up is -y."""
    for joint, parent in enumerate(HUMAN36M_PARENTS):
        if parent >= 0:
            x, y, z = joints[[parent, joint]].T
            axes.plot(x, z, -y, color=colour, linewidth=2)
    axes.set(xlim=(-0.8, 0.8), ylim=(-0.8, 0.8), zlim=(-0.9, 0.7))
    axes.set_box_aspect((1, 1, 1), zoom=1.4)
    axes.set_axis_off()
    axes.view_init(elev=10, azim=-70)
