"""The stacked hourglass network (Newell, Yang and Deng, ECCV 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d, relu

STRIDE = 4
"""Pixels of the input along a cell of the heat maps."""


@dataclass(frozen=True)
class HourglassShape:
    """Everything that decides which weights a network has."""

    stacks: int = 8
    joints: int = 16
    features: int = 256
    """Channels inside the hourglasses."""
    stem: tuple[int, int, int] = (64, 128, 128)
    """Channels after the first convolution and after two of the three residuals that follow it."""
    depth: int = 4
    """How often an hourglass halves the resolution."""
    blocks: int = 1
    """Residuals one after the other in every place of an hourglass."""

    def __post_init__(self) -> None:
        sizes = (self.stacks, self.joints, self.features, *self.stem, self.depth, self.blocks)
        if not all(isinstance(size, int) for size in sizes) or len(self.stem) != 3:
            raise ValueError("sizes that are no whole numbers")
        if not (1 <= self.stacks <= 16 and 1 <= self.joints <= 512 and 1 <= self.depth <= 6):
            raise ValueError(f"{self.stacks} stacks of depth {self.depth} with {self.joints} joints")
        if max(self.features, *self.stem) > 1024 or min(self.features, *self.stem) < 2 or self.blocks > 8:
            raise ValueError(f"{self.features} features, or a stem of {self.stem}")

    @property
    def input_step(self) -> int:
        """Sides of the input must be a multiple of so many pixels."""
        return STRIDE << self.depth


class Residual(nn.Module):
    """Pre-activation bottleneck (He et al., ECCV 2016): 1x1, 3x3 and 1x1 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, half, 1)
        self.norm2, self.conv2 = nn.BatchNorm2d(half), nn.Conv2d(half, half, 3, padding=1)
        self.norm3, self.conv3 = nn.BatchNorm2d(half), nn.Conv2d(half, outputs, 1)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(relu(self.norm1(x)))
        out = self.conv2(relu(self.norm2(out)))
        out = self.conv3(relu(self.norm3(out)))
        return out + self.shortcut(x)  # type: ignore[no-any-return]


def _residuals(shape: HourglassShape) -> nn.Sequential:
    return nn.Sequential(*(Residual(shape.features, shape.features) for _ in range(shape.blocks)))


class Hourglass(nn.Module):
    """Down to a low resolution and up again, with a shortcut at every resolution."""

    def __init__(self, shape: HourglassShape, depth: int) -> None:
        super().__init__()
        self.skip = _residuals(shape)
        self.down = _residuals(shape)
        self.inner: nn.Module = Hourglass(shape, depth - 1) if depth > 1 else _residuals(shape)
        self.up = _residuals(shape)

    def forward(self, x: Tensor) -> Tensor:
        low = self.up(self.inner(self.down(max_pool2d(x, 2))))
        return self.skip(x) + interpolate(low, scale_factor=2.0, mode="nearest")  # type: ignore[no-any-return]


class _Stem(nn.Module):
    """From the picture to features at a quarter of its resolution."""

    def __init__(self, shape: HourglassShape) -> None:
        super().__init__()
        first, second, third = shape.stem
        self.conv, self.norm = nn.Conv2d(3, first, 7, stride=2, padding=3), nn.BatchNorm2d(first)
        sizes = (first, second, third, shape.features)
        self.residuals = nn.ModuleList(Residual(a, b) for a, b in pairwise(sizes))

    def forward(self, images: Tensor) -> Tensor:
        x = max_pool2d(self.residuals[0](relu(self.norm(self.conv(images)))), 2)
        return self.residuals[2](self.residuals[1](x))  # type: ignore[no-any-return]


class _Stack(nn.Module):
    """One hourglass with its heat maps, and, unless it is the last, its way back into the features."""

    def __init__(self, shape: HourglassShape, last: bool) -> None:
        super().__init__()
        features, joints = shape.features, shape.joints
        self.hourglass = Hourglass(shape, shape.depth)
        self.residuals = _residuals(shape)
        self.conv, self.norm = nn.Conv2d(features, features, 1), nn.BatchNorm2d(features)
        self.heatmaps = nn.Conv2d(features, joints, 1)
        if not last:
            self.from_features = nn.Conv2d(features, features, 1)
            self.from_heatmaps = nn.Conv2d(joints, features, 1)
        self._last = last

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, F, h, w) to those of the next stack and to heat maps (N, J, h, w)."""
        features = relu(self.norm(self.conv(self.residuals(self.hourglass(x)))))
        heatmaps: Tensor = self.heatmaps(features)
        if self._last:
            return features, heatmaps
        return x + self.from_features(features) + self.from_heatmaps(heatmaps), heatmaps


class StackedHourglass(nn.Module):
    """The whole network."""

    def __init__(self, shape: HourglassShape) -> None:
        super().__init__()
        self.shape = shape
        self.stem = _Stem(shape)
        self.stacks = nn.ModuleList(_Stack(shape, i == shape.stacks - 1) for i in range(shape.stacks))

    def forward(self, images: Tensor) -> list[Tensor]:
        """(N, 3, H, W) RGB pictures to the (N, J, H/4, W/4) heat maps of every stack, the best last."""
        x = self.stem(images)
        heatmaps = []
        for stack in self.stacks:
            x, maps = stack(x)
            heatmaps.append(maps)
        return heatmaps
