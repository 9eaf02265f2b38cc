"""Train the lifting network: python -m training.train --data FOLDER --out RUN.

FOLDER holds a licensed copy of Human3.6M, in any of its public layouts, or motion capture (BVH, C3D,
ASF/AMC), which is then seen by random cameras. A run that was stopped goes on where its last checkpoint
stands.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from lifting_core.lifting.device import choose_device
from training.command import command
from training.datasets.human36m.loading import load_human36m
from training.datasets.human36m.names import ACTIONS
from training.datasets.mocap import holds_motion_capture
from training.fitting.processes import Processes, joined
from training.fitting.recipe import RECIPES
from training.fitting.run import Cadence, Task, train
from training.folders import make_folder
from training.options import add_data_options, add_recipe_options, recipe_from
from training.tasks.human36m import human36m_task
from training.tasks.simulated import Sources, simulated_task


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with joined(choose_device(options.device)) as (processes, device):
        if not processes.leads:
            logging.disable(logging.INFO)
        _train(options, processes, device)


def _train(options: argparse.Namespace, processes: Processes, device: torch.device) -> None:
    make_folder(options.out)
    mocap = holds_motion_capture(options.data)
    recipe = recipe_from(options, options.recipe or ("simulated" if mocap else "paper"))
    task: Task
    if mocap:
        sources = Sources(options.data, tuple(options.renders), options.start_from)
        task = simulated_task(sources, recipe, options.seed, device, processes)
    else:
        sequences = load_human36m(options.data, options.keypoints, options.partial)
        source = str(options.keypoints)
        task = human36m_task(sequences, recipe, options.seed, device, processes, options.action, source)
    train(task, recipe, options.out, options.seed, processes, Cadence(options.checkpoint_every))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--recipe",
        choices=list(RECIPES),
        help="paper (for Human3.6M), modern, simulated (for motion capture)",
    )
    parser.add_argument(
        "--renders",
        type=Path,
        nargs="+",
        default=(),
        metavar="FOLDER",
        help="make the errors that detectors made on these pictures (training.render), too",
    )
    parser.add_argument(
        "--start-from", type=Path, metavar="WEIGHTS", help="go on with weights that motion capture made"
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


if __name__ == "__main__":
    raise SystemExit(main())
