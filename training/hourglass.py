"""Train the stacked hourglass: python -m training.hourglass --annotations FILE --images FOLDER --out RUN.

The annotations are MPII's, in either JSON layout of public code, or those that training.pictures has made of
Human3.6M. The recipe mpii trains from the beginning; human36m is the paper's fine-tuning, and wants --start
with weights to begin with: those of another run, or a converted public checkpoint. A run that was stopped
goes on where its last checkpoint stands.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from lifting_core import __version__
from lifting_core.detection.hourglass.network import HourglassShape
from lifting_core.detection.hourglass.weights import (
    HourglassModel,
    HourglassProfile,
    load_hourglass,
    save_hourglass,
)
from lifting_core.detection.joint_sets import joint_set
from lifting_core.errors import InvalidInput
from lifting_core.lifting.device import choose_device
from lifting_core.settings import DEVICES
from training.command import command
from training.datasets.mpii import AnnotatedPerson, read_people
from training.fitting.recipe import PRECISIONS
from training.fitting.record import (
    CHECKPOINT,
    CONFIG,
    HISTORY,
    WEIGHTS,
    check_same_run,
    circumstances,
    write_json,
)
from training.folders import make_folder
from training.heatmaps.fitting import HeatmapFit
from training.heatmaps.measures import evaluate
from training.heatmaps.recipe import RECIPES, HourglassRecipe
from training.heatmaps.samples import People, batches

log = logging.getLogger(__name__)

_JOINTS = {"mpii": "mpii-16", "human36m": "human36m-16"}
"""What the pictures of every recipe are annotated with."""


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train(options)


def train(options: argparse.Namespace) -> None:
    """Train from the beginning or the last checkpoint to the end. Raises InvalidInput for bad data."""
    recipe = _recipe(options)
    names = joint_set(_JOINTS[options.recipe])
    people, held_out = _people(options, names)
    torch.manual_seed(options.seed)
    model = _model(options, recipe, names).to(choose_device(options.device))
    make_folder(options.out)
    settings = {
        "recipe": asdict(recipe),
        "seed": options.seed,
        "start": str(options.start) if options.start else None,
        "data": {"people": len(people), "held_out": len(held_out)},
    }
    fit = HeatmapFit(model, recipe)
    history: list[dict[str, Any]] = []
    if (options.out / CHECKPOINT).exists():
        check_same_run(options.out, settings)
        history = fit.resume(options.out / CHECKPOINT)
        log.info("Going on after %d of %d iterations.", fit.step, recipe.iterations)
    else:
        write_json(options.out / CONFIG, settings | circumstances(model.mean.device))
    samples = People(people, model.profile, recipe, options.seed)
    with logging_redirect_tqdm(), tqdm(total=recipe.iterations, initial=fit.step, unit=" batches") as bar:
        while fit.step < recipe.iterations:
            steps = fit.step, min(fit.step + options.checkpoint_every, recipe.iterations)
            loader = batches(samples, len(people), recipe, options.seed, steps, options.workers)
            loss = fit.run(loader)
            bar.update(steps[1] - steps[0])
            history.append(_tested(model, held_out, fit.step, loss))
            fit.save(options.out / CHECKPOINT, history)
            _write_results(options.out, model, settings, history)


def _tested(model: HourglassModel, held_out: list[AnnotatedPerson], step: int, loss: float) -> dict[str, Any]:
    """An entry of the history."""
    entry: dict[str, Any] = {"step": step, "loss": loss}
    if held_out:
        errors = evaluate(model, held_out, model.mean.device)
        entry |= asdict(errors)
        pckh = "" if errors.pckh is None else f"PCKh@0.5 {errors.pckh:.1f} %, "
        log.info("Step %d: loss %.6f, %s%.2f px.", step, loss, pckh, errors.pixels)
    return entry


def _write_results(
    out: Path, model: HourglassModel, settings: dict[str, Any], history: list[dict[str, Any]]
) -> None:
    """The weights are always the newest: none are chosen by their test error."""
    record = {"version": __version__, **settings, **history[-1]}
    model.profile = replace(model.profile, record=record)
    save_hourglass(model, out / WEIGHTS)
    write_json(out / HISTORY, history)


def _recipe(options: argparse.Namespace) -> HourglassRecipe:
    names = {field.name for field in fields(HourglassRecipe)}
    changes = {name: value for name, value in vars(options).items() if name in names}
    recipe = replace(RECIPES[options.recipe], **changes)
    least = min(recipe.stacks, recipe.features, recipe.batch_size, recipe.iterations)
    if least < 1 or min(recipe.learning_rate, recipe.deviation) <= 0:
        raise InvalidInput("Stacks, features, batch size, iterations, rate and deviation must be positive.")
    if not (0 <= recipe.scale < 1 and 0 <= recipe.colour <= 1 and 0 <= recipe.rotation <= 180):
        raise InvalidInput("Scale and colour must lie between 0 and 1, rotation between 0 and 180 degrees.")
    return recipe


def _people(
    options: argparse.Namespace, names: tuple[str, ...]
) -> tuple[list[AnnotatedPerson], list[AnnotatedPerson]]:
    people: list[AnnotatedPerson] = []
    held_out: list[AnnotatedPerson] = []
    for path in options.annotations:
        trained, tested = read_people(path, options.images or path.parent / "images", names)
        people += trained
        held_out += tested
    for path in options.held_out:
        for part in read_people(path, options.images or path.parent / "images", names):
            held_out += part
    return people, held_out


def _model(options: argparse.Namespace, recipe: HourglassRecipe, names: tuple[str, ...]) -> HourglassModel:
    """The network to begin with."""
    if options.start is not None:
        model = load_hourglass(options.start)
        if len(names) != len(model.profile.joints):
            raise InvalidInput(
                f"{options.start} finds {len(model.profile.joints)} joints, not {len(names)}.",
                "Name other weights with --start.",
            )
        model.profile = replace(model.profile, joints=names)
        return model
    if options.recipe == "human36m":
        raise InvalidInput("Fine-tuning wants weights to begin with.", "Name some with --start.")
    try:
        stem = (recipe.features // 4, recipe.features // 2, recipe.features)
        shape = HourglassShape(recipe.stacks, len(names), recipe.features, stem)
        return HourglassModel(HourglassProfile(names, recipe.input_size, _MEAN), shape)
    except ValueError as error:
        raise InvalidInput(
            f"There cannot be a network with {error}.", "Change --stacks, --features or --input-size."
        ) from error


_MEAN = (0.4404, 0.4440, 0.4327)
"""Of MPII's pictures."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.hourglass", description=__doc__)
    add = parser.add_argument
    add("--annotations", type=Path, nargs="+", required=True, metavar="FILE", help="people to train on")
    add("--held-out", type=Path, nargs="*", default=[], metavar="FILE", help="people to test on")
    add("--images", type=Path, metavar="FOLDER", help="their pictures (images/ beside the file)")
    add("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    add("--recipe", choices=list(RECIPES), default="mpii")
    add("--start", type=Path, metavar="WEIGHTS", help="weights to begin with")
    add("--device", choices=DEVICES, default="auto")
    add("--workers", type=int, default=0, help="processes that prepare pictures (%(default)s)")
    add("--seed", type=int, default=0)
    add("--checkpoint-every", type=int, default=2000, metavar="STEPS", help="(%(default)s)")
    group = parser.add_argument_group("ingredients", "what to change in the recipe")
    for field in fields(HourglassRecipe):
        flag = "--" + field.name.replace("_", "-")
        if field.name == "precision":
            group.add_argument(flag, choices=PRECISIONS, default=argparse.SUPPRESS)
        elif field.name == "flip":
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS)
        else:
            kind = int if isinstance(getattr(RECIPES["mpii"], field.name), int) else float
            group.add_argument(flag, type=kind, metavar="N", default=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
