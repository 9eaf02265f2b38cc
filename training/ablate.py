"""The paper's ablation with one command: python -m training.ablate --data FOLDER --out FOLDER.

Trains the recipe whole, and then without each of its ingredients; prints the table and writes it to
ablation.json. Every variant is a run folder of its own, so that an ablation which was stopped goes on.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lifting_core.lifting.device import choose_device
from training.command import command
from training.datasets.human36m.loading import load_human36m
from training.evaluate import Candidate
from training.evaluation.scoring import averages
from training.fitting.record import WEIGHTS, write_json
from training.fitting.run import train
from training.folders import make_folder
from training.options import add_data_options, add_recipe_options, recipe_from
from training.tasks.human36m import human36m_task

log = logging.getLogger(__name__)

VARIANTS: dict[str, dict[str, Any]] = {
    "full": {},
    "without max-norm": {"max_norm": False},
    "without residual": {"residual": False},
    "without batch norm": {"batch_norm": False},
    "without dropout": {"dropout": 0.0},
    "without max-norm and batch norm": {"max_norm": False, "batch_norm": False},
    "one block": {"blocks": 1},
    "without the camera frame": {"camera_frame": False},
}
"""What every variant changes in the recipe."""


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    results = ablate(options)
    write_json(options.out / "ablation.json", results)
    sys.stdout.write(table(results) + "\n")


def ablate(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Train and test every variant; the averages of both protocols by variant, in millimetres."""
    device = choose_device(options.device)
    whole = recipe_from(options, "paper")
    sequences = load_human36m(options.data, options.keypoints, options.partial)
    results = {}
    for name in options.variants:
        log.info("Training %s.", name)
        recipe = replace(whole, **VARIANTS[name])
        folder = options.out / name.replace(" ", "-")
        make_folder(folder)
        task = human36m_task(sequences, recipe, options.seed, device, source=str(options.keypoints))
        train(task, recipe, folder, options.seed)
        tested = Candidate(folder / WEIGHTS, device).test(sequences)
        results[name] = averages(tested.predicted, tested.poses)
    return results


def table(results: dict[str, dict[str, float]]) -> str:
    """The results beside what they differ by from the first."""
    lines = [f"{'mm':34}{'Protocol 1':>12}{'difference':>12}{'Protocol 2':>12}{'difference':>12}"]
    first = next(iter(results.values()))
    for name, errors in results.items():
        numbers = [(errors[protocol], errors[protocol] - first[protocol]) for protocol in errors]
        lines.append(f"{name:34}" + "".join(f"{error:12.1f}{gap:+12.1f}" for error, gap in numbers))
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.ablate", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder of the runs")
    parser.add_argument(
        "--variants",
        nargs="+",
        choices=VARIANTS,
        default=list(VARIANTS),
        help="only these",
    )
    parser.add_argument("--seed", type=int, default=0)
    add_data_options(parser)
    add_recipe_options(parser)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
