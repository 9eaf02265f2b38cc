"""A model in ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.onnx.description import OnnxDescription
from lifting_core.errors import InvalidInput, LiftPoseError

Array = NDArray[np.float32]


class OnnxSession:
    """Runs a described model on pictures of its size."""

    def __init__(self, description: OnnxDescription, device: str = "auto") -> None:
        """Load the model. Raises InvalidInput when it is none, or takes no pictures of the described size."""
        try:
            import onnxruntime
        except ImportError as error:
            raise LiftPoseError(
                "The detector onnx needs ONNX Runtime.", "Install it: pip install lift-pose[onnx]"
            ) from error
        self._description = description
        wanted = ["CPUExecutionProvider"]
        if device in ("auto", "cuda"):
            wanted.insert(0, "CUDAExecutionProvider")
        providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
        try:
            self._session = onnxruntime.InferenceSession(str(description.model), providers=providers)
        except Exception as error:  # ONNX Runtime has one class of errors for every kind of damage
            raise InvalidInput(
                f"{description.model} is no ONNX model that can be run: {_first_line(error)}.",
                "Export the model again.",
            ) from error
        self._check_input()

    def _check_input(self) -> None:
        inputs = self._session.get_inputs()
        width, height = self._description.size
        wanted = (None, 3, height, width)
        shape = inputs[0].shape if inputs else []
        fits = len(inputs) == 1 and inputs[0].type == "tensor(float)" and len(shape) == 4
        sides = list(zip(shape, wanted, strict=False))
        # A side that the model leaves open has a name, or nothing, instead of a number.
        if not fits or any(isinstance(a, int) and b not in (None, a) for a, b in sides):
            found = ", ".join(f"{entry.type} {entry.shape}" for entry in inputs)
            raise InvalidInput(
                f"{self._description.model} reads {found}, not real numbers (N, 3, {height}, {width}).",
                "Correct the size in its description, or export the model with such an input.",
            )
        self._name: str = inputs[0].name
        self._one_by_one = shape[0] == 1

    def run(self, crops: NDArray[np.uint8]) -> list[Array]:
        """(N, H, W, 3) RGB pictures to the model's outputs, each with N first."""
        description = self._description
        pictures = crops[..., ::-1] if description.colours == "bgr" else crops
        scaled = (pictures - np.array(description.mean, np.float32)) / np.array(description.std, np.float32)
        images = np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), np.float32)
        parts = [images[i : i + 1] for i in range(len(images))] if self._one_by_one else [images]
        try:
            outputs: list[list[Any]] = [self._session.run(None, {self._name: part}) for part in parts]
        except Exception as error:  # as above
            raise LiftPoseError(
                f"{description.model} cannot be run: {_first_line(error)}.", "Export the model again."
            ) from error
        return [np.concatenate(arrays).astype(np.float32) for arrays in zip(*outputs, strict=True)]

    def misfit(self, outputs: list[Array], wanted: str) -> InvalidInput:
        """What to raise when the outputs are not those that the description promises."""
        found = " and ".join(str(output.shape) for output in outputs)
        return InvalidInput(
            f"{self._description.model} gives {found}, not {wanted} as its description says.",
            "Correct output, joints or size in the description.",
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
