"""Checkpoints of public implementations of the stacked hourglass, read as they are.

There are two families, with the layers of one architecture under different names: that of
bearpaw/pytorch-pose, and that of princeton-vl/pytorch_stacked_hourglass by the network's authors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from lifting_core.detection.hourglass.network import HourglassShape
from lifting_core.detection.hourglass.weights import HourglassModel, HourglassProfile, filled
from lifting_core.detection.joint_sets import MPII
from lifting_core.errors import InvalidInput
from lifting_core.torch_files import read_torch_file

_ADVICE = (
    "Give a checkpoint of bearpaw/pytorch-pose or of princeton-vl/pytorch_stacked_hourglass, "
    "or weights that training.hourglass wrote."
)
_PREFIXES = ("model.", "module.")  # what wrappers for training put before every name

Names = Iterator[tuple[str, str]]
"""Ours and theirs of every layer."""


@dataclass(frozen=True)
class _Family:
    name: str
    mean: tuple[float, float, float]
    """Of the pictures trained on, which the input is shifted by."""
    stem: str
    """The first convolution."""
    middle: tuple[str, str]
    """The last convolutions of the stem's first two residuals."""
    score: str
    """The heat maps' convolution; `{}` stands for the number of the stack."""


_BEARPAW = _Family(
    "bearpaw/pytorch-pose",
    mean=(0.4404, 0.4440, 0.4327),
    stem="conv1",
    middle=("layer1.0.conv3", "layer2.0.conv3"),
    score="score.{}",
)
_PRINCETON = _Family(
    "princeton-vl/pytorch_stacked_hourglass",
    mean=(0.0, 0.0, 0.0),
    stem="pre.0.conv",
    middle=("pre.1.conv3.conv", "pre.3.conv3.conv"),
    score="outs.{}.conv",
)


def read_checkpoint(path: Path, joints: tuple[str, ...] = MPII) -> HourglassModel:
    """A model from a checkpoint of either family; `joints` names its heat maps.

    Nothing in the file is executed. The number of stacks, features and joints is that of the file.
    Raises InvalidInput when it is damaged, holds anything but weights, lacks some or has too many.
    """
    state = _state(path)
    family = _family(state)
    if family is None:
        raise InvalidInput(f"{path} is a checkpoint of an unknown network.", _ADVICE)
    try:
        shape = _shape(state, family)
        names = dict(_bearpaw_names(shape) if family is _BEARPAW else _princeton_names(shape))
        profile = HourglassProfile(joints, mean=family.mean, record={"converted_from": family.name})
        if len(joints) != shape.joints:
            raise ValueError(f"it finds {shape.joints} joints, not {len(joints)}")
        return filled(profile, shape, _renamed(state, names))
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise InvalidInput(f"{path} is damaged or of another shape: {error}.", _ADVICE) from error


def holds_hourglass(path: Path) -> bool:
    """Whether a torch file is a checkpoint of either family. Raises InvalidInput as `read_checkpoint`."""
    return _family(_state(path)) is not None


def _state(path: Path) -> dict[str, Tensor]:
    content = read_torch_file(path, _ADVICE)
    state = content.get("state_dict", content)
    if not isinstance(state, dict):
        raise InvalidInput(f"{path} holds no weights.", _ADVICE)
    return {_without_prefixes(str(k)): v for k, v in state.items() if isinstance(v, Tensor)}


def _family(state: Mapping[str, Tensor]) -> _Family | None:
    for family in (_BEARPAW, _PRINCETON):
        if {f"{family.stem}.weight", f"{family.score.format(0)}.weight"} <= state.keys():
            return family
    return None


def _without_prefixes(name: str) -> str:
    while name.startswith(_PREFIXES):
        name = name.partition(".")[2]
    return name


def _shape(state: Mapping[str, Tensor], family: _Family) -> HourglassShape:
    """Read off the tensors' sizes."""
    joints, features = state[f"{family.score.format(0)}.weight"].shape[:2]
    stacks = next(i for i in range(len(state)) if f"{family.score.format(i)}.weight" not in state)
    blocks = 1
    if family is _BEARPAW:
        residuals = (name.split(".") for name in state if name.startswith("res.0."))
        blocks = 1 + max(int(parts[2]) for parts in residuals)
    first, second, third = (len(state[f"{layer}.weight"]) for layer in (family.stem, *family.middle))
    return HourglassShape(stacks, joints, features, (first, second, third), blocks=blocks)


