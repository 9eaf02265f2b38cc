"""Teach weights how far off they are: python -m training.calibrate WEIGHTS --data FOLDER --out FILE.

The network stays as it is and gets a layer that tells by how many metres every joint is likely to be off,
from what the network thinks last. It is fitted on motion capture as the network was, made larger by the one
factor that subjects ask for whom nothing was trained on, and checked on other views of these.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from lifting_core.lifting.weights import LiftingModel, save_model, spread
from training.command import command
from training.datasets.mocap import Clip, read_mocap
from training.tasks.observed import ObservedPeople
from training.tasks.simulated import SimulatedViews, Sources, full_body_model, split_by_subject

Draw = Callable[[int], tuple[Tensor, Tensor]]
"""The features and joints of a step."""

_STEPS = 300
_POSES = 1024
_CHECKS = 8
_PARTS = 5
_LEARNING_RATE = 3e-4


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=__doc__)
    parser.add_argument("weights", type=Path, help="of training.train")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="motion capture")
    parser.add_argument(
        "--renders", type=Path, nargs="+", default=(), metavar="FOLDER", help="as for training.train"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the weights to write")
    parser.add_argument("--steps", type=int, default=_STEPS, help="(%(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    model = calibrate(Sources(options.data, tuple(options.renders), options.weights), options.steps)
    save_model(model, options.out)


def calibrate(sources: Sources, steps: int) -> LiftingModel:
    """The weights of the sources with spreads. Raises InvalidInput when a source cannot be used."""
    assert sources.weights is not None
    model = full_body_model(sources.weights)
    training, held_out = split_by_subject(read_mocap(sources.motion))
    observed, unseen = sources.observed(), sources.observed(held_out=True)
    fit_spread(model, _views(training, observed), steps)
    others = _views(held_out or training, unseen)
    widen(model, others)
    table = check(model, others)
    sys.stdout.write("Millimetres off, told and true, from the surest fifth to the least sure\n")
    sys.stdout.write("".join(f"  {1000 * told:5.0f} {1000 * true:5.0f}\n" for told, true in table))
    return model


def _views(clips: list[Clip], observed: ObservedPeople | None) -> Draw:
    source = SimulatedViews(clips, observed, _POSES, (1,), torch.device("cpu"))

    def draw(step: int) -> tuple[Tensor, Tensor]:
        features, joints = source.draw(step, 1)
        return features[0], joints[0]

    return draw


def fit_spread(model: LiftingModel, draw: Draw, steps: int) -> None:
    """Give a model's network its layer of spreads.

    A joint that is off by d is taken to have the likelihood exp(-d / s) / s: the s that is most likely of all
    is the mean of d.
    """
    network, joints = model.network, len(model.profile.joints)
    layer = nn.Linear(network.shape.width, joints)
    nn.init.zeros_(layer.weight)
    nn.init.constant_(layer.bias, -3.0)
    optimiser = torch.optim.Adam(layer.parameters(), _LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        features, truth = draw(step)
        with torch.no_grad():
            hidden, off = _hidden_and_error(model, features, truth)
        told = spread(layer, hidden)
        assert told is not None
        loss = (told.log() + off / told).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    network.spread = layer.requires_grad_(False)
    network.shape = replace(network.shape, spread=joints)


def widen(model: LiftingModel, draw: Draw) -> None:
    """Multiply all spreads by how much farther off joints are on the whole, in views of other subjects."""
    told, true = _told_and_true(model, draw, range(_CHECKS, 2 * _CHECKS))
    assert model.network.spread is not None
    model.network.spread.bias.add_((true.mean() / told.mean()).log())


def check(model: LiftingModel, draw: Draw) -> list[tuple[float, float]]:
    """Metres that joints are said to be off and are, from the surest fifth of them to the least sure."""
    told, true = _told_and_true(model, draw, range(_CHECKS))
    fifths = told.argsort().chunk(_PARTS)
    return [(float(told[fifth].mean()), float(true[fifth].mean())) for fifth in fifths]


@torch.no_grad()
def _told_and_true(model: LiftingModel, draw: Draw, steps: range) -> tuple[Tensor, Tensor]:
    """Metres of every joint of every view."""
    told, true = [], []
    for step in steps:
        features, truth = draw(step)
        joints, spread = model.with_spread(features)
        assert spread is not None
        told.append(spread.flatten())
        true.append((joints - truth).norm(dim=-1).flatten())
    return torch.cat(told), torch.cat(true)


def _hidden_and_error(model: LiftingModel, features: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    hidden = model.hidden(features)
    return hidden, (model.joints(hidden) - truth).norm(dim=-1)


if __name__ == "__main__":
    raise SystemExit(main())
