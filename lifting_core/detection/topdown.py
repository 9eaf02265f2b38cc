"""Detectors that find people first, and then the keypoints of each in a picture of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.boxes import BoxSource
from lifting_core.detection.detector import ClosedOnExit, Person
from lifting_core.detection.poses import SEEN, hidden_outside, is_credible
from lifting_core.detection.regions import Region
from lifting_core.media.frames import Frame


class KeypointModel(Protocol):
    """Finds the keypoints of single people."""

    @property
    def keypoint_names(self) -> tuple[str, ...]: ...

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the crops it wants, pixels."""

    @property
    def batch_size(self) -> int:
        """How many crops at a time it is fastest with."""

    def find(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(N, H, W, 3) RGB crops to (N, K, 2) pixels of the crop and (N, K) confidences from 0 to 1."""


class TopDownDetector(ClosedOnExit):
    """Everybody whom a `BoxSource` tells of, as a `BatchDetector`."""

    def __init__(self, people: BoxSource, model: KeypointModel, trust_boxes: bool = False) -> None:
        """With `trust_boxes`, somebody is in every box, however little the network sees of them."""
        self._people, self._model, self._trust_boxes = people, model, trust_boxes

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        return self._model.keypoint_names

    @property
    def batch_size(self) -> int:
        return self._model.batch_size

    def detect(self, frame: Frame) -> list[Person]:
        """Everybody in the frame."""
        return self.detect_batch([frame])[0]

    def detect_batch(self, frames: Sequence[Frame]) -> list[list[Person]]:
        """Everybody in each of some frames that follow each other."""
        size = self._model.input_size
        aspect = size[0] / size[1]
        owners, regions, crops = [], [], []
        for number, frame in enumerate(frames):
            for box in self._people.boxes(frame):
                region = Region.holding(box, aspect)
                owners.append(number)
                regions.append(region)
                crops.append(region.crop(frame.image, size))
        people: list[list[Person]] = [[] for _ in frames]
        for start in range(0, len(crops), self.batch_size):
            part = slice(start, start + self.batch_size)
            found = zip(*self._model.find(np.stack(crops[part])), strict=True)
            for number, region, (positions, confidence) in zip(
                owners[part], regions[part], found, strict=True
            ):
                image_size = (frames[number].image.shape[1], frames[number].image.shape[0])
                keypoints = region.from_crop(positions, size).astype(np.float32)
                person = Person(keypoints, hidden_outside(keypoints, confidence, image_size))
                if self._trust_boxes or is_credible(person, image_size, SEEN):
                    people[number].append(person)
        return people

    def close(self) -> None:
        self._people.close()