def _renamed(state: Mapping[str, Tensor], layers: Mapping[str, str]) -> dict[str, Tensor]:
    """Our names for all tensors. Raises ValueError when there are others than those known to be idle."""
    ours = {theirs: name for name, theirs in layers.items()}
    idle = {
        f"{theirs.removesuffix('conv1.conv')}skip_layer.conv" for theirs in ours if "conv1.conv" in theirs
    }
    renamed = {}
    for name, tensor in state.items():
        layer, _, leaf = name.rpartition(".")
        if layer in ours:
            renamed[f"{ours[layer]}.{leaf}"] = tensor
        elif layer not in idle:
            raise ValueError(f"tensor {name} is unexpected")
    return {name: tensor for name, tensor in renamed.items() if not name.endswith("num_batches_tracked")}


def _bearpaw_names(shape: HourglassShape) -> Names:
    yield "stem.conv", "conv1"
    yield "stem.norm", "bn1"
    for index in range(3):
        yield from _bearpaw_residual(f"stem.residuals.{index}", f"layer{index + 1}.0")
    for stack in range(shape.stacks):
        ours = f"stacks.{stack}"
        hourglass = f"{ours}.hourglass"
        for level in reversed(range(shape.depth)):  # the deepest is their first
            places = ("skip", "down", "up") + (("inner",) if level == 0 else ())
            for number, place in enumerate(places):
                theirs = f"hg.{stack}.hg.{level}.{number}"
                yield from _bearpaw_residuals(f"{hourglass}.{place}", theirs, shape.blocks)
            hourglass += ".inner"
        yield from _bearpaw_residuals(f"{ours}.residuals", f"res.{stack}", shape.blocks)
        yield f"{ours}.conv", f"fc.{stack}.0"
        yield f"{ours}.norm", f"fc.{stack}.1"
        yield f"{ours}.heatmaps", f"score.{stack}"
        yield f"{ours}.from_features", f"fc_.{stack}"
        yield f"{ours}.from_heatmaps", f"score_.{stack}"


def _bearpaw_residuals(ours: str, theirs: str, blocks: int) -> Names:
    for block in range(blocks):
        yield from _bearpaw_residual(f"{ours}.{block}", f"{theirs}.{block}")


def _bearpaw_residual(ours: str, theirs: str) -> Names:
    for number in (1, 2, 3):
        yield f"{ours}.norm{number}", f"{theirs}.bn{number}"
        yield f"{ours}.conv{number}", f"{theirs}.conv{number}"
    yield f"{ours}.shortcut", f"{theirs}.downsample.0"


def _princeton_names(shape: HourglassShape) -> Names:
    yield "stem.conv", "pre.0.conv"
    yield "stem.norm", "pre.0.bn"
    for index, place in enumerate((1, 3, 4)):
        yield from _princeton_residual(f"stem.residuals.{index}", f"pre.{place}", index != 1)
    for stack in range(shape.stacks):
        ours = f"stacks.{stack}"
        hourglass, theirs = f"{ours}.hourglass", f"hgs.{stack}.0"
        for level in reversed(range(shape.depth)):
            names = {"skip": "up1", "down": "low1", "up": "low3"} | ({"inner": "low2"} if level == 0 else {})
            for name, theirs_name in names.items():
                yield from _princeton_residual(f"{hourglass}.{name}.0", f"{theirs}.{theirs_name}")
            hourglass, theirs = f"{hourglass}.inner", f"{theirs}.low2"
        yield from _princeton_residual(f"{ours}.residuals.0", f"features.{stack}.0")
        yield f"{ours}.conv", f"features.{stack}.1.conv"
        yield f"{ours}.norm", f"features.{stack}.1.bn"
        yield f"{ours}.heatmaps", f"outs.{stack}.conv"
        yield f"{ours}.from_features", f"merge_features.{stack}.conv.conv"
        yield f"{ours}.from_heatmaps", f"merge_preds.{stack}.conv.conv"


def _princeton_residual(ours: str, theirs: str, widens: bool = False) -> Names:
    for number in (1, 2, 3):
        yield f"{ours}.norm{number}", f"{theirs}.bn{number}"
        yield f"{ours}.conv{number}", f"{theirs}.conv{number}.conv"
    if widens:  # every residual has such a layer, but those that keep the width never use it
        yield f"{ours}.shortcut", f"{theirs}.skip_layer.conv"
