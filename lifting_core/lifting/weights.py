"""The lifting model and the file that carries it: safetensors, with everything else in its metadata."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lifting_core.lifting.network import LiftingNetwork, NetworkShape
from lifting_core.skeleton import JOINTS
from lifting_core.weights_file import WeightsKind, check_tensors, read_weights, weights_of, write_weights

_KIND = WeightsKind(
    "lift-pose-weights",
    1,
    "weights of Lift Pose",
    "Use the weights that ship with Lift Pose, or files that training.train wrote.",
)
DEFAULT_WEIGHTS = Path(__file__).parent / "models" / "default.safetensors"


@dataclass(frozen=True)
class Profile:
    """What a model reads and gives, and how it was made."""

    keypoints: tuple[str, ...]
    """Names of the 2D keypoints it reads, by the names of detectors."""
    joints: tuple[str, ...]
    """Names of the joints it gives, relative to the pelvis."""
    stature: float
    """Metres: how tall everybody was made before training; the size in which joints come out."""
    record: dict[str, Any] = field(default_factory=dict)
    """How the weights were trained."""
    input: Literal["view", "pixels"] = "view"
    """Features of a person-centred view (`view.PersonView`), or pixels of a camera like Human3.6M's, as in
    the paper (`virtual_camera.VirtualCamera`)."""
    axes: Literal["camera", "world"] = "camera"
    """Axes of the joints. Weights that give the data set's world axes serve comparison only."""
    apparent_size: bool = False
    """Whether a view's features end with the logarithm of the size that the person appears in."""

    def __post_init__(self) -> None:
        if self.input not in ("view", "pixels") or self.axes not in ("camera", "world"):
            raise ValueError(f"unknown input {self.input!r} or axes {self.axes!r}")

    @property
    def features(self) -> int:
        """Numbers a pose is described by: x and y of every keypoint, in a view its confidence too,
        and the apparent size."""
        return (3 if self.input == "view" else 2) * len(self.keypoints) + self.apparent_size


_SPREAD_LIMITS = (-5.0, 0.0)
"""Logarithms of metres: no joint is surer than to 7 mm, and none is farther off than a metre."""


class LiftingModel(nn.Module):
    """The network between its two normalisations.

    Both ends are standardised by mean and standard deviation over the training set (paper, section 3.2).
    """

    input_mean: Tensor
    input_deviation: Tensor
    output_mean: Tensor
    output_deviation: Tensor

    def __init__(self, profile: Profile, shape: NetworkShape) -> None:
        super().__init__()
        if shape.inputs != profile.features or shape.outputs != 3 * len(profile.joints):
            raise ValueError("the network's sizes do not fit the profile's keypoints and joints")
        self.profile = profile
        self.network = LiftingNetwork(shape)
        for name, size in (("input", shape.inputs), ("output", shape.outputs)):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_deviation", torch.ones(size))

    def forward(self, features: Tensor) -> Tensor:
        """(N, F) features of `view.PersonView`, or (N, K, 2) pixels, to (N, J, 3) metres from the pelvis.

        The joints are in the axes of that view or camera.
        """
        return self.joints(self.hidden(features))

    def with_spread(self, features: Tensor) -> tuple[Tensor, Tensor | None]:
        """The joints, and how far off each is likely to be, (N, J) metres, if the network tells."""
        hidden = self.hidden(features)
        return self.joints(hidden), spread(self.network.spread, hidden)

    def hidden(self, features: Tensor) -> Tensor:
        """(N, width) what the network thinks last."""
        return self.network.hidden((features.flatten(1) - self.input_mean) / self.input_deviation)

    def joints(self, hidden: Tensor) -> Tensor:
        """(N, J, 3) by what the network thinks last."""
        joints: Tensor = self.network.exit(hidden) * self.output_deviation + self.output_mean
        return joints.reshape(-1, len(self.profile.joints), 3)


def spread(layer: nn.Linear | None, hidden: Tensor) -> Tensor | None:
    """Metres, from what a network thinks last; the layer gives logarithms."""
    if layer is None:
        return None
    return metres(layer(hidden))


def metres(spread: Tensor) -> Tensor:
    """Of a spread's logarithms, as far as they are believed."""
    return spread.clamp(*_SPREAD_LIMITS).exp()


def save_model(
    model: LiftingModel, path: str | os.PathLike[str], precision: torch.dtype = torch.float16
) -> None:
    """Write the model, its network in half precision unless another is asked for.

    Raises LiftPoseError when the file cannot be written.
    """
    tensors = {
        name: tensor.to(precision if "network." in name else tensor.dtype)
        for name, tensor in weights_of(model).items()
    }
    metadata = {"profile": asdict(model.profile), "network": asdict(model.network.shape)}
    write_weights(path, _KIND, metadata, tensors)


def load_model(path: str | os.PathLike[str]) -> LiftingModel:
    """Read a model, in single precision and ready for use. Raises InvalidInput when there is none."""
    return read_weights(path, _KIND, _built)


def _built(metadata: dict[str, Any], tensors: dict[str, Tensor]) -> LiftingModel:
    model = _empty_model(metadata["profile"], metadata["network"])
    check_tensors(weights_of(model), tensors)
    for name, tensor in weights_of(model).items():
        tensor.copy_(tensors[name])
    return model.eval().requires_grad_(False)


def _empty_model(profile: dict[str, Any], network: dict[str, Any]) -> LiftingModel:
    names = {key: tuple(names) for key, names in profile.items() if key in ("keypoints", "joints")}
    unknown = set(names["joints"]) - set(JOINTS)
    if unknown:
        raise ValueError(f"unknown joints {', '.join(sorted(unknown))}")
    shape = NetworkShape(**network)
    if max(shape.inputs, shape.outputs, shape.width, shape.spread) > 1 << 16 or shape.blocks > 64:
        raise ValueError("a network of absurd size")
    with torch.device("meta"):
        model = LiftingModel(Profile(**{**profile, **names}), shape)
    return model.to_empty(device="cpu")
