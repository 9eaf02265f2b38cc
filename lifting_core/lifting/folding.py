"""Models as they are used: what training needs beside the linear layers is folded into them, and rows are
multiplied in the quickest way that there is for so many of them.

Few rows take a CPU as long as reading the weights does. These are read in half precision where that loses
nothing, as with those from files, which carry no more; FBGEMM multiplies them in single precision. Many rows
are multiplied by oneDNN, on CPUs that are not Intel's about twice as fast as by what PyTorch takes itself.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from lifting_core.lifting.network import Layer, Linear
from lifting_core.lifting.weights import LiftingModel, metres

_FEW = 16
"""Rows up to which reading half as much is worth it that FBGEMM multiplies on a single thread."""
_MANY = 8
"""Rows from which on oneDNN is worth its calls."""
_LAYOUT_ROWS = 256
"""For how many rows oneDNN is to lay out weights."""
_PART = 512
"""Poses at a time on a CPU: what is between the layers stays near to it, and need not be allocated anew."""

_Product = Callable[[Tensor], Tensor]
"""(N, inputs) to (N, outputs)."""
_Products = tuple[_Product, list[tuple[_Product, _Product]], _Product]
"""Entry, blocks and exit of a network."""


@dataclass(frozen=True, eq=False)
class FoldedLinear:
    """A linear layer with what scales and shifts its outputs, and a rectifier."""

    weight: Tensor
    """(outputs, inputs), as trained."""
    scale: Tensor
    """(outputs,)"""
    bias: Tensor
    rectified: bool

    @classmethod
    def rounded(cls, weight: Tensor, scale: Tensor, bias: Tensor, rectified: bool) -> FoldedLinear:
        """A copy, in single precision."""
        return cls(weight.float().clone(), scale.float(), bias.float(), rectified)

    @property
    def in_halves(self) -> bool:
        """Whether half precision loses nothing of the weights."""
        return torch.equal(self.weight.half().float(), self.weight)

    @property
    def scaled(self) -> Tensor:
        """(outputs, inputs)"""
        return self.weight * self.scale[:, None]

    def to(self, device: torch.device) -> FoldedLinear:
        return FoldedLinear(
            self.weight.to(device), self.scale.to(device), self.bias.to(device), self.rectified
        )


def _by_pytorch(layer: FoldedLinear) -> _Product:
    weight, bias, rectified = layer.scaled, layer.bias, layer.rectified

    def product(rows: Tensor) -> Tensor:
        made = functional.linear(rows, weight, bias)
        return made.relu_() if rectified else made

    return product


def _by_halves(layer: FoldedLinear) -> _Product:
    packed = torch.fbgemm_pack_gemm_matrix_fp16(layer.weight)
    multiply = torch.fbgemm_linear_fp16_weight_fp32_activation
    scale, bias, rectified = layer.scale, layer.bias, layer.rectified

    def product(rows: Tensor) -> Tensor:
        made = torch.addcmul(bias, multiply(rows, packed, None), scale)
        return made.relu_() if rectified else made

    return product


def _by_onednn(layer: FoldedLinear) -> _Product:
    packed = torch.ops.mkldnn._reorder_linear_weight(layer.scaled, _LAYOUT_ROWS)
    multiply = torch.ops.mkldnn._linear_pointwise.default
    bias, then = layer.bias, "relu" if layer.rectified else "none"

    def product(rows: Tensor) -> Tensor:
        made: Tensor = multiply(rows, packed, bias, then, [], "")
        return made

    return product


_Way = Callable[[FoldedLinear], _Product]


def _works(way: _Way) -> bool:
    """Whether this PyTorch has the functions, which it does not promise to keep, and this CPU runs them."""
    one = torch.ones(1)
    try:
        with warnings.catch_warnings():
            # Each of FBGEMM's warns once that it may go.
            warnings.simplefilter("ignore")
            way(FoldedLinear(one[None], one, one, rectified=True))(one[None])
    except (AttributeError, TypeError, RuntimeError):
        return False
    return True


_WORKING = {way for way in (_by_halves, _by_onednn) if _works(way)}


class FoldedModel:
    """A lifting model for use alone: gives the same but for rounding.

    It is no `nn.Module`, as looking up what is registered there takes longer than some of the products.
    """

    def __init__(self, model: LiftingModel) -> None:
        network = model.network
        self._residual = network.shape.residual
        hidden = [_without_batch_norm(layer) for layer in network.modules() if isinstance(layer, Layer)]
        self._layers = [*hidden, _exit(model)]
        self._outputs = len(model.output_mean)
        self._tells_spread = network.spread is not None
        self._inverse = 1 / model.input_deviation
        self._offset = -model.input_mean / model.input_deviation
        self._in_halves = all(layer.in_halves for layer in self._layers)
        self._packed: dict[_Way, _Products] = {}

    def to(self, device: torch.device) -> FoldedModel:
        """The model on a device, from which its features have to come too."""
        moved = copy.copy(self)
        moved._layers = [layer.to(device) for layer in self._layers]
        moved._inverse, moved._offset = self._inverse.to(device), self._offset.to(device)
        moved._packed = {}
        return moved

    def __call__(self, features: Tensor) -> Tensor:
        """As `LiftingModel`."""
        return self._joints(self._given(features))

    def with_spread(self, features: Tensor) -> tuple[Tensor, Tensor | None]:
        """As `LiftingModel.with_spread`."""
        given = self._given(features)
        spread = metres(given[:, self._outputs :]) if self._tells_spread else None
        return self._joints(given), spread

    def _joints(self, given: Tensor) -> Tensor:
        joints = given[:, : self._outputs] if self._tells_spread else given
        return joints.reshape(-1, self._outputs // 3, 3)

    def _given(self, features: Tensor) -> Tensor:
        """(N, outputs and spreads)"""
        if features.is_cpu and len(features) > _PART:
            return torch.cat([self._given(part) for part in torch.split(features, _PART)])
        rows = features.flatten(1)
        entry, blocks, close = self._products(rows)
        rows = entry(torch.addcmul(self._offset, rows, self._inverse))
        for first, second in blocks:
            made = second(first(rows))
            rows = made.add_(rows) if self._residual else made
        return close(rows)

    def _products(self, rows: Tensor) -> _Products:
        way = self._quickest(rows)
        if way not in self._packed:
            entry, *inner, close = (way(layer) for layer in self._layers)
            self._packed[way] = entry, list(zip(inner[::2], inner[1::2], strict=True)), close
        return self._packed[way]

    def _quickest(self, rows: Tensor) -> _Way:
        if rows.is_cpu and self._in_halves and len(rows) <= _FEW and _by_halves in _WORKING:
            return _by_halves
        if rows.is_cpu and len(rows) >= _MANY and _by_onednn in _WORKING:
            return _by_onednn
        return _by_pytorch


@torch.no_grad()
def folded(model: LiftingModel) -> FoldedModel:
    """A copy of the model."""
    return FoldedModel(model)


def _held(linear: Linear) -> Tensor:
    """(outputs,) by what the weights are of norm 1 at most, where the layer is held to it."""
    norm = linear.weight.double().norm().clamp(min=1.0)
    return (1 / norm if linear.max_norm else torch.ones_like(norm)).expand(len(linear.weight))


def _without_batch_norm(layer: Layer) -> FoldedLinear:
    scale, bias = _held(layer.linear), layer.linear.bias.double()
    norm = layer.batch_norm
    if isinstance(norm, nn.BatchNorm1d):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        gain = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        scale = scale * gain
        bias = (bias - norm.running_mean.double()) * gain + norm.bias.double()
    return FoldedLinear.rounded(layer.linear.weight, scale, bias, rectified=True)


def _exit(model: LiftingModel) -> FoldedLinear:
    """To joints in metres, and under them to the logarithms of the spreads."""
    layer, spread, deviation = model.network.exit, model.network.spread, model.output_deviation.double()
    weight, scale = layer.weight, _held(layer) * deviation
    bias = layer.bias.double() * deviation + model.output_mean
    if spread is not None:
        weight = torch.cat([weight, spread.weight])
        scale = torch.cat([scale, torch.ones_like(spread.bias)])
        bias = torch.cat([bias, spread.bias])
    return FoldedLinear.rounded(weight, scale, bias, rectified=False)
