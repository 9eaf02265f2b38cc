from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from lifting_core.lifting.temporal import (
    TemporalNetwork,
    TemporalShape,
    window_features,
    windows_in_time,
)
from lifting_core.lifting.view import person_view


def network(window: int) -> TemporalNetwork:
    torch.manual_seed(0)
    made = TemporalNetwork(TemporalShape(inputs=5, outputs=6, width=16, window=window)).eval()
    torch.nn.init.normal_(made.exit.weight)
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return made


def dilated(made: TemporalNetwork, windows: Tensor) -> Tensor:
    """The same network as dilated convolutions over the window, without strides."""

    def normalised(layer: torch.nn.Module, x: Tensor) -> Tensor:
        return functional.relu(
            layer.batch_norm(x.transpose(1, 2).flatten(0, 1)).unflatten(0, (len(x), -1))
        ).transpose(1, 2)

    def convolved(layer: torch.nn.Module, x: Tensor, dilation: int) -> Tensor:
        kernel = layer.linear.weight.unflatten(1, (3, -1)).transpose(1, 2)
        return normalised(layer, functional.conv1d(x, kernel, layer.linear.bias, dilation=dilation))

    x = convolved(made.entry, windows.transpose(1, 2), 1)
    for step, block in enumerate(made.blocks, start=1):
        dilation = 3**step
        wide = convolved(block.first, x, dilation)
        second = functional.conv1d(wide, block.second.linear.weight[..., None], block.second.linear.bias)
        x = x[..., dilation:-dilation] + normalised(block.second, second)
    return made.exit(x[..., 0])


@pytest.mark.parametrize("window", [9, 27])
def test_strides_give_what_dilated_convolutions_give(window: int) -> None:
    made, windows = network(window), torch.randn(4, window, 5)
    with torch.no_grad():
        torch.testing.assert_close(made(windows), dilated(made, windows), atol=1e-4, rtol=1e-4)


def test_windows_of_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="power of three"):
        TemporalNetwork(TemporalShape(inputs=5, outputs=6, window=12))


@settings(max_examples=40)
@given(st.lists(st.floats(0.005, 0.4), min_size=1, max_size=40), st.sampled_from([3, 9, 27]))
def test_windows_take_the_nearest_frames(intervals: list[float], window: int) -> None:
    time = np.cumsum(intervals)
    frames = windows_in_time(time, window)
    wanted = time[:, None] + (np.arange(window) - window // 2) / 30
    nearest = np.abs(wanted[..., None] - time).min(-1)
    np.testing.assert_allclose(np.abs(wanted - time[frames]), nearest, atol=1e-12)
    assert (frames[:, window // 2] == np.arange(len(time))).all()


def test_at_60_frames_a_second_every_other_frame_counts() -> None:
    frames = windows_in_time(np.arange(100) / 60, 9)
    assert frames[50].tolist() == [42, 44, 46, 48, 50, 52, 54, 56, 58]
    assert frames[0].tolist() == [0, 0, 0, 0, 0, 2, 4, 6, 8]


def test_features_are_those_of_the_middle_frame_s_view() -> None:
    random = torch.Generator().manual_seed(1)
    rays = torch.cat([torch.randn(5, 4, 2, generator=random) * 0.2, torch.ones(5, 4, 1)], -1)
    joints, confidence = torch.randn(5, 3, 3, generator=random), torch.ones(5, 4)
    confidence[1, 2] = 0
    views, rotations, sizes = person_view(rays, confidence)
    windows = torch.tensor([[0, 2, 4], [1, 1, 3]])
    found = window_features(joints, rays, confidence, rotations, sizes, windows)
    assert found.shape == (2, 3, 3 * 3 + 3 * 4)
    turned = joints[4] @ rotations[2].T
    torch.testing.assert_close(found[0, 2, :9], turned.flatten())
    # The middle frame's keypoints are its own view, but for the centring.
    own = found[0, 1, 9:].view(4, 3)
    torch.testing.assert_close(own[:, :2] - own[:, :2].mean(0), views[2, :, :2], atol=1e-5, rtol=0)
    assert (found[1, 0, 9:].view(4, 3)[2] == 0).all()
