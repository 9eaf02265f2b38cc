"""Train the lifting network: python -m training.train --data FOLDER --out RUN.

FOLDER holds a licensed copy of Human3.6M, in any of its public layouts, or motion capture (BVH, C3D), which
is then seen by random cameras. A run that was stopped goes on where its last checkpoint stands.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.lifting.device import DEVICES, choose_device
from training.datasets.human36m.loading import load_human36m
from training.datasets.human36m.names import ACTIONS
from training.datasets.mocap import FORMATS
from training.human36m import human36m_task
from training.processes import Processes, joined
from training.recipe import PRECISIONS, RECIPES, Recipe
from training.run import Cadence, Task, train
from training.simulated import simulated_task

log = logging.getLogger(__name__)

KEYPOINTS = ("gt", "sh", "sh_ft", "cpn")
SWITCHES = ("batch_norm", "residual", "max_norm", "camera_frame", "flips")
"""Ingredients of a recipe that are there or not."""
NUMBERS = ("epochs", "batch_size", "width", "blocks", "dropout", "learning_rate")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        with joined(choose_device(options.device)) as (processes, device):
            if not processes.leads:
                logging.disable(logging.INFO)
            _train(options, processes, device)
    except LiftPoseError as error:
        log.error("%s", error)
        return 2 if isinstance(error, InvalidInput) else 1
    return 0


def _train(options: argparse.Namespace, processes: Processes, device: torch.device) -> None:
    _make_folder(options.out)
    mocap = holds_motion_capture(options.data)
    recipe = recipe_from(options, "simulated" if mocap else "paper")
    task: Task
    if mocap:
        task = simulated_task(options.data, recipe, options.seed, device, processes)
    else:
        sequences = load_human36m(options.data, options.keypoints, options.partial)
        source = str(options.keypoints)
        task = human36m_task(sequences, recipe, options.seed, device, processes, options.action, source)
    train(task, recipe, options.out, options.seed, processes, Cadence(options.checkpoint_every))


def holds_motion_capture(folder: Path) -> bool:
    """Whether a folder holds motion capture, else it should be Human3.6M. Raises InvalidInput for none."""
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}.", "Name a folder of Human3.6M or motion capture.")
    return any(path.suffix.lower() in FORMATS for path in folder.rglob("*"))


def recipe_from(options: argparse.Namespace, default: str) -> Recipe:
    """The named recipe with the ingredients that options change."""
    changes: dict[str, Any] = {
        name: value for name in (*SWITCHES, *NUMBERS) if (value := getattr(options, name)) is not None
    }
    if options.precision is not None:
        changes["precision"] = options.precision
    if options.initialisation is not None:
        changes["initialisation"] = options.initialisation
    recipe = replace(RECIPES[options.recipe or default], **changes)
    if min(recipe.epochs, recipe.batch_size, recipe.width, recipe.blocks + 1) < 1 or recipe.batch_size < 2:
        raise InvalidInput("Epochs, batch size, width and blocks must be positive.", "Give other numbers.")
    return recipe


def keypoint_source(text: str) -> str | Path:
    """One of `KEYPOINTS`, or a file."""
    return text if text in KEYPOINTS else Path(text)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"The folder {path} cannot be made: {error.strerror}.", "Choose another."
        ) from error


def parser() -> argparse.ArgumentParser:
    """The options of a training run."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of Human3.6M or motion capture")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--recipe",
        choices=list(RECIPES),
        help="paper (for Human3.6M), modern, simulated (for motion capture)",
    )
    parser.add_argument("--action", metavar="NAME", choices=ACTIONS, help="train and test on one action only")
    add_data_options(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--checkpoint-every",
        type=int,
        default=Cadence().steps,
        metavar="STEPS",
        help="least number of steps between checkpoints, which are made when an epoch ends (%(default)s)",
    )
    add_recipe_options(parser)
    return parser


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """What to read of Human3.6M, and where to compute."""
    parser.add_argument(
        "--keypoints",
        type=keypoint_source,
        default="gt",
        metavar="gt|sh|sh_ft|cpn|FILE",
        help="2D to train on",
    )
    parser.add_argument("--partial", action="store_true", help="make do with an incomplete copy")
    parser.add_argument("--device", choices=DEVICES, default="auto")


def add_recipe_options(parser: argparse.ArgumentParser) -> None:
    """Everything by which a run may differ from its recipe."""
    group = parser.add_argument_group("ingredients", "what to change in the recipe")
    for name in SWITCHES:
        group.add_argument(f"--{name.replace('_', '-')}", action=argparse.BooleanOptionalAction, default=None)
    for name in NUMBERS:
        kind = float if name in ("dropout", "learning_rate") else int
        group.add_argument(f"--{name.replace('_', '-')}", type=kind)
    group.add_argument("--precision", choices=PRECISIONS)
    group.add_argument("--initialisation", choices=("kaiming", "kaiming_weights", "pytorch"))


if __name__ == "__main__":
    raise SystemExit(main())
