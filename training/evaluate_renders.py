"""Evaluate weights on held-out renders: python -m training.evaluate_renders FOLDER [--weights FILE].

Prints errors by view and by whose motion it is, of the weights, one frame at a time, of the motions that the
engine makes of whole shots with them, and of MediaPipe's world landmarks, on the people whose limbs are all
in the picture and whom all three found.
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
from training.evaluation.clips import finished_joints
from training.evaluation.renders import (
    Errors,
    errors_by_subject,
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
    """Errors of each of the three. Raises InvalidInput when something cannot be used."""
    renders = read_renders(folder, held_out=True)
    lifter = Lifter.load(weights, "cpu")
    joints = {
        "one frame": lift_renders(renders, lifter),
        "motion": finished_joints(renders, lifter),
        "MediaPipe": mediapipe_joints(renders),
    }
    whole = limbs_in_picture(renders)
    found = {name: np.isfinite(own[:, 0]).all(1) for name, own in joints.items()}
    log.info(
        "%d people, %d with all limbs in the picture; of these %.0f %% lifted, %.0f %% found by MediaPipe.",
        *(len(renders), whole.sum()),
        *(100 * found[name][whole].mean() for name in ("motion", "MediaPipe")),
    )
    counted = np.logical_and.reduce([whole, *found.values()])
    return {
        name: errors_by_view(own, renders, counted) | errors_by_subject(own, renders, counted)
        for name, own in joints.items()
    }


if __name__ == "__main__":
    raise SystemExit(main())
