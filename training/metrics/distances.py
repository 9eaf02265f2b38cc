"""How far predicted poses are from the truth. All take (..., J, 3) tensors and return (..., J) distances."""

from __future__ import annotations

import torch
from torch import Tensor


def distances(predicted: Tensor, truth: Tensor) -> Tensor:
    """Between every joint and its prediction as they are: their mean is MPJPE (Protocol 1)."""
    apart: Tensor = (predicted - truth).norm(dim=-1)
    return apart


def aligned_distances(predicted: Tensor, truth: Tensor) -> Tensor:
    """After every pose's best rigid alignment, scale included: their mean is P-MPJPE (Protocol 2)."""
    return distances(aligned(predicted, truth), truth)


def scaled_distances(predicted: Tensor, truth: Tensor) -> Tensor:
    """After every pose's best scaling about the origin: their mean is N-MPJPE (Rhodin et al., CVPR 2018)."""
    predicted, truth = predicted.double(), truth.double()
    scale = (predicted * truth).sum((-2, -1)) / predicted.square().sum((-2, -1)).clamp(min=1e-12)
    return distances(predicted * scale[..., None, None], truth)


def aligned(predicted: Tensor, truth: Tensor) -> Tensor:
    """The predictions turned, scaled and moved onto the truth, by least squares.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (TPAMI 1991),
    equations 40 to 43; a mirror image is not allowed.
    """
    predicted, truth = predicted.double(), truth.double()
    from_mean = predicted - predicted.mean(-2, keepdim=True)
    to_mean = truth.mean(-2, keepdim=True)
    u, singular, vh = torch.linalg.svd((truth - to_mean).mT @ from_mean)
    sign = torch.ones_like(singular)
    sign[..., -1] = torch.linalg.det(u @ vh).sign()
    rotation = u * sign[..., None, :] @ vh
    spread = from_mean.square().sum((-2, -1)).clamp(min=1e-12)
    scale = (singular * sign).sum(-1) / spread
    result: Tensor = scale[..., None, None] * (from_mean @ rotation.mT) + to_mean
    return result
