"""The stacked hourglass at work: from crops of people to keypoints."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.detection.hourglass.decoding import decode, mirrored
from lifting_core.detection.hourglass.network import STRIDE
from lifting_core.detection.hourglass.weights import HourglassModel
from lifting_core.skeleton import mirrored as other_side

_BLUR = 0.5
"""Cells: enough against noise; on rendered people the joints are 5 % nearer to the truth than with twice as
much, and 12 % nearer than with the quarter of a cell of public code."""
_BATCHES = {"cpu": 1}
"""Crops at a time: a processor is no faster with more (`benchmarks/hourglass_speed.py`), unlike a GPU."""


class HourglassKeypoints:
    """A model on a device."""

    def __init__(
        self, model: HourglassModel, device: torch.device, precision: torch.dtype = torch.float32
    ) -> None:
        self.keypoint_names = model.profile.joints
        self.input_size = (model.profile.input_size, model.profile.input_size)
        self.batch_size = _BATCHES.get(device.type, 32)
        self._device, self._precision = device, precision
        self._model = model.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
        self._swap = [self.keypoint_names.index(other_side(name)) for name in self.keypoint_names]

    @torch.inference_mode()
    def find(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(N, S, S, 3) RGB crops to the keypoints (N, K, 2) in pixels of the crop, and confidences (N, K).

        The heat maps are the mean of those of the crop and of its mirror image.
        """
        images = torch.from_numpy(crops).to(self._device).permute(0, 3, 1, 2).float() / 255
        both = torch.cat([images, images.flip(-1)]).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, self._precision, enabled=self._precision != torch.float32):
            heatmaps: Tensor = self._model(both)[-1]
        straight, flipped = heatmaps.float().chunk(2)
        cells, confidence = decode((straight + mirrored(flipped, self._swap)) / 2, _BLUR)
        return (cells * STRIDE).cpu().numpy(), confidence.cpu().numpy()
