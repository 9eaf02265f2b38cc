"""Untrained models, as a recipe asks for them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lifting_core.lifting.network import NetworkShape
from lifting_core.lifting.weights import LiftingModel, Profile
from training.fitting.recipe import Recipe


def new_model(profile: Profile, recipe: Recipe) -> LiftingModel:
    """A model with random weights, drawn from PyTorch's global generator."""
    shape = NetworkShape(
        inputs=profile.features,
        outputs=3 * len(profile.joints),
        width=recipe.width,
        blocks=recipe.blocks,
        dropout=recipe.dropout,
        batch_norm=recipe.batch_norm,
        residual=recipe.residual,
        max_norm=recipe.max_norm,
        batch_norm_epsilon=recipe.batch_norm_epsilon,
    )
    model = LiftingModel(profile, shape)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            _initialise(module, recipe)
    return model


def _initialise(linear: nn.Linear, recipe: Recipe) -> None:
    if recipe.initialisation == "pytorch":
        linear.reset_parameters()
        return
    _kaiming(linear.weight, linear.in_features)
    if recipe.initialisation == "kaiming":
        _kaiming(linear.bias, linear.out_features)


def _kaiming(parameter: Tensor, fan: int) -> None:
    """He et al. (ICCV 2015), as in the paper's code: normal, cut off at two standard deviations.

    The code takes the first dimension of a parameter for its fan, for a bias the number of outputs.
    """
    deviation = math.sqrt(2 / fan)
    nn.init.trunc_normal_(parameter, 0.0, deviation, -2 * deviation, 2 * deviation)


def standardise(model: LiftingModel, features: Tensor, joints: Tensor) -> None:
    """Set both normalisations to mean and deviation per dimension (paper, section 3.2)."""
    for name, values in (("input", features), ("output", joints)):
        deviation, mean = torch.std_mean(values.flatten(1).double(), dim=0, correction=0)
        getattr(model, f"{name}_mean").copy_(mean)
        getattr(model, f"{name}_deviation").copy_(deviation.clamp(min=1e-6))
