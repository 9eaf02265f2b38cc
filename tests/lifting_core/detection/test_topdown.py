from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.detector import BatchDetector, Person, detections
from lifting_core.detection.regions import Box
from lifting_core.detection.topdown import TopDownDetector
from lifting_core.media.frames import Frame

_SHAPE = np.array([[0.5, 0.1], [0.3, 0.5], [0.7, 0.5], [0.5, 0.9]])


class _Boxes:
    """Frame i has the people i says; people stand side by side."""

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts, self.closed = counts, False

    def boxes(self, frame: Frame) -> list[Box]:
        return [Box(40.0 + 100 * i, 30, 60, 120) for i in range(self.counts[frame.index])]

    def close(self) -> None:
        self.closed = True


class _Model:
    """Puts the same keypoints into every crop, and counts what it is asked."""

    keypoint_names = ("head", "left_hip", "right_hip", "pelvis")
    input_size = (48, 64)
    batch_size = 3

    def __init__(self, confidence: float = 0.9) -> None:
        self.asked: list[tuple[int, ...]] = []
        self._confidence = confidence

    def find(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.asked.append(crops.shape)
        positions = np.repeat((_SHAPE * self.input_size)[None], len(crops), 0)
        return positions.astype(np.float32), np.full((len(crops), 4), self._confidence, np.float32)


def _frames(count: int) -> list[Frame]:
    return [Frame(i, i / 30, np.zeros((200, 600, 3), np.uint8)) for i in range(count)]


def test_everybody_is_found_in_their_frame_and_place() -> None:
    boxes, model = _Boxes([2, 0, 1, 4]), _Model()
    with TopDownDetector(boxes, model) as detector:
        assert isinstance(detector, BatchDetector)
        found = list(detections(detector, iter(_frames(4))))
    assert boxes.closed
    assert [frame.index for frame, _ in found] == [0, 1, 2, 3]
    assert [len(people) for _, people in found] == [2, 0, 1, 4]
    assert model.asked == [(3, 64, 48, 3), (3, 64, 48, 3), (1, 64, 48, 3)]  # never more than it likes
    # The region has the input's proportions: 90 x 120 around the box of 60 x 120.
    expected = np.array([25 + 100, 30]) + _SHAPE * (90, 120)
    np.testing.assert_allclose(found[0][1][1].keypoints, expected, atol=1e-3)


def test_one_frame_at_a_time_is_the_same() -> None:
    together = [
        p for _, people in detections(TopDownDetector(_Boxes([1, 2]), _Model()), _frames(2)) for p in people
    ]
    detector = TopDownDetector(_Boxes([1, 2]), _Model())
    alone = [person for frame in _frames(2) for person in detector.detect(frame)]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a.keypoints, b.keypoints)


def test_whom_the_network_does_not_see_is_nobody() -> None:
    (frame,) = _frames(1)
    assert TopDownDetector(_Boxes([2]), _Model(confidence=0.05)).detect(frame) == []
    trusting = TopDownDetector(_Boxes([2]), _Model(confidence=0.05), trust_boxes=True)
    assert len(trusting.detect(frame)) == 2


def test_keypoints_beyond_the_picture_have_no_confidence() -> None:
    class Beyond(_Boxes):
        def boxes(self, frame: Frame) -> list[Box]:
            return [Box(-60, 30, 120, 120)]

    (person,) = TopDownDetector(Beyond([1]), _Model()).detect(_frames(1)[0])
    outside = person.keypoints[:, 0] < -5
    assert outside.any()
    assert (person.confidence[outside] == 0).all()
    assert (person.confidence[~outside & (person.keypoints[:, 0] > 0)] > 0.8).all()


def test_detectors_of_single_frames_are_asked_one_by_one() -> None:
    class Single:
        keypoint_names = ("head",)

        def detect(self, frame: Frame) -> list[Person]:
            return [] if frame.index else [Person(np.zeros((1, 2), np.float32), np.ones(1, np.float32))]

        def close(self) -> None:
            pass

        def __enter__(self) -> Single:
            return self

        def __exit__(self, *exception: object) -> None:
            pass

    assert [len(people) for _, people in detections(Single(), iter(_frames(3)))] == [1, 0, 0]
