"""Keypoint files as a detector: it finds in a frame what the file tells of it."""

from __future__ import annotations

import numpy as np

from lifting_core.detection.detector import ClosedOnExit, Person
from lifting_core.detection.keypoint_files.reading import FoundKeypoints, read_keypoints
from lifting_core.detection.options import DetectorOptions
from lifting_core.media.frames import Frame


class KeypointFileDetector(ClosedOnExit):
    """Gives what another program found in the frames of the clip."""

    def __init__(self, found: FoundKeypoints) -> None:
        self._found = found

    @classmethod
    def open(cls, options: DetectorOptions) -> KeypointFileDetector:
        """Read the user's file. Raises InvalidInput without one, or when it holds something else."""
        wanted = "the keypoints of another program (JSON of COCO, MMPose, MediaPipe; OpenPose's folder)"
        return cls(read_keypoints(options.required_weights("file", wanted)))

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        return self._found.names

    def detect(self, frame: Frame) -> list[Person]:
        """Everybody in the file's frame of this number."""
        people = list(self._found.people.get(frame.index, ()))
        if not self._found.relative:
            return people
        size = np.array([frame.image.shape[1], frame.image.shape[0]], np.float32)
        return [Person(person.keypoints * size, person.confidence) for person in people]
