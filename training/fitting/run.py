"""A training run in its folder, which holds everything needed to repeat it and to go on with it.

config.json has the settings and versions, checkpoint.pt the state of the run, history.json the errors of
every epoch, tensorboard/ the same as curves, weights.safetensors the model.
"""

from __future__ import annotations

import json
import logging
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lifting_core import __version__
from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole
from lifting_core.lifting.weights import LiftingModel, save_model
from training.fitting.batches import Source
from training.fitting.loop import BLOCK, Fit, Trained
from training.fitting.monitor import Monitor
from training.fitting.processes import ALONE, Processes
from training.fitting.recipe import Recipe

log = logging.getLogger(__name__)

WEIGHTS, CHECKPOINT, HISTORY, CONFIG = "weights.safetensors", "checkpoint.pt", "history.json", "config.json"


TestError = Callable[[], float]
"""Millimetres that the model is off, as it now is, on people who are not trained on."""


@dataclass(frozen=True, eq=False)
class Task:
    """What to train, and on what."""

    model: Trained
    """Untrained, on its device."""
    source: Source
    steps_per_epoch: int
    test_error: TestError
    data: dict[str, object]
    """What the data are, for the record."""
    stored: torch.dtype
    """Precision of the weights file."""
    whole: LiftingModel | None = None
    """What is written to that file, where the model is only a part of it."""


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
        _check_same_run(out, settings)
        history = fit.resume(out / CHECKPOINT)
        log.info("Going on after %d of %d epochs.", fit.step // task.steps_per_epoch, recipe.epochs)
    elif processes.leads:
        _write_json(out / CONFIG, settings | _circumstances(task.model))
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
    if task.whole is not None:
        record = task.whole.profile.record | {"temporal": record}
    whole = task.whole or task.model
    assert isinstance(whole, LiftingModel)
    whole.profile = replace(whole.profile, record=record)
    save_model(whole, out / WEIGHTS, task.stored)
    _write_json(out / HISTORY, history)


def _check_same_run(out: Path, settings: dict[str, Any]) -> None:
    try:
        begun: dict[str, Any] = json.loads((out / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"{out} holds a checkpoint, but no readable {CONFIG}.", "Choose another folder for the run."
        ) from error
    now = json.loads(json.dumps(settings))
    then = _flat({name: begun.get(name) for name in now})
    different = [name for name, value in _flat(now).items() if value != then.get(name)]
    if different:
        raise InvalidInput(
            f"{out} holds a run with another {', '.join(different)}.",
            "Choose another folder, or the settings in its config.json.",
        )


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings by their names, those in groups as well."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return flat


def _circumstances(model: Trained) -> dict[str, Any]:
    """What else the result depends on, to the last bit."""
    return {
        "profile": asdict(model.profile),
        "versions": {
            "lift-pose": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "device": str(model.input_mean.device),
        "threads": torch.get_num_threads(),
        "machine": platform.platform(),
    }


def _write_json(path: Path, value: object) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _set_precision(recipe: Recipe) -> None:
    """TF32 is off unless asked for; it makes a difference on CUDA only."""
    torch.set_float32_matmul_precision("high" if recipe.precision == "tf32" else "highest")
