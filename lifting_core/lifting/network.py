"""Martinez et al., "A simple yet effective baseline for 3d human pose estimation" (ICCV 2017)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class NetworkShape:
    """Sizes and ingredients of a network; the defaults are the paper's (section 3.3 and figure 2)."""

    inputs: int
    outputs: int
    width: int = 1024
    blocks: int = 2
    dropout: float = 0.5
    batch_norm: bool = True
    residual: bool = True
    max_norm: bool = True
    batch_norm_epsilon: float = 1e-5
    spread: int = 0
    """Joints whose uncertainty the network gives, too."""


class Linear(nn.Linear):
    """A linear layer with Kaiming initialisation whose whole weight matrix may be held to norm 1."""

    def __init__(self, inputs: int, outputs: int, max_norm: bool) -> None:
        super().__init__(inputs, outputs)
        self.max_norm = max_norm
        nn.init.kaiming_normal_(self.weight)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name of nn.Linear's parameter)
        if not self.max_norm:
            return functional.linear(input, self.weight, self.bias)
        # Scaling what comes out spares another matrix of the weights' size, forward and backward.
        held: Tensor = functional.linear(input, self.weight) / self.weight.norm().clamp(min=1.0) + self.bias
        return held


class Layer(nn.Module):
    """Linear, batch normalisation, ReLU, dropout."""

    def __init__(self, inputs: int, shape: NetworkShape) -> None:
        super().__init__()
        self.linear = Linear(inputs, shape.width, shape.max_norm)
        self.batch_norm = (
            nn.BatchNorm1d(shape.width, shape.batch_norm_epsilon) if shape.batch_norm else nn.Identity()
        )
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, features: Tensor) -> Tensor:
        hidden: Tensor = self.dropout(functional.relu(self.batch_norm(self.linear(features))))
        return hidden


class Block(nn.Module):
    """Two layers bridged by a residual connection."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.first = Layer(shape.width, shape)
        self.second = Layer(shape.width, shape)
        self.residual = shape.residual

    def forward(self, features: Tensor) -> Tensor:
        hidden: Tensor = self.second(self.first(features))
        return features + hidden if self.residual else hidden


class LiftingNetwork(nn.Module):
    """(N, inputs) normalised keypoints to (N, outputs) normalised joints."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.entry = Layer(shape.inputs, shape)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.exit = Linear(shape.width, shape.outputs, shape.max_norm)
        self.spread = nn.Linear(shape.width, shape.spread) if shape.spread else None

    def hidden(self, features: Tensor) -> Tensor:
        """(N, inputs) to (N, width)."""
        hidden: Tensor = self.entry(features)
        for block in self.blocks:
            hidden = block(hidden)
        return hidden

    def forward(self, features: Tensor) -> Tensor:
        joints: Tensor = self.exit(self.hidden(features))
        return joints
