"""Checkpoints of other implementations of the paper's network.

None of them carries all of the statistics that its input and output were standardised with. They are
Human3.6M's own where the training was on projected ground truth (`lifting_core.lifting.human36m`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.errors import InvalidInput
from lifting_core.lifting.human36m import Statistics, statistics
from lifting_core.lifting.network import NetworkShape
from lifting_core.lifting.weights import LiftingModel, Profile
from lifting_core.skeleton import HUMAN36M_JOINTS
from lifting_core.torch_files import read_torch_file
from training.tasks.human36m import STATURE

_MILLIMETRE = 0.001
_ADVICE = "Give a checkpoint of weigq/3d_pose_baseline_pytorch or of MMPose's simplebaseline3d."

State = dict[str, Tensor]


@dataclass(frozen=True)
class _Layout:
    """How an implementation names its layers; `{}` stands for the number of a block."""

    name: str
    entry: tuple[str, str]
    """Linear layer and batch normalisation."""
    first: tuple[str, str]
    second: tuple[str, str]
    exit: str


_WEIGQ = _Layout(
    "weigq/3d_pose_baseline_pytorch",
    entry=("w1", "batch_norm1"),
    first=("linear_stages.{}.w1", "linear_stages.{}.batch_norm1"),
    second=("linear_stages.{}.w2", "linear_stages.{}.batch_norm2"),
    exit="w2",
)
_BACKBONE = "backbone.tcn_blocks.{}"
_MMPOSE = _Layout(
    "MMPose simplebaseline3d",
    entry=("backbone.expand_conv.conv", "backbone.expand_conv.bn"),
    first=(f"{_BACKBONE}.conv1.0.conv", f"{_BACKBONE}.conv1.0.bn"),
    second=(f"{_BACKBONE}.conv2.0.conv", f"{_BACKBONE}.conv2.0.bn"),
    exit="head.conv",
)
_OLDER_MMPOSE = replace(_MMPOSE, exit="keypoint_head.conv")


def read_foreign(path: Path, known: Statistics | None = None) -> LiftingModel:
    """A model from a checkpoint, standardised by statistics that are known, else by Human3.6M's.

    Nothing in the file is executed. Raises InvalidInput when it is none of the known kinds.
    """
    content = read_torch_file(path, _ADVICE)
    state = content.get("state_dict", content)
    state = {name.removeprefix("module."): value for name, value in state.items()}
    layout = next((kind for kind in (_WEIGQ, _MMPOSE, _OLDER_MMPOSE) if f"{kind.exit}.weight" in state), None)
    if layout is None:
        raise InvalidInput(f"{path} is a checkpoint of an unknown network.", _ADVICE)
    try:
        return _model(state, layout, known or statistics()).eval().requires_grad_(False)
    except (KeyError, RuntimeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"{path} is damaged or of another shape: {error}.", _ADVICE) from error


def read_statistics(path: Path | None) -> Statistics | None:
    """Statistics from JSON, or from weigq's stat_3d.pth.tar; those it lacks are Human3.6M's.

    Raises InvalidInput when the file holds neither.
    """
    if path is None:
        return None
    try:
        given = json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".json" else _stat_3d(path)
        values = {name: np.array(value, np.float64) for name, value in given.items()}
        return replace(statistics(), **values)
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise InvalidInput(
            f"{path} does not hold statistics: {error}.",
            "Give JSON with keypoints_mean, keypoints_std, joints_mean, joints_std, or stat_3d.pth.tar.",
        ) from error


def _stat_3d(path: Path) -> dict[str, NDArray[np.float64]]:
    """Mean and deviation of 96 coordinates in mm, and which of them are used."""
    content = read_torch_file(path, _ADVICE)
    used = np.asarray(content["dim_use"], int)
    return {
        f"joints_{name}": np.asarray(content[name], np.float64)[used].reshape(-1, 3) * _MILLIMETRE
        for name in ("mean", "std")
    }


def _model(state: State, layout: _Layout, known: Statistics) -> LiftingModel:
    entry, exit_ = _matrix(state, layout.entry[0]), _matrix(state, layout.exit)
    blocks = 0
    while f"{layout.first[0].format(blocks)}.weight" in state:
        blocks += 1
    shape = NetworkShape(
        inputs=entry.shape[1], outputs=exit_.shape[0], width=entry.shape[0], blocks=blocks, max_norm=False
    )
    names = {32: tuple(name for name in HUMAN36M_JOINTS if name != "neck"), 34: HUMAN36M_JOINTS}.get(
        shape.inputs
    )
    if names is None or shape.outputs != 3 * (len(HUMAN36M_JOINTS) - 1):
        raise ValueError(f"{shape.inputs} numbers in and {shape.outputs} out, not 32 or 34 and 48")
    profile = Profile(names, HUMAN36M_JOINTS[1:], STATURE, {"converted_from": layout.name}, "pixels")
    model = LiftingModel(profile, shape)
    network = model.network
    network.load_state_dict(_network_state(state, layout, blocks), strict=False)
    _standardise(model, names, known)
    return model


def _network_state(state: State, layout: _Layout, blocks: int) -> State:
    """Our names for all tensors of the network."""
    layers = {"entry": layout.entry}
    for block in range(blocks):
        for ours, theirs in (("first", layout.first), ("second", layout.second)):
            layers[f"blocks.{block}.{ours}"] = (theirs[0].format(block), theirs[1].format(block))
    named = {"exit.weight": _matrix(state, layout.exit), "exit.bias": state[f"{layout.exit}.bias"]}
    for name, (linear, norm) in layers.items():
        weight = _matrix(state, linear)
        named[f"{name}.linear.weight"] = weight
        # MMPose's layers have no bias before the batch normalisation, which would take it away.
        named[f"{name}.linear.bias"] = state.get(f"{linear}.bias", torch.zeros(len(weight)))
        for part in ("weight", "bias", "running_mean", "running_var"):
            named[f"{name}.batch_norm.{part}"] = state[f"{norm}.{part}"]
    return named


def _matrix(state: State, name: str) -> Tensor:
    """A linear layer's weights, or those of a convolution over one frame, which is the same."""
    weight = state[f"{name}.weight"]
    if weight.dim() == 3 and weight.shape[2] > 1:
        raise ValueError(f"{name} looks at {weight.shape[2]} frames at once")
    return weight.reshape(weight.shape[0], weight.shape[1])


def _standardise(model: LiftingModel, names: tuple[str, ...], known: Statistics) -> None:
    """Set the normalisation; keypoints' statistics may be of all 17 or only of those that are read."""
    columns = [HUMAN36M_JOINTS.index(name) for name in names]
    for buffer, values in (
        ("input_mean", known.keypoints_mean),
        ("input_deviation", known.keypoints_std),
        ("output_mean", known.joints_mean),
        ("output_deviation", known.joints_std),
    ):
        rows = (
            values[columns] if buffer.startswith("input") and len(values) == len(HUMAN36M_JOINTS) else values
        )
        getattr(model, buffer).copy_(torch.from_numpy(np.ascontiguousarray(rows)).reshape(-1))
