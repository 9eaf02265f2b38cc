"""Networks as they are used: what training needs beside the linear layers is multiplied into them."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from lifting_core.lifting.network import Layer, Linear
from lifting_core.lifting.weights import LiftingModel

_MANY = 8
"""Rows from which on oneDNN is worth bringing them into its own layout."""

_HAS_ONEDNN: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]


class FoldedLinear(nn.Module):
    """A linear layer whose weights stay as they are.

    On CPUs that are not Intel's, oneDNN multiplies many rows about twice as fast as what PyTorch takes.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.float())
        self.register_buffer("bias", bias.float())
        self._packed: tuple[Tensor, Tensor] | None = None

    weight: Tensor
    bias: Tensor

    def forward(self, rows: Tensor) -> Tensor:
        if rows.device.type != "cpu" or len(rows) < _MANY or not _HAS_ONEDNN:
            return functional.linear(rows, self.weight, self.bias)
        if self._packed is None:
            self._packed = self.weight.to_mkldnn(), self.bias.to_mkldnn()
        return functional.linear(rows.to_mkldnn(), *self._packed).to_dense()


class _FoldedLayer(nn.Module):
    """A folded linear layer and a rectifier."""

    def __init__(self, linear: FoldedLinear) -> None:
        super().__init__()
        self.linear = linear

    def forward(self, rows: Tensor) -> Tensor:
        rectified: Tensor = self.linear(rows).relu_()
        return rectified


def folded(model: LiftingModel) -> LiftingModel:
    """A copy, for use alone, that gives the same but for rounding."""
    made = copy.deepcopy(model).eval().requires_grad_(False)
    _fold(made)
    return made


@torch.no_grad()
def _fold(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, Layer):
            setattr(module, name, _FoldedLayer(_without_batch_norm(child)))
        elif isinstance(child, Linear):
            setattr(module, name, FoldedLinear(_held(child), child.bias.detach()))
        else:
            _fold(child)


def _held(linear: Linear) -> Tensor:
    """(outputs, inputs) weights, of norm 1 at most where the layer is held to it; double precision."""
    weight = linear.weight.detach().double()
    return weight / weight.norm().clamp(min=1.0) if linear.max_norm else weight


def _without_batch_norm(layer: Layer) -> FoldedLinear:
    weight, bias = _held(layer.linear), layer.linear.bias.detach().double()
    norm = layer.batch_norm
    if isinstance(norm, nn.BatchNorm1d):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        weight = weight * scale[:, None]
        bias = (bias - norm.running_mean.double()) * scale + norm.bias.double()
    return FoldedLinear(weight, bias)
