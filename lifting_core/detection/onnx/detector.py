"""A described ONNX model as a detector."""

from __future__ import annotations

from lifting_core.detection.boxes import open_boxes
from lifting_core.detection.detector import Detector
from lifting_core.detection.onnx.description import read_description
from lifting_core.detection.onnx.session import OnnxSession
from lifting_core.detection.onnx.single_person import SinglePersonModel
from lifting_core.detection.onnx.yolo import YoloPoseDetector
from lifting_core.detection.options import DetectorOptions, Effort
from lifting_core.detection.topdown import TopDownDetector


def open_onnx(options: DetectorOptions, effort: Effort = "usual") -> Detector:
    """The model that the user's TOML file describes.

    Raises InvalidInput without such a file, or when it, the model or the boxes cannot be used, and
    LiftPoseError when ONNX Runtime is not installed.
    """
    description = read_description(
        options.required_weights("onnx", "a TOML file that describes an ONNX model")
    )
    session = OnnxSession(description, options.device)
    if description.output == "yolo-pose":
        return YoloPoseDetector(description, session)
    model = SinglePersonModel(description, session)
    return TopDownDetector(open_boxes(options.boxes, effort), model)
