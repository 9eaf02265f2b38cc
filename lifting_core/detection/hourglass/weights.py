"""Weights of stacked hourglasses: a safetensors file that says what joints they find in what pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from lifting_core.detection.hourglass.network import HourglassShape, StackedHourglass
from lifting_core.weights_file import WeightsKind, check_tensors, read_weights, weights_of, write_weights

_KIND = WeightsKind(
    "lift-pose-hourglass",
    1,
    "weights of a stacked hourglass",
    "Use a file that training.hourglass or training.convert wrote.",
)


@dataclass(frozen=True)
class HourglassProfile:
    """What weights read and give."""

    joints: tuple[str, ...]
    """Names of the keypoints, one for each heat map."""
    input_size: int = 256
    """Pixels along the sides of the square picture."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """RGB from 0 to 1 that is taken from every pixel."""
    record: dict[str, Any] = field(default_factory=dict)
    """How the weights came about."""


class HourglassModel(nn.Module):
    """A network with what its weights were trained for."""

    mean: Tensor

    def __init__(self, profile: HourglassProfile, shape: HourglassShape) -> None:
        super().__init__()
        if len(profile.joints) != shape.joints:
            raise ValueError(f"{len(profile.joints)} names for {shape.joints} heat maps")
        if not 0 < profile.input_size <= 1024 or profile.input_size % shape.input_step:
            raise ValueError(f"an input of {profile.input_size} pixels, not a multiple of {shape.input_step}")
        self.profile = profile
        self.network = StackedHourglass(shape)
        self.register_buffer("mean", torch.tensor(profile.mean).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(N, 3, S, S) RGB from 0 to 1 to the (N, J, S/4, S/4) heat maps of every stack."""
        heatmaps: list[Tensor] = self.network(images - self.mean)
        return heatmaps


def save_hourglass(model: HourglassModel, path: str | os.PathLike[str]) -> None:
    """Write a model, whole or not at all. Raises LiftPoseError when the file cannot be written."""
    metadata = {"profile": asdict(model.profile), "network": asdict(model.network.shape)}
    write_weights(path, _KIND, metadata, weights_of(model.network))


def load_hourglass(path: str | os.PathLike[str]) -> HourglassModel:
    """Read a model that `save_hourglass` wrote, ready for use. Raises InvalidInput when there is none."""
    return read_weights(path, _KIND, _built)


def _built(metadata: dict[str, Any], tensors: dict[str, Tensor]) -> HourglassModel:
    profile, network = metadata["profile"], metadata["network"]
    named = {**profile, "joints": tuple(profile["joints"]), "mean": tuple(profile["mean"])}
    shape = HourglassShape(**{**network, "stem": tuple(network["stem"])})
    return filled(HourglassProfile(**named), shape, tensors)


def filled(profile: HourglassProfile, shape: HourglassShape, tensors: Mapping[str, Tensor]) -> HourglassModel:
    """A model with these weights, in single precision, ready for use.

    Raises ValueError, naming a tensor, when any is missing, too many or of another shape.
    """
    with torch.device("meta"):
        network = StackedHourglass(shape)
    check_tensors(weights_of(network), tensors)
    model = HourglassModel(profile, shape)
    model.network.load_state_dict(dict(tensors), strict=False)
    return model.eval().requires_grad_(False)
