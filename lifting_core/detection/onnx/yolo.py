"""ONNX models that find everybody in the whole picture at once, with their keypoints (YOLO pose)."""

from __future__ import annotations

import cv2
import numpy as np

from lifting_core.detection.detector import ClosedOnExit, Person
from lifting_core.detection.onnx.description import OnnxDescription
from lifting_core.detection.onnx.session import Array, OnnxSession
from lifting_core.detection.poses import SEEN, hidden_outside, is_credible
from lifting_core.detection.regions import Box, Region
from lifting_core.media.frames import Frame

_GREY = 114
"""Around the picture, as in training (Ultralytics)."""


class YoloPoseDetector(ClosedOnExit):
    """A described one-stage model as a `Detector`.

    Its output is (1, 5 + 3 K, M), or with the axes exchanged: middle, width and height of a box, score, and
    x, y and visibility of the keypoints, in pixels of the input; or, where the export has sorted people out
    already, (1, M, 6 + 3 K) with the corners of the box, score and class.
    """

    def __init__(self, description: OnnxDescription, session: OnnxSession) -> None:
        self._description, self._session = description, session

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        return self._description.joints

    def detect(self, frame: Frame) -> list[Person]:
        """Everybody found. Raises InvalidInput when the output does not fit the description."""
        height, width = frame.image.shape[:2]
        size = self._description.size
        region = Region.holding(Box(0, 0, width, height), size[0] / size[1])
        rows = self._people(self._session.run(region.crop(frame.image, size, _GREY)[None]))
        people = []
        for row in rows.reshape(-1, len(self.keypoint_names), 3):
            keypoints = region.from_crop(row[:, :2], size).astype(np.float32)
            confidence = hidden_outside(keypoints, np.clip(row[:, 2], 0, 1), (width, height))
            people.append(Person(keypoints, confidence))
        return [person for person in people if is_credible(person, (width, height), SEEN)]

    def _people(self, outputs: list[Array]) -> Array:
        """(P, 3 K) keypoints of those with a good score, each person once."""
        keypoints, output = 3 * len(self.keypoint_names), outputs[0]
        raw, sorted_out = 5 + keypoints, 6 + keypoints
        if output.ndim != 3 or len(output) != 1 or not {raw, sorted_out} & set(output.shape[1:]):
            raise self._session.misfit(outputs, f"(1, {raw}, M) or (1, M, {sorted_out})")
        rows: Array = output[0] if output.shape[2] in (raw, sorted_out) else output[0].T
        rows = rows[rows[:, 4] >= self._description.score]
        if rows.shape[1] == sorted_out:
            return rows[:, 6:]
        corners = np.column_stack([rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4]])
        kept = cv2.dnn.NMSBoxes(
            corners.tolist(), rows[:, 4].tolist(), self._description.score, self._description.overlap
        )
        return rows[np.array(kept, int).ravel(), 5:]
