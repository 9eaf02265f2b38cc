"""ONNX models that find the keypoints of one person, in a crop."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from lifting_core.detection.hourglass.decoding import decode
from lifting_core.detection.onnx.description import OnnxDescription
from lifting_core.detection.onnx.session import Array, OnnxSession

_BLUR = 0.5
"""Cells, against the noise of heat maps."""


class SinglePersonModel:
    """A described model with bins or heat maps, as a `KeypointModel`."""

    batch_size = 8

    def __init__(self, description: OnnxDescription, session: OnnxSession) -> None:
        self.keypoint_names = description.joints
        self.input_size = description.size
        self._description, self._session = description, session

    def find(self, crops: NDArray[np.uint8]) -> tuple[Array, Array]:
        """See `KeypointModel`. Raises InvalidInput when the output does not fit the description."""
        outputs = self._session.run(crops)
        return self._from_bins(outputs) if self._description.output == "simcc" else self._from_maps(outputs)

    def _from_bins(self, outputs: list[Array]) -> tuple[Array, Array]:
        """The highest bin of each axis; the lower of the two is the confidence, as in MMPose."""
        split, joints = self._description.split, len(self.keypoint_names)
        sizes = [round(side * split) for side in self.input_size]
        if [output.shape[1:] for output in outputs] != [(joints, size) for size in sizes]:
            raise self._session.misfit(outputs, f"(N, {joints}, {sizes[0]}) and (N, {joints}, {sizes[1]})")
        # Bins count from the middle of the first pixel.
        positions = np.stack([output.argmax(-1) / split + 0.5 for output in outputs], -1)
        confidence = np.minimum(outputs[0].max(-1), outputs[1].max(-1))
        return positions.astype(np.float32), np.clip(confidence, 0, 1)

    def _from_maps(self, outputs: list[Array]) -> tuple[Array, Array]:
        """Of several outputs, as stacked networks have them, the last."""
        width, height = self.input_size
        joints = len(self.keypoint_names)
        maps = outputs[-1]
        if maps.ndim != 4 or maps.shape[1] != joints or width * maps.shape[2] != height * maps.shape[3]:
            raise self._session.misfit(outputs, f"heat maps (N, {joints}, {height} / s, {width} / s)")
        cells, confidence = decode(torch.from_numpy(maps), _BLUR)
        return (cells * (width / maps.shape[3])).numpy(), confidence.numpy()
