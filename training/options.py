"""Options that the commands of `training` have in common."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import get_args

from lifting_core.errors import InvalidInput
from lifting_core.settings import DEVICES
from training.datasets.human36m.loading import KeypointSource
from training.fitting.recipe import PRECISIONS, RECIPES, Recipe

KEYPOINTS = get_args(KeypointSource)

_SWITCHES = {
    "batch_norm": "batch normalisation",
    "residual": "residual connections",
    "max_norm": "weight matrices of norm 1 at most",
    "camera_frame": "joints in the camera's axes, not the world's",
    "neck": "read the neck/nose, too",
    "flips": "mirror poses in training and testing",
}
_NUMBERS = {
    "epochs": int,
    "batch_size": int,
    "width": int,
    "blocks": int,
    "dropout": float,
    "learning_rate": float,
    "bone_loss": float,
    "decay": float,
    "batch_norm_epsilon": float,
}
_CHOICES = {
    "loss": ("mse", "mpjpe"),
    "scaling": ("standardised", "width"),
    "initialisation": ("kaiming", "kaiming_weights", "pytorch"),
    "precision": PRECISIONS,
}


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """What to read of Human3.6M, and where to compute."""
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="a copy of Human3.6M")
    parser.add_argument(
        "--keypoints",
        type=_keypoint_source,
        default="gt",
        metavar="gt|sh|sh_ft|cpn|FILE",
        help="2D: projected joints (gt), stacked hourglass, fine-tuned, CPN, or an npz of detections",
    )
    parser.add_argument("--partial", action="store_true", help="make do with an incomplete copy")
    parser.add_argument("--device", choices=DEVICES, default="auto")


def add_recipe_options(parser: argparse.ArgumentParser) -> None:
    """Everything by which a run may differ from its recipe."""
    group = parser.add_argument_group(
        "ingredients", "what to change in the recipe (training/fitting/recipe.py)"
    )
    for name, words in _SWITCHES.items():
        action = argparse.BooleanOptionalAction
        group.add_argument(_flag(name), action=action, help=words, default=argparse.SUPPRESS)
    for name, kind in _NUMBERS.items():
        group.add_argument(_flag(name), type=kind, metavar="N", default=argparse.SUPPRESS)
    for name, choices in _CHOICES.items():
        group.add_argument(_flag(name), choices=choices, default=argparse.SUPPRESS)


def recipe_from(options: argparse.Namespace, name: str) -> Recipe:
    """The named recipe, with the ingredients that the options change.

    Raises InvalidInput for numbers that make no sense.
    """
    ingredients = (*_SWITCHES, *_NUMBERS, *_CHOICES)
    changes = {key: value for key, value in vars(options).items() if key in ingredients}
    recipe = replace(RECIPES[name], **changes)
    if min(recipe.epochs, recipe.width) < 1 or recipe.blocks < 0 or recipe.batch_size < 2:
        raise InvalidInput("Epochs and width must be at least 1, the batch size 2, blocks 0.")
    if not 0 <= recipe.dropout < 1 or min(recipe.learning_rate, recipe.decay, recipe.batch_norm_epsilon) <= 0:
        raise InvalidInput("Dropout must lie between 0 and 1; rate, decay and epsilon must be positive.")
    return recipe


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _keypoint_source(text: str) -> str | Path:
    """One of `KEYPOINTS`, or a file."""
    return text if text in KEYPOINTS else Path(text)
