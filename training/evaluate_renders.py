"""Evaluate weights on held-out renders: python -m training.evaluate_renders FOLDER [--weights FILE].

Prints errors of the weights and of MediaPipe's world landmarks by view, on the people whose limbs are
all in the picture and whom both found.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lifting_core.lifting.lifter import Lifter
from training.command import command
from training.datasets.renders import read_renders
from training.evaluation.renders import (
    Errors,
    errors_by_view,
    lift_renders,
    limbs_in_picture,
    mediapipe_joints,
    table,
)
from training.fitting.record import write_json

log = logging.getLogger(__name__)


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate_renders", description=__doc__)
    parser.add_argument("renders", type=Path, help="folder that training.render has filled")
    parser.add_argument("--weights", type=Path, help="those that ship, if left out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the errors there as well")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    report = evaluate(options.renders, options.weights)
    sys.stdout.write(table(report) + "\n")
    if options.json:
        plain = {
            name: {view: dataclasses.asdict(errors) for view, errors in views.items()}
            for name, views in report.items()
        }
        write_json(options.json, plain)


def evaluate(folder: Path, weights: Path | None) -> dict[str, dict[str, Errors]]:
    """Errors by view of the weights and of MediaPipe. Raises InvalidInput when something cannot be used."""
    renders = read_renders(folder, held_out=True)
    ours = lift_renders(renders, Lifter.load(weights, "cpu"))
    theirs = mediapipe_joints(renders)
    whole = limbs_in_picture(renders)
    found, known = (np.isfinite(joints[:, 0]).all(1) for joints in (ours, theirs))
    both = whole & found & known
    log.info(
        "%d people, %d with all limbs in the picture; of these %.0f %% lifted, %.0f %% found by MediaPipe.",
        *(len(renders), whole.sum(), 100 * found[whole].mean(), 100 * known[whole].mean()),
    )
    return {
        "weights": errors_by_view(ours, renders, both),
        "MediaPipe": errors_by_view(theirs, renders, both),
    }


if __name__ == "__main__":
    raise SystemExit(main())
