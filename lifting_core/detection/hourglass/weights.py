"""Weights of stacked hourglasses: a safetensors file that says what joints they find in what pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from lifting_core.detection.hourglass.network import HourglassShape, StackedHourglass
from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole

FORMAT = "lift-pose-hourglass"
VERSION = 1


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
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "profile": json.dumps(asdict(model.profile)),
        "network": json.dumps(asdict(model.network.shape)),
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights_of(model.network).items()}
    with written_whole(path) as temporary:
        temporary.write_bytes(save(tensors, metadata))


def load_hourglass(path: str | os.PathLike[str]) -> HourglassModel:
    """Read a model that `save_hourglass` wrote, ready for use. Raises InvalidInput when there is none."""
    advice = "Use a file that training.hourglass or training.convert wrote."
    if not Path(path).is_file():
        raise InvalidInput(f"The weights {path} do not exist.", advice)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise InvalidInput(f"{path} does not hold weights of a stacked hourglass.", advice)
            if int(metadata["version"]) > VERSION:
                raise InvalidInput(f"{path} was written by a newer Lift Pose.", "Update Lift Pose.")
            profile, network = json.loads(metadata["profile"]), json.loads(metadata["network"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        named = {**profile, "joints": tuple(profile["joints"]), "mean": tuple(profile["mean"])}
        shape = HourglassShape(**{**network, "stem": tuple(network["stem"])})
        return filled(HourglassProfile(**named), shape, tensors)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise InvalidInput(f"The weights {path} are damaged or of another shape: {error}.", advice) from error


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """All that a file must hold; batch normalisation's counters are of no use in one."""
    return {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}


def filled(profile: HourglassProfile, shape: HourglassShape, tensors: Mapping[str, Tensor]) -> HourglassModel:
    """A model with these weights, in single precision, ready for use.

    Raises ValueError, naming a tensor, when any is missing, too many or of another shape.
    """
    with torch.device("meta"):
        network = StackedHourglass(shape)
    check_tensors({name: tuple(tensor.shape) for name, tensor in weights_of(network).items()}, tensors)
    model = HourglassModel(profile, shape)
    model.network.load_state_dict(dict(tensors), strict=False)
    return model.eval().requires_grad_(False)


def check_tensors(expected: Mapping[str, tuple[int, ...]], tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless there are exactly the tensors that are expected."""
    for name in sorted(expected.keys() ^ tensors.keys()):
        raise ValueError(f"tensor {name} is {'missing' if name in expected else 'unexpected'}")
    for name, shape in expected.items():
        if tuple(tensors[name].shape) != shape:
            raise ValueError(f"tensor {name} has shape {tuple(tensors[name].shape)}, not {shape}")
        if not tensors[name].is_floating_point():
            raise ValueError(f"tensor {name} holds {tensors[name].dtype}, not real numbers")
