"""From heat maps to positions, finer than their cells.

The maximum is refined as in DARK (Zhang et al., CVPR 2020): near a joint a heat map looks like a Gaussian,
whose logarithm is a parabola, so one Newton step from the highest cell leads to the peak. Public code of the
stacked hourglass goes a quarter of a cell towards the higher neighbour instead and then cuts to whole pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

_FAINT = 1e-6
"""What a heat map is lifted to before its logarithm is taken."""
_LONGEST_STEP = 0.7
"""Cells; were the peak farther away, another cell would be the highest."""


def decode(heatmaps: Tensor, blur: float = 0.0) -> tuple[Tensor, Tensor]:
    """(N, J, h, w) heat maps to positions (N, J, 2) and confidences (N, J) from 0 to 1.

    Positions count in cells from the upper left corner of the map: the middle of its first cell is
    (0.5, 0.5). `blur` is the deviation in cells of a Gaussian that the maps are smoothed with before the peak
    is refined, against their noise. The confidence is the height of the peak.
    """
    maps = heatmaps.float()
    height, width = maps.shape[-2:]
    confidence, highest = maps.flatten(2).max(-1)
    cells = torch.stack([highest % width, highest // width], -1)
    smooth = _blurred(maps, blur) if blur else maps
    offset = _newton_step(_neighbours(smooth.clamp(min=_FAINT).log(), cells))
    last = torch.tensor([width - 1, height - 1], device=maps.device)
    offset = torch.where((cells > 0) & (cells < last), offset, 0.0)  # on the border one side is unknown
    return cells + 0.5 + offset, confidence.clamp(0, 1)


def mirrored(heatmaps: Tensor, swap: list[int]) -> Tensor:
    """The heat maps (N, J, h, w) of a mirrored picture as those of the picture itself.

    `swap` has for every joint the index of that on the other side of the body.
    """
    return heatmaps[:, swap].flip(-1)


def _neighbours(maps: Tensor, cells: Tensor) -> Tensor:
    """(N, J, 3, 3) values around cells (N, J, 2), x and y; the map's border goes on beyond it."""
    padded = pad(maps, (1, 1, 1, 1), mode="replicate").flatten(2)
    width = maps.shape[-1] + 2
    around = torch.tensor([[y * width + x for x in range(3)] for y in range(3)], device=maps.device)
    first = cells[..., 1] * width + cells[..., 0]
    index = (first[..., None] + around.flatten()).long()
    return padded.gather(2, index).reshape(*cells.shape[:2], 3, 3)


def _newton_step(z: Tensor) -> Tensor:
    """(N, J, 2) from the middle of the 3 x 3 values to where their parabola is highest."""
    dx, dy = (z[..., 1, 2] - z[..., 1, 0]) / 2, (z[..., 2, 1] - z[..., 0, 1]) / 2
    dxx = z[..., 1, 2] - 2 * z[..., 1, 1] + z[..., 1, 0]
    dyy = z[..., 2, 1] - 2 * z[..., 1, 1] + z[..., 0, 1]
    dxy = (z[..., 2, 2] - z[..., 2, 0] - z[..., 0, 2] + z[..., 0, 0]) / 4
    determinant = dxx * dyy - dxy**2
    peaked = (determinant > 1e-9) & (dxx < 0)
    safe = torch.where(peaked, determinant, 1.0)
    step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], -1) / safe[..., None]
    return torch.where(peaked[..., None], step, 0.0).clamp(-_LONGEST_STEP, _LONGEST_STEP)


def _blurred(maps: Tensor, deviation: float) -> Tensor:
    radius = max(1, round(3 * deviation))
    x = torch.arange(-radius, radius + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.exp(-(x**2) / (2 * deviation**2))
    kernel = kernel / kernel.sum()
    joints = maps.shape[1]
    rows = kernel.view(1, 1, 1, -1).expand(joints, 1, 1, -1)
    blurred = conv2d(pad(maps, (radius, radius, 0, 0)), rows, groups=joints)
    return conv2d(pad(blurred, (0, 0, radius, radius)), rows.transpose(2, 3), groups=joints)
