"""On the rendered clip, whose true joints are known; on real video where there is some."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.detection import Effort, Person, detections, open_detector
from lifting_core.detection.mediapipe_detector import _are_one
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES, with_sides_exchanged
from lifting_core.media import Frame, open_media
from lifting_core.skeleton import LIMB_JOINTS
from lifting_core.tracking import track

Image = NDArray[np.uint8]
DATA = Path(__file__).parents[2] / "data"
LIMBS = [KEYPOINT_NAMES.index(name) for name in LIMB_JOINTS]
LEGS = [KEYPOINT_NAMES.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "ankle")]


@pytest.fixture(scope="module")
def clip() -> list[Image]:
    """Every other of the first 60 pictures of the rendered clip."""
    return [frame.image for frame in islice(open_media(DATA / "walk_and_wave.mp4"), 0, 60, 2)]


@pytest.fixture(scope="module")
def truth() -> NDArray[np.float64]:
    """(T, 12, 2) true pixels of the limb joints in those pictures."""
    data = json.loads((DATA / "walk_and_wave.json").read_text())
    columns = [data["joint_names"].index(name) for name in LIMB_JOINTS]
    points = np.array(data["joints_world"])[0:60:2, columns] @ np.array(data["R"]).T + data["t"]
    pixels: NDArray[np.float64] = points @ np.array(data["K"]).T
    return pixels[..., :2] / pixels[..., 2:]


def detect(images: Iterable[Image], effort: Effort = "usual") -> list[list[Person]]:
    with open_detector("mediapipe", effort) as detector:
        frames = (Frame(i, i / 15, image) for i, image in enumerate(images))
        return [people for _, people in detections(detector, frames)]


def errors(people: list[Person], truth: NDArray[np.float64]) -> list[float]:
    """Median distance to the true limbs, for each person, in heights of the true person."""
    height = np.ptp(truth[:, 1])
    return [float(np.median(np.linalg.norm(p.keypoints[LIMBS] - truth, axis=1)) / height) for p in people]


def on_canvas(image: Image, scale: float) -> Image:
    """The picture at another scale in the middle of a 960 x 720 one of its mean colour."""
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.full((720, 960, 3), small.reshape(-1, 3).mean(axis=0), np.uint8)
    top, left = (720 - small.shape[0]) // 2, (960 - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def test_the_person_is_found_in_every_picture_with_the_right_keypoints(
    clip: list[Image], truth: NDArray[np.float64]
) -> None:
    found = detect(clip)
    assert [len(people) for people in found] == [1] * len(clip)
    assert np.median([errors(people, t)[0] for people, t in zip(found, truth, strict=True)]) < 0.04
    assert max(errors(people, t)[0] for people, t in zip(found, truth, strict=True)) < 0.08


def test_two_runs_give_the_same(clip: list[Image]) -> None:
    for first, second in zip(detect(clip[:12]), detect(clip[:12]), strict=True):
        assert len(first) == len(second) == 1
        np.testing.assert_array_equal(first[0].keypoints, second[0].keypoints)
        np.testing.assert_array_equal(first[0].confidence, second[0].confidence)


def test_a_photo_is_as_good_as_a_video(clip: list[Image], truth: NDArray[np.float64]) -> None:
    for i in (0, 15, 29):
        (people,) = detect([clip[i]])
        assert len(people) == 1
        assert errors(people, truth[i])[0] < 0.06


def test_with_the_most_effort_a_photo_is_seen_more_exactly(
    clip: list[Image], truth: NDArray[np.float64]
) -> None:
    off: dict[Effort, list[float]] = {"usual": [], "most": []}
    for effort, found in off.items():
        for i in range(0, 30, 3):
            (people,) = detect([clip[i]], effort)
            found += errors(people, truth[i])
    assert len(off["most"]) == len(off["usual"]) == 10
    assert np.mean(off["most"]) < np.mean(off["usual"])


def test_a_person_of_a_fifth_of_the_height_is_found(clip: list[Image], truth: NDArray[np.float64]) -> None:
    height = float(np.median(np.ptp(truth[..., 1], axis=1))) * 1.15  # with head and feet
    scale = 0.2 * 720 / height
    found = detect(on_canvas(image, scale) for image in clip)
    corner = ((960 - round(848 * scale)) // 2, (720 - round(480 * scale)) // 2)
    right = [any(e < 0.1 for e in errors(p, t * scale + corner)) for p, t in zip(found, truth, strict=True)]
    assert np.mean(right) >= 0.9
    assert max(len(people) for people in found) == 1


def test_a_blurred_person_is_found(clip: list[Image], truth: NDArray[np.float64]) -> None:
    """Who is out of focus is found only in windows with some room around the body."""
    small = [cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA) for image in clip[:16]]
    found = detect(np.asarray(cv2.GaussianBlur(image, (0, 0), 3), np.uint8) for image in small)
    assert [len(people) for people in found] == [1] * len(small)
    assert max(errors(people, 0.6 * t)[0] for people, t in zip(found, truth, strict=False)) < 0.1


def test_two_people_are_found_once_each_and_kept_apart(clip: list[Image], truth: NDArray[np.float64]) -> None:
    pairs = [np.hstack([image[:, :424], image[:, :424][:, ::-1]]) for image in clip[:15]]
    found = detect(pairs)
    assert [len(people) for people in found] == [2] * len(pairs)
    tracks = track(((i / 15, people) for i, people in enumerate(found)), KEYPOINT_NAMES)
    assert [len(t.frames) for t in tracks] == [len(pairs)] * 2
    sides = sorted(tracks, key=lambda t: t.seen_keypoints[0, 0, 0])
    swap = [
        LIMB_JOINTS.index(name.replace("left", "RIGHT").replace("right", "left").lower())
        for name in LIMB_JOINTS
    ]
    for i in range(len(pairs)):
        mirrored = truth[i, swap] * (-1, 1) + (847, 0)
        assert errors([Person(sides[0].seen_keypoints[i], sides[0].seen_confidence[i])], truth[i])[0] < 0.08
        assert errors([Person(sides[1].seen_keypoints[i], sides[1].seen_confidence[i])], mirrored)[0] < 0.08


def test_a_person_whose_sides_are_confused_is_nobody_new(clip: list[Image]) -> None:
    (person,) = detect(clip[:1])[0]
    assert _are_one(person, with_sides_exchanged(person))
    beside = Person(
        person.keypoints + np.array([np.ptp(person.keypoints[:, 1]) / 2, 0], np.float32), person.confidence
    )
    assert not _are_one(person, beside)


def test_with_little_effort_it_looks_at_bystanders_in_every_second_picture(clip: list[Image]) -> None:
    small = cv2.resize(clip[0], None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    pictures = []
    for image in clip[:16]:
        picture = np.concatenate([np.full_like(image, 128), image], axis=1)
        picture[-small.shape[0] :, : small.shape[1]] = small
        pictures.append(picture)
    found = detect(pictures, "least")[1:]
    heights = [[float(np.ptp(person.keypoints[:, 1])) for person in people] for people in found]
    assert min(max(each) for each in heights) > 1.4 * min(min(each) for each in heights)
    assert [len(people) for people in found] in ([1, 2] * 7 + [1], [2, 1] * 7 + [2])


def test_two_people_who_cross_keep_their_identity() -> None:
    """The figure and its mirror image walk through each other."""
    images = [frame.image for frame in islice(open_media(DATA / "walk_and_wave.mp4"), 66)]
    room = np.median(images, axis=0)
    crossing = []
    for image in images:
        mirrored = image[:, ::-1]
        figure = (np.abs(image - room).max(axis=2) > 30).astype(np.uint8)
        figure = cv2.morphologyEx(figure, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))[:, ::-1]
        crossing.append(np.where(figure[..., None] > 0, mirrored, image))
    tracks = track(((i / 30, people) for i, people in enumerate(detect(crossing))), KEYPOINT_NAMES)
    assert len(tracks) == 2
    for one in tracks:
        assert len(one.frames) > 0.7 * len(images)
        assert {one.frames[0], one.frames[-1]} == {0, len(images) - 1}
        middles = one.boxes[:, 0] + one.boxes[:, 2] / 2
        assert (middles[0] < 424) == (middles[-1] > 424)


def test_nobody_is_made_up(clip: list[Image]) -> None:
    empty_room = np.median(clip, axis=0).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (20, 240, 320, 3), dtype=np.uint8)
    assert detect([empty_room] * 20) == [[]] * 20
    assert detect([np.zeros((480, 640, 3), np.uint8)] * 5) == [[]] * 5
    assert detect(noise) == [[]] * 20


def test_who_comes_late_is_found_and_who_goes_is_gone(clip: list[Image]) -> None:
    empty_room = np.median(clip, axis=0).astype(np.uint8)
    counts = [len(people) for people in detect([*[empty_room] * 10, *clip[:15], *[empty_room] * 15])]
    assert counts[:10] == [0] * 10
    assert counts[12:25] == [1] * 13
    assert counts[-8:] == [0] * 8


def test_pictures_may_change_their_size(clip: list[Image]) -> None:
    images = [clip[0], clip[1], np.ascontiguousarray(clip[1][:, :500]), cv2.resize(clip[2], (424, 240))]
    assert [len(people) for people in detect(images)] == [1, 1, 1, 1]


def test_the_half_that_is_outside_the_picture_is_not_trusted(
    clip: list[Image], truth: NDArray[np.float64]
) -> None:
    hips = int(truth[:10, [LIMB_JOINTS.index("left_hip"), LIMB_JOINTS.index("right_hip")], 1].mean())
    found = detect(np.ascontiguousarray(image[: hips + 10]) for image in clip[:10])
    assert all(len(people) == 1 for people in found)
    confidence = np.array([people[0].confidence for people in found])
    assert confidence[:, LEGS].max() < 0.5
    assert np.median(confidence[:, : KEYPOINT_NAMES.index("left_elbow")]) > 0.8


def test_covered_legs_are_not_trusted(clip: list[Image], truth: NDArray[np.float64]) -> None:
    images = []
    for image, joints in zip(clip[:10], truth, strict=False):
        knees = joints[[LIMB_JOINTS.index("left_knee"), LIMB_JOINTS.index("right_knee")]]
        image = image.copy()
        left, right = int(knees[:, 0].min() - 60), int(knees[:, 0].max() + 60)
        image[int(knees[:, 1].min() - 40) :, max(left, 0) : right] = (120, 110, 100)
        images.append(image)
    confidence = np.array([people[0].confidence for people in detect(images)])
    assert np.median(confidence[:, LEGS]) < 0.5
    assert (
        np.median(confidence[:, LEGS]) < np.median([p[0].confidence[LEGS] for p in detect(clip[:10])]) - 0.2
    )


def test_keypoints_beyond_the_border_have_no_confidence(
    clip: list[Image], truth: NDArray[np.float64]
) -> None:
    middle = int(truth[20, :, 0].mean())
    (people,) = detect([np.ascontiguousarray(clip[20][:, middle:])])
    for person in people:
        outside = person.keypoints[:, 0] < -0.03 * np.ptp(person.keypoints, axis=0).max()
        assert (person.confidence[outside] == 0).all()


def test_two_people_in_a_street_are_found_and_kept_apart(shared_folder: Path) -> None:
    frames = list(islice(open_media(shared_folder / "media/sports2d_walk.mp4"), 70, 130, 2))
    found = detect(frame.image for frame in frames)
    assert [len(people) for people in found] == [2] * len(frames)
    tracks = track(((i / 15, people) for i, people in enumerate(found)), KEYPOINT_NAMES)
    assert [len(t.frames) for t in tracks] == [len(frames)] * 2


def test_a_small_bystander_is_found_beside_a_large_person(shared_folder: Path) -> None:
    frames = islice(open_media(shared_folder / "media/pose2sim/cam01.mp4"), 20)
    found = detect(frame.image for frame in frames)
    assert [len(people) for people in found] == [2] * 20
    heights = sorted(float(np.ptp(person.keypoints[:, 1])) for person in found[-1])
    assert heights[0] < 0.25 * 1920 < 0.35 * 1920 < heights[1]
