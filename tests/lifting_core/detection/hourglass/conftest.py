"""The stacked hourglass as both families of public code lay it out: a second reading, to compare with.

Layers bear the names that they have in checkpoints of those families.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d, relu

JOINTS, FEATURES, DEPTH = 16, 256, 4


class BearpawResidual(nn.Module):
    def __init__(self, inputs: int, half: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, half, 1)
        self.bn2, self.conv2 = nn.BatchNorm2d(half), nn.Conv2d(half, half, 3, 1, 1)
        self.bn3, self.conv3 = nn.BatchNorm2d(half), nn.Conv2d(half, 2 * half, 1)
        if inputs != 2 * half:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, 2 * half, 1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv1(self.bn1(x).relu())
        y = self.conv2(self.bn2(y).relu())
        y = self.conv3(self.bn3(y).relu())
        beside: Tensor = self.downsample(x) if hasattr(self, "downsample") else x
        return y + beside


class BearpawHourglass(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        # Level 0 is the coarsest; 0 is its skip, 1 leads down, 2 up, and on level 0 number 3 lies between.
        self.hg: Any = nn.ModuleList(
            nn.ModuleList(nn.Sequential(BearpawResidual(FEATURES, FEATURES // 2)) for _ in range(4 - (n > 0)))
            for n in range(DEPTH)
        )

    def level(self, n: int, x: Tensor) -> Tensor:
        down = self.hg[n][1](max_pool2d(x, 2, 2))
        middle = self.level(n - 1, down) if n else self.hg[0][3](down)
        skip: Tensor = self.hg[n][0](x)
        return skip + interpolate(self.hg[n][2](middle), scale_factor=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.level(DEPTH - 1, x)


class Bearpaw(nn.Module):
    """bearpaw/pytorch-pose with one residual in a place."""

    def __init__(self, stacks: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(BearpawResidual(64, 64))
        self.layer2 = nn.Sequential(BearpawResidual(128, 128))
        self.layer3 = nn.Sequential(BearpawResidual(256, 128))
        self.hg = nn.ModuleList(BearpawHourglass() for _ in range(stacks))
        self.res = nn.ModuleList(nn.Sequential(BearpawResidual(FEATURES, 128)) for _ in range(stacks))
        self.fc = nn.ModuleList(
            nn.Sequential(nn.Conv2d(FEATURES, FEATURES, 1), nn.BatchNorm2d(FEATURES), nn.ReLU())
            for _ in range(stacks)
        )
        self.score = nn.ModuleList(nn.Conv2d(FEATURES, JOINTS, 1) for _ in range(stacks))
        self.fc_ = nn.ModuleList(nn.Conv2d(FEATURES, FEATURES, 1) for _ in range(stacks - 1))
        self.score_ = nn.ModuleList(nn.Conv2d(JOINTS, FEATURES, 1) for _ in range(stacks - 1))
        self.shift = torch.tensor([0.4404, 0.4440, 0.4327]).view(3, 1, 1)

    def layers(self, images: Tensor) -> dict[str, Tensor]:
        """What every part puts out, by our names."""
        x = relu(self.bn1(self.conv1(images - self.shift)))
        x = self.layer3(self.layer2(max_pool2d(self.layer1(x), 2)))
        out = {"stem": x}
        for s in range(len(self.hg)):
            out[f"stacks.{s}.hourglass"] = y = self.hg[s](x)
            out[f"stacks.{s}.residuals"] = y = self.res[s](y)
            y = self.fc[s](y)
            out[f"stacks.{s}.heatmaps"] = score = self.score[s](y)
            if s < len(self.fc_):
                x = x + self.fc_[s](y) + self.score_[s](score)
        return out


class PrincetonConv(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, norm: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
        self.bn = nn.BatchNorm2d(outputs) if norm else None

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y if self.bn is None else self.bn(y).relu()


class PrincetonResidual(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), PrincetonConv(inputs, half, 1)
        self.bn2, self.conv2 = nn.BatchNorm2d(half), PrincetonConv(half, half, 3)
        self.bn3, self.conv3 = nn.BatchNorm2d(half), PrincetonConv(half, outputs, 1)
        self.skip_layer = PrincetonConv(inputs, outputs, 1)  # there even where nothing goes through it
        self.widens = inputs != outputs

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for norm, conv in ((self.bn1, self.conv1), (self.bn2, self.conv2), (self.bn3, self.conv3)):
            y = conv(norm(y).relu())
        beside: Tensor = self.skip_layer(x) if self.widens else x
        return y + beside


class PrincetonHourglass(nn.Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.up1, self.low1, self.low3 = (PrincetonResidual(FEATURES, FEATURES) for _ in range(3))
        self.low2 = PrincetonHourglass(n - 1) if n > 1 else PrincetonResidual(FEATURES, FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        low = self.low3(self.low2(self.low1(max_pool2d(x, 2, 2))))
        skip: Tensor = self.up1(x)
        return skip + interpolate(low, scale_factor=2)


class PrincetonMerge(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv = PrincetonConv(inputs, FEATURES, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y


class Princeton(nn.Module):
    """princeton-vl/pytorch_stacked_hourglass."""

    def __init__(self, stacks: int) -> None:
        super().__init__()
        self.pre = nn.Sequential(
            PrincetonConv(3, 64, 7, 2, norm=True),
            PrincetonResidual(64, 128),
            nn.MaxPool2d(2, 2),
            PrincetonResidual(128, 128),
            PrincetonResidual(128, FEATURES),
        )
        self.hgs = nn.ModuleList(nn.Sequential(PrincetonHourglass(DEPTH)) for _ in range(stacks))
        self.features: Any = nn.ModuleList(
            nn.Sequential(
                PrincetonResidual(FEATURES, FEATURES), PrincetonConv(FEATURES, FEATURES, 1, norm=True)
            )
            for _ in range(stacks)
        )
        self.outs = nn.ModuleList(PrincetonConv(FEATURES, JOINTS, 1) for _ in range(stacks))
        self.merge_features = nn.ModuleList(PrincetonMerge(FEATURES) for _ in range(stacks - 1))
        self.merge_preds = nn.ModuleList(PrincetonMerge(JOINTS) for _ in range(stacks - 1))

    def layers(self, images: Tensor) -> dict[str, Tensor]:
        """What every part puts out, by our names."""
        out = {"stem": (x := self.pre(images))}
        for s in range(len(self.hgs)):
            out[f"stacks.{s}.hourglass"] = y = self.hgs[s](x)
            out[f"stacks.{s}.residuals"] = self.features[s][0](y)
            y = self.features[s](y)
            out[f"stacks.{s}.heatmaps"] = score = self.outs[s](y)
            if s < len(self.merge_preds):
                x = x + self.merge_preds[s](score) + self.merge_features[s](y)
        return out


_READINGS: dict[str, type[Bearpaw] | type[Princeton]] = {"bearpaw": Bearpaw, "princeton": Princeton}

Reading = Bearpaw | Princeton


@pytest.fixture(scope="session")
def reading() -> Callable[[str, int], Reading]:
    """A network of a family and a number of stacks with random weights and statistics, at work."""

    def make(family: str, stacks: int) -> Reading:
        torch.manual_seed(stacks)
        network = _READINGS[family](stacks)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0.0, 0.2)
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.normal_(0.0, 0.2)
                module.running_var.uniform_(0.5, 2.0)
        return network.eval().requires_grad_(False)

    return make
