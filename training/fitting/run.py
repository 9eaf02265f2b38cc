"""A training run in its folder (`record`), from the beginning or from its last checkpoint to the end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from lifting_core import __version__
from lifting_core.lifting.weights import LiftingModel, save_model
from training.fitting.batches import Source
from training.fitting.loop import BLOCK, Fit
from training.fitting.monitor import Monitor
from training.fitting.processes import ALONE, Processes
from training.fitting.recipe import Recipe
from training.fitting.record import (
    CHECKPOINT,
    CONFIG,
    HISTORY,
    WEIGHTS,
    check_same_run,
    circumstances,
    write_json,
)

log = logging.getLogger(__name__)

TestError = Callable[[], float]
"""Millimetres that the model is off, as it now is, on people who are not trained on."""


@dataclass(frozen=True, eq=False)
class Task:
    """What to train, and on what."""

    model: LiftingModel
    """Untrained, on its device."""
    source: Source
    steps_per_epoch: int
    test_error: TestError
    data: dict[str, object]
    """What the data are, for the record."""
    stored: torch.dtype
    """Precision of the weights file."""


@dataclass(frozen=True)
class Cadence:
    """How often a run looks up from its work."""

    steps: int = 500
    """Least number of steps between two checkpoints; they are made at the end of an epoch only."""

    def epochs(self, steps_per_epoch: int) -> int:
        """Epochs between two checkpoints."""
        return max(1, -(-self.steps // steps_per_epoch))


def train(
    task: Task,
    recipe: Recipe,
    out: Path,
    seed: int,
    processes: Processes = ALONE,
    cadence: Cadence = Cadence(),
) -> None:
    """Train from the beginning, or from the checkpoint in `out`, to the end of the last epoch.

    The weights are always those after the newest epoch: none is chosen by its test error. All processes call
    this together. Raises InvalidInput when `out` holds another run, LiftPoseError when it cannot be written.
    """
    settings = {"recipe": asdict(recipe), "seed": seed, "data": task.data, "processes": processes.count}
    _set_precision(recipe)
    torch.manual_seed(seed + 7919 * processes.rank)  # for dropout; the weights are drawn already
    fit = Fit(task.model, recipe, task.source, task.steps_per_epoch, processes)
    history: list[dict[str, Any]] = []
    if (out / CHECKPOINT).exists():
        check_same_run(out, settings)
        history = fit.resume(out / CHECKPOINT)
        log.info("Going on after %d of %d epochs.", fit.step // task.steps_per_epoch, recipe.epochs)
    elif processes.leads:
        write_json(
            out / CONFIG,
            settings | {"profile": asdict(task.model.profile)} | circumstances(task.model.input_mean.device),
        )
    poses = recipe.batch_size * processes.count
    with Monitor(out, fit.step, recipe.epochs * task.steps_per_epoch, poses, processes.leads) as monitor:
        while (done := fit.step // task.steps_per_epoch) < recipe.epochs:
            for epoch in range(done, min(done + cadence.epochs(task.steps_per_epoch), recipe.epochs)):
                entry = _train_epoch(fit, task, recipe, epoch, monitor)
            if processes.leads:
                entry["test_mpjpe_mm"] = round(task.test_error(), 4)
                history.append(entry)
            fit.save(out / CHECKPOINT, history)
            if processes.leads:
                _write_results(out, task, settings, history)
                monitor.epoch(entry)


def _train_epoch(fit: Fit, task: Task, recipe: Recipe, epoch: int, monitor: Monitor) -> dict[str, Any]:
    """Train for an epoch, counted from 0; returns what is known of it."""
    losses, left = 0.0, task.steps_per_epoch
    while left:
        count = min(left, 4 * BLOCK)
        outcome = fit.run(count)
        losses, left = losses + outcome.loss * count, left - count
        rate = recipe.learning_rate_at(fit.step - 1, task.steps_per_epoch)
        monitor.steps(fit.step, count, outcome, rate)
    return {
        "epoch": epoch + 1,
        "step": fit.step,
        "learning_rate": rate,
        "loss": losses / task.steps_per_epoch,
        "training_error_mm": round(outcome.error, 4),
    }


def _write_results(out: Path, task: Task, settings: dict[str, Any], history: list[dict[str, Any]]) -> None:
    record: dict[str, Any] = {"version": __version__, **settings, **history[-1]}
    task.model.profile = replace(task.model.profile, record=record)
    save_model(task.model, out / WEIGHTS, task.stored)
    write_json(out / HISTORY, history)


def _set_precision(recipe: Recipe) -> None:
    """TF32 is off unless asked for; it makes a difference on CUDA only."""
    torch.set_float32_matmul_precision("high" if recipe.precision == "tf32" else "highest")
