"""Weights on disk: safetensors, whose metadata say what they are, with everything that is not a tensor."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole

_Model = TypeVar("_Model")


@dataclass(frozen=True)
class WeightsKind:
    """What a file of weights is for."""

    format: str
    version: int
    contents: str
    """In words, as in "weights of a stacked hourglass"."""
    advice: str
    """What to do about a file that is of no use."""


def write_weights(
    path: str | os.PathLike[str],
    kind: WeightsKind,
    metadata: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
) -> None:
    """Write tensors and metadata, whole or not at all.

    Raises LiftPoseError when the file cannot be written.
    """
    texts = {name: json.dumps(value) for name, value in metadata.items()}
    texts |= {"format": kind.format, "version": str(kind.version)}
    contents = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with written_whole(path) as temporary:
        temporary.write_bytes(save(contents, texts))


def read_weights(
    path: str | os.PathLike[str],
    kind: WeightsKind,
    build: Callable[[dict[str, Any], dict[str, Tensor]], _Model],
) -> _Model:
    """What `build` makes of a file's metadata and tensors.

    Raises InvalidInput when there is no such file, or when `build` finds fault with it, which it tells by
    ValueError, KeyError or TypeError.
    """
    if not Path(path).is_file():
        raise InvalidInput(f"The weights {path} do not exist.", kind.advice)
    try:
        with safe_open(path, framework="pt") as file:
            texts = file.metadata() or {}
            if texts.pop("format", None) != kind.format:
                raise InvalidInput(f"{path} does not hold {kind.contents}.", kind.advice)
            if int(texts.pop("version")) > kind.version:
                raise InvalidInput(f"{path} was written by a newer Lift Pose.", "Update Lift Pose.")
            metadata = {name: json.loads(text) for name, text in texts.items()}
            return build(metadata, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise InvalidInput(
            f"The weights {path} are damaged or of another shape: {error}.", kind.advice
        ) from error


def weights_of(module: nn.Module) -> dict[str, Tensor]:
    """All that a file must hold; batch normalisation's counters are of no use in one."""
    return {k: v for k, v in module.state_dict().items() if not k.endswith("num_batches_tracked")}


def check_tensors(expected: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless there are exactly the tensors that are expected, of their shapes."""
    for name in sorted(expected.keys() ^ tensors.keys()):
        raise ValueError(f"tensor {name} is {'missing' if name in expected else 'unexpected'}")
    for name, tensor in expected.items():
        shape, found = tuple(tensor.shape), tensors[name]
        if tuple(found.shape) != shape:
            raise ValueError(f"tensor {name} has shape {tuple(found.shape)}, not {shape}")
        if not found.is_floating_point():
            raise ValueError(f"tensor {name} holds {found.dtype}, not real numbers")
