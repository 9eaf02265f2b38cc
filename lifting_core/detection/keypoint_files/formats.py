"""The JSON that pose estimators write: COCO, OpenPose, MMPose, MediaPipe.

Every reader gives what it finds as (frame, keypoints) pairs: the number of the frame, from 0, and (K, 3) x, y
and confidence. They raise ValueError, KeyError or TypeError when the JSON is not what it looked like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.poses import mediapipe_confidence

Found = Iterator[tuple[int, NDArray[np.float32]]]

_WHOLE_BODY = ("foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
_FLAGS = np.array([0.0, 0.5, 1.0], np.float32)
"""Confidence of COCO's flags: not labelled, labelled but hidden, visible."""
_LANDMARKS = ("landmarks", "pose_landmarks", "poseLandmarks")


def reader_for(content: Any) -> Callable[[Any], Found] | None:
    """What reads this JSON, by its looks; None for JSON of no known kind."""
    for is_kind, reader in _KINDS:
        if is_kind(content):
            return reader
    return None


def frame_number(name: str) -> int:
    """The last number in a file's name: 12 for clip_000000000012_keypoints.json and for 0012.jpg."""
    numbers = re.findall(r"\d+", name)
    if not numbers:
        raise ValueError(f"{name!r} has no number of a frame")
    return int(numbers[-1])


def read_coco_results(content: Sequence[Mapping[str, Any]]) -> Found:
    """COCO's result format, and AlphaPose's: `image_id` is the frame, or a name with its number."""
    for entry in content:
        identity = entry["image_id"]
        frame = identity if isinstance(identity, int) else frame_number(str(identity))
        parts = [entry["keypoints"], *(entry[name] for name in _WHOLE_BODY if name in entry)]
        yield frame, _triples([value for part in parts for value in part])


def read_coco_annotations(content: Mapping[str, Any]) -> Found:
    """COCO's annotation format: frames are the images in the order of their names."""
    order = sorted(content["images"], key=lambda image: str(image["file_name"]))
    frames = {image["id"]: number for number, image in enumerate(order)}
    for entry in content["annotations"]:
        parts = [entry["keypoints"], *(entry[name] for name in _WHOLE_BODY if name in entry)]
        person = _triples([value for part in parts for value in part])
        flags = person[:, 2].astype(int)
        if not np.isin(flags, (0, 1, 2)).all():
            raise ValueError("flags of visibility other than 0, 1 and 2")
        person[:, 2] = _FLAGS[flags]
        yield frames[entry["image_id"]], person


def read_openpose(content: Mapping[str, Any]) -> Found:
    """One frame of OpenPose's --write_json, numbered 0."""
    for person in content["people"]:
        yield 0, _triples(person["pose_keypoints_2d"])


def read_mmpose_demo(content: Mapping[str, Any]) -> Found:
    """What MMPose's demo scripts save: `instance_info`, whose frames are counted from 1."""
    yield from read_mmpose_video(content["instance_info"], first=1)


def read_mmpose_video(content: Sequence[Mapping[str, Any]], first: int = 0) -> Found:
    """What MMPose's inferencers save of a video: one object a frame."""
    for entry in content:
        for _, person in read_mmpose_image(entry["instances"]):
            yield int(entry["frame_id"]) - first, person


def read_mmpose_image(content: Sequence[Mapping[str, Any]]) -> Found:
    """What MMPose's inferencers save of a picture: one object a person."""
    for person in content:
        positions = np.asarray(person["keypoints"], np.float32)
        scores = np.asarray(person["keypoint_scores"], np.float32)
        yield 0, np.column_stack([positions[:, :2], scores])


def read_mediapipe(content: Sequence[Any]) -> Found:
    """The results of MediaPipe's pose landmarker, one object a frame: x and y are shares of the picture.

    Fields are named as in Python, in JavaScript or in the older solution; the latter knows one person only.
    """
    for frame, entry in enumerate(content):
        people = next((entry[name] for name in _LANDMARKS if name in entry), None) or []
        if people and isinstance(people[0], dict):
            people = [people]
        for person in people:
            yield frame, np.array([_landmark(point) for point in person], np.float32)


def _landmark(point: Mapping[str, float]) -> tuple[float, float, float]:
    likely = (np.array([point.get(name, 1.0)]) for name in ("visibility", "presence"))
    return point["x"], point["y"], float(mediapipe_confidence(*likely)[0])


def _triples(values: Sequence[float]) -> NDArray[np.float32]:
    if len(values) % 3:
        raise ValueError(f"{len(values)} numbers, which are no triples of x, y and confidence")
    return np.asarray(values, np.float32).reshape(-1, 3)


def _list_of(*names: str) -> Callable[[Any], bool]:
    """Whether a value is a list of objects with an entry of one of these names."""

    def is_list(content: Any) -> bool:
        entries = isinstance(content, list) and len(content) > 0
        return entries and all(isinstance(e, dict) and not e.keys().isdisjoint(names) for e in content)

    return is_list


def _object_with(name: str) -> Callable[[Any], bool]:
    return lambda content: isinstance(content, dict) and name in content


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Found]], ...] = (
    (_object_with("people"), read_openpose),
    (_object_with("instance_info"), read_mmpose_demo),
    (_object_with("annotations"), read_coco_annotations),
    (_list_of("image_id"), read_coco_results),
    (_list_of("instances"), read_mmpose_video),
    (_list_of("keypoint_scores"), read_mmpose_image),
    (_list_of(*_LANDMARKS), read_mediapipe),
)
