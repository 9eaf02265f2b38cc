"""A second look at every pose, with its neighbours in time.

One frame cannot tell which of two depths a bent limb has, and guesses anew in the next. Here convolutions
over a window of frames, each of three and as far apart as they are wide (Pavllo et al., "3D human pose
estimation in video with temporal convolutions and semi-supervised training", CVPR 2019, figure 2), correct
what the single-frame network made of the middle one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lifting_core.lifting.network import Layer, Linear, NetworkShape

FRAMES_PER_SECOND = 30.0
"""Of a window, whatever the clip's own rate."""
_TAPS = 3


@dataclass(frozen=True)
class TemporalShape:
    """Sizes of a temporal network."""

    inputs: int
    """Numbers that describe a frame."""
    outputs: int
    width: int = 384
    window: int = 27
    """Frames, a power of three."""
    spread: int = 0
    """Joints whose uncertainty it gives, too."""

    @property
    def blocks(self) -> int:
        """Convolutions after the first."""
        return round(math.log(self.window, _TAPS)) - 1


class TemporalNetwork(nn.Module):
    """(N, W, inputs) windows to (N, outputs) of their middle frames.

    As only the middle frame is asked for, the dilated convolutions become strided ones (section 3 there).
    """

    def __init__(self, shape: TemporalShape) -> None:
        super().__init__()
        if shape.window != _TAPS ** (shape.blocks + 1):
            raise ValueError(f"a window of {shape.window} frames, not of a power of three")
        self.shape = shape
        layer = NetworkShape(0, 0, shape.width, dropout=0.0, max_norm=False)
        self.entry = Layer(_TAPS * shape.inputs, layer)
        self.blocks = nn.ModuleList(_Block(layer) for _ in range(shape.blocks))
        self.exit = Linear(shape.width, shape.outputs, max_norm=False)
        self.spread = nn.Linear(shape.width, shape.spread) if shape.spread else None
        nn.init.zeros_(self.exit.weight)  # at first the single-frame pose stays as it is

    def hidden(self, windows: Tensor) -> Tensor:
        """(N, W, inputs) to (N, width)."""
        hidden: Tensor = self.entry(windows.reshape(-1, _TAPS * self.shape.inputs))
        for block in self.blocks:
            hidden = block(hidden)
        return hidden

    def forward(self, windows: Tensor) -> Tensor:
        correction: Tensor = self.exit(self.hidden(windows))
        return correction


class _Block(nn.Module):
    """A convolution over three steps and a layer on its own, beside which the middle step passes."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.first = Layer(_TAPS * shape.width, shape)
        self.second = Layer(shape.width, shape)

    def forward(self, steps: Tensor) -> Tensor:
        threes = steps.view(-1, _TAPS, steps.shape[1])
        hidden: Tensor = threes[:, _TAPS // 2] + self.second(self.first(threes.flatten(1)))
        return hidden


def windows_in_time(time: NDArray[Any], window: int) -> NDArray[np.intp]:
    """(T,) seconds, increasing, to (T, W) frames: around each one, those nearest to steps of 1/30 s.

    Beyond the ends of the clip the end stands for what is not there, as do the last frames before gaps.
    """
    time = np.asarray(time, np.float64)
    wanted = time[:, None] + (np.arange(window) - window // 2) / FRAMES_PER_SECOND
    after = np.searchsorted(time, wanted).clip(1, max(len(time) - 1, 1))
    if len(time) < 2:
        return np.zeros(wanted.shape, np.intp)
    nearest: NDArray[np.intp] = np.where(wanted - time[after - 1] <= time[after] - wanted, after - 1, after)
    return nearest


def window_features(
    joints: Tensor, rays: Tensor, confidence: Tensor, rotations: Tensor, sizes: Tensor, windows: Tensor
) -> Tensor:
    """What the network reads of windows: joints and keypoints in the view of the middle frame.

    Arguments: of every frame, joints (T, J, 3) in camera axes, metres from the pelvis; rays (T, K, 3), z = 1;
    confidence (T, K), 0 where a keypoint is missing; rotations (T, 3, 3) from the camera's axes to the
    frame's own view (`view.person_view`) and sizes (T,) in which the person appears there; windows (N, W)
    numbers of frames.
    Returns (N, W, 3 J + 3 K): joints, and x, y and confidence of the keypoints, in units of the middle
    frame's size; so the path through the picture shows.
    """
    middle = windows[:, windows.shape[1] // 2]
    turn = rotations[middle].transpose(1, 2)[:, None]
    turned = (rays[windows] @ turn).float()
    known = confidence[windows][..., None]
    xy = turned[..., :2] / turned[..., 2:].clamp(min=1e-3) / sizes[middle][:, None, None, None]
    keypoints = torch.cat([torch.where(known > 0, xy.clamp(-8, 8), 0.0), known], -1)
    return torch.cat([(joints[windows] @ turn).flatten(2), keypoints.flatten(2)], -1)
