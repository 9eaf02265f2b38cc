"""Average weights: python -m training.average WEIGHTS WEIGHTS ... --out FILE.

For weights that went on with each other's (`training.train --start-from`): no hill of the error lies between
those of before and after, and their mean is often better than either on people unlike those trained on
(Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022, section 4). Calibrate it afterwards.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from lifting_core.errors import InvalidInput
from lifting_core.lifting.weights import LiftingModel, save_model
from lifting_core.weights_file import weights_of
from training.command import command
from training.tasks.simulated import full_body_model

_NORMALISATION = ("input_mean", "input_deviation", "output_mean", "output_deviation")


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.average", description=__doc__)
    parser.add_argument("weights", type=Path, nargs="+", help="of training.train")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the weights to write")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    save_model(average([full_body_model(path) for path in options.weights]), options.out)


@torch.no_grad()
def average(models: Sequence[LiftingModel]) -> LiftingModel:
    """The mean of the models' parameters but their spreads, with the records of all of them.

    Raises InvalidInput when they do not come from each other.
    """
    shapes = {replace(model.network.shape, spread=0) for model in models}
    states = [weights_of(model) for model in models]
    if len(shapes) > 1 or any(
        not torch.equal(state[name], states[0][name]) for state in states for name in _NORMALISATION
    ):
        raise InvalidInput(
            "These weights do not go on with each other's.",
            "Name those that a run began with, and those that it made of them.",
        )
    record = {"mean_of": [model.profile.record for model in models]}
    mean = LiftingModel(replace(models[0].profile, record=record), shapes.pop())
    for name, tensor in weights_of(mean).items():
        tensor.copy_(torch.stack([state[name].double() for state in states]).mean(0))
    return mean.eval().requires_grad_(False)


if __name__ == "__main__":
    raise SystemExit(main())
