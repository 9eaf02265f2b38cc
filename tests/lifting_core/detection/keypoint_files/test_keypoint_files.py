"""Files as the public documentation of each program shows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.detection import DetectorOptions, open_detector
from lifting_core.detection.joint_sets import BODY_25, COCO, COCO_WHOLEBODY, HALPE_26, MEDIAPIPE, MPII
from lifting_core.detection.keypoint_files.formats import frame_number
from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.errors import InvalidInput
from lifting_core.media.frames import Frame
from lifting_core.pipeline import lift
from lifting_core.settings import LiftSettings

_DATA = Path(__file__).parents[3] / "data"
_FRAMES = 12
_START = 100
_SIZE = np.array([848, 480])

Pose = NDArray[np.float64]
"""(K, 3) x, y in pixels, confidence."""


@pytest.fixture(scope="module")
def poses() -> Callable[[tuple[str, ...]], list[Pose]]:
    """The true keypoints of the demo clip's first frames by joint set; what it lacks has confidence 0."""
    truth = json.loads((_DATA / "walk_and_wave.json").read_text(encoding="utf-8"))
    world = np.array(truth["joints_world"])[_START : _START + _FRAMES]
    seen = (world @ np.array(truth["R"]).T + np.ravel(truth["t"])) @ np.array(truth["K"]).T
    pixels = seen[..., :2] / seen[..., 2:]
    known = {"nose": "neck", "left_foot_index": "left_toe", "right_foot_index": "right_toe"}

    def of(names: tuple[str, ...]) -> list[Pose]:
        found = np.zeros((_FRAMES, len(names), 3))
        for column, name in enumerate(names):
            if known.get(name, name) in truth["joint_names"]:
                found[:, column, :2] = pixels[:, truth["joint_names"].index(known.get(name, name))]
                found[:, column, 2] = 0.9
        return list(found)

    return of


def _coco(poses: list[Pose]) -> Any:
    return [
        {"image_id": _START + i, "category_id": 1, "keypoints": np.ravel(pose).tolist(), "score": 0.9}
        for i, pose in enumerate(poses)
    ]


def _alphapose(poses: list[Pose]) -> Any:
    return [{**entry, "image_id": f"{entry['image_id']}.jpg", "idx": 1} for entry in _coco(poses)]


def _annotations(poses: list[Pose]) -> Any:
    """Images in another order than their names."""
    numbers = [*range(_START + _FRAMES)]
    flags = [np.column_stack([p[:, :2], np.where(p[:, 2] > 0, 2, 0)]) for p in poses]
    return {
        "images": [{"id": 7 * n, "file_name": f"{n:06d}.jpg"} for n in reversed(numbers)],
        "annotations": [
            {"image_id": 7 * (_START + i), "keypoints": np.ravel(pose).tolist()}
            for i, pose in enumerate(flags)
        ],
        "categories": [],
    }


def _whole_body(poses: list[Pose]) -> Any:
    ends = {"keypoints": 17, "foot_kpts": 23, "face_kpts": 91, "lefthand_kpts": 112, "righthand_kpts": 133}
    starts = [0, *list(ends.values())[:-1]]
    return [
        {"image_id": _START + i, "category_id": 1, "score": 1.0}
        | {name: np.ravel(pose[a:b]).tolist() for (name, b), a in zip(ends.items(), starts, strict=True)}
        for i, pose in enumerate(poses)
    ]


def _instances(pose: Pose) -> list[Any]:
    return [
        {
            "keypoints": pose[:, :2].tolist(),
            "keypoint_scores": pose[:, 2].tolist(),
            "bbox": [[0, 0, 9, 9]],
            "bbox_score": 0.9,
        }
    ]


def _mmpose_video(poses: list[Pose]) -> Any:
    return [{"frame_id": _START + i, "instances": _instances(pose)} for i, pose in enumerate(poses)]


def _mmpose_demo(poses: list[Pose]) -> Any:
    frames = [{"frame_id": _START + i + 1, "instances": _instances(pose)} for i, pose in enumerate(poses)]
    return {"meta_info": {"dataset_name": "coco"}, "instance_info": frames}


def _landmarks(pose: Pose) -> list[Any]:
    share = pose[:, :2] / _SIZE
    rows = zip(share.tolist(), np.sqrt(pose[:, 2]).tolist(), strict=True)
    return [{"x": x, "y": y, "z": 0.0, "visibility": v} for (x, y), v in rows]


def _mediapipe(field: str, several: bool) -> Callable[[list[Pose]], Any]:
    def write(poses: list[Pose]) -> Any:
        found = [_landmarks(pose) for pose in poses]
        return [{field: []}] * _START + [{field: [one] if several else one} for one in found]

    return write


_KINDS: list[Any] = [
    pytest.param(COCO, _coco, id="COCO results"),
    pytest.param(HALPE_26, _alphapose, id="AlphaPose"),
    pytest.param(MPII, _coco, id="MPII"),
    pytest.param(COCO, _annotations, id="COCO annotations"),
    pytest.param(COCO_WHOLEBODY, _whole_body, id="COCO-WholeBody"),
    pytest.param(COCO, _mmpose_video, id="MMPose inferencer"),
    pytest.param(HALPE_26, _mmpose_demo, id="MMPose demo"),
    pytest.param(MEDIAPIPE, _mediapipe("pose_landmarks", True), id="MediaPipe, Python"),
    pytest.param(MEDIAPIPE, _mediapipe("landmarks", True), id="MediaPipe, JavaScript"),
    pytest.param(MEDIAPIPE, _mediapipe("poseLandmarks", False), id="MediaPipe, solution"),
]


def _check(path: Path, names: tuple[str, ...], expected: list[Pose]) -> None:
    """The detector finds the poses in their frames, and nobody elsewhere."""
    image = np.zeros((_SIZE[1], _SIZE[0], 3), np.uint8)
    with open_detector("file", options=DetectorOptions(path)) as detector:
        assert detector.keypoint_names == names
        assert detector.detect(Frame(_START - 1, 0.0, image)) == []
        for index, pose in enumerate(expected):
            (person,) = detector.detect(Frame(_START + index, 0.0, image))
            seen = pose[:, 2] > 0
            np.testing.assert_allclose(person.keypoints[seen], pose[seen, :2], atol=0.01)
            assert (person.confidence[seen] > 0.8).all()
            assert (person.confidence[~seen] == 0).all()


@pytest.mark.parametrize(("names", "write"), _KINDS)
def test_files_are_read_and_lifted(
    names: tuple[str, ...],
    write: Callable[[list[Pose]], Any],
    poses: Callable[..., list[Pose]],
    tmp_path: Path,
) -> None:
    path = tmp_path / "keypoints.json"
    path.write_text(json.dumps(write(poses(names))))
    _check(path, names, poses(names))
    _lift_and_check(path)


def test_the_folder_of_openpose_is_read_and_lifted(poses: Callable[..., list[Pose]], tmp_path: Path) -> None:
    for index, pose in enumerate(poses(BODY_25)):
        people = [
            {"person_id": [-1], "pose_keypoints_2d": np.ravel(pose).tolist(), "hand_left_keypoints_2d": []}
        ]
        path = tmp_path / f"walk_and_wave_{_START + index:012d}_keypoints.json"
        path.write_text(json.dumps({"version": 1.3, "people": people}))
    (tmp_path / f"walk_and_wave_{_START - 1:012d}_keypoints.json").write_text('{"version":1.3,"people":[]}')
    _check(tmp_path, BODY_25, poses(BODY_25))
    _lift_and_check(tmp_path)


def _lift_and_check(path: Path) -> None:
    """The Motion's joints are found again in the picture where the keypoints were."""
    settings = LiftSettings(
        detector="file",
        detector_weights=path,
        start=_START,
        end=_START + _FRAMES - 1,
        device="cpu",
        smoothing=0,
    )
    motion = lift(_DATA / "walk_and_wave.mp4", settings)
    truth = json.loads((_DATA / "walk_and_wave.json").read_text(encoding="utf-8"))
    names = ["left_knee", "right_ankle", "left_wrist", "right_elbow", "left_hip"]
    world = np.array(truth["joints_world"])[_START : _START + _FRAMES]
    expected = world[:, [truth["joint_names"].index(name) for name in names]]
    expected = expected - world[:, [truth["joint_names"].index("pelvis")]]
    found = motion.joints_camera[:, [list(motion.joint_names).index(name) for name in names]]
    found = (found - motion.joints_camera[:, [list(motion.joint_names).index("pelvis")]]) @ np.array(
        truth["R"]
    )
    assert np.isfinite(found).all()
    assert np.linalg.norm(found - expected, axis=-1).mean() < 0.09  # metres


def test_a_picture_of_mmpose_is_frame_0(tmp_path: Path) -> None:
    pose = np.column_stack([np.random.default_rng(0).uniform(0, 400, (17, 2)), np.full(17, 0.8)])
    path = tmp_path / "picture.json"
    path.write_text(json.dumps(_instances(pose) * 2))
    with open_detector("file", options=DetectorOptions(path)) as detector:
        assert len(detector.detect(Frame(0, 0.0, np.zeros((480, 640, 3), np.uint8)))) == 2


def test_what_is_missing_harms_no_measure_of_the_body(tmp_path: Path) -> None:
    """OpenPose writes zeros for it, which would be the corner of the picture."""
    pose = np.column_stack([np.random.default_rng(0).uniform(300, 400, (17, 2)), np.full(17, 0.8)])
    pose[3] = 0
    (tmp_path / "a.json").write_text(json.dumps([{"image_id": 0, "keypoints": np.ravel(pose).tolist()}]))
    with open_detector("file", options=DetectorOptions(tmp_path / "a.json")) as detector:
        (person,) = detector.detect(Frame(0, 0.0, np.zeros((480, 640, 3), np.uint8)))
    assert (person.keypoints > 299).all()
    assert person.confidence[3] == 0


def test_somebody_of_whom_nothing_was_found_is_nobody(tmp_path: Path) -> None:
    """COCO's annotations have such people, with zeros throughout."""
    people = [[0.0] * 51, _ROW]
    (tmp_path / "a.json").write_text(json.dumps([{"image_id": 0, "keypoints": each} for each in people]))
    with open_detector("file", options=DetectorOptions(tmp_path / "a.json")) as detector:
        (person,) = detector.detect(Frame(0, 0.0, np.zeros((480, 640, 3), np.uint8)))
    np.testing.assert_array_equal(person.keypoints, [[1, 2]] * 17)


_ROW = [1.0, 2.0, 0.5] * 17


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "does not hold people's keypoints"),
        ("{", "does not hold people's keypoints"),
        ("[]", "JSON of an unknown kind"),
        ('{"shapes": []}', "JSON of an unknown kind"),
        ('{"people": []}', "nobody is in it"),
        (json.dumps([{"image_id": 0, "keypoints": [0] * 51}]), "nobody is in it"),
        (json.dumps([{"image_id": 0, "keypoints": _ROW[:-1]}]), "50 numbers, which are no triples"),
        (
            json.dumps([{"image_id": 0, "keypoints": [1, 2, 3]}]),
            "1 keypoints, none of 16, 17, 18, 25, 26, 33, 133",
        ),
        (json.dumps([{"image_id": "x", "keypoints": _ROW}]), "'x' has no number of a frame"),
        (json.dumps([{"image_id": 0, "keypoints": [None] * 51}]), "does not hold|no numbers"),
        (json.dumps([{"image_id": 0, "keypoints": [float("nan")] * 51}]), "are no numbers"),
        (
            json.dumps([{"image_id": i, "keypoints": _ROW + [1] * (24 * i)} for i in (0, 1)]),
            "17 or 25 keypoints",
        ),
        ("[" * 100_000, "does not hold people's keypoints"),
        (json.dumps([{"frame_id": 0, "instances": [{"keypoints": [[1, 2]]}]}]), "keypoint_scores"),
        (json.dumps([{"landmarks": [[{"x": 1}]]}]), "'y'"),
    ],
)
def test_what_cannot_be_made_sense_of_is_told(content: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(InvalidInput, match=told) as error:
        open_detector("file", options=DetectorOptions(path))
    assert "OpenPose" in error.value.advice


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no \.json in it"):
        open_detector("file", options=DetectorOptions(tmp_path))


@pytest.mark.parametrize(
    ("name", "number"), [("clip_000000000012_keypoints", 12), ("0007.jpg", 7), ("take2_frame_15.png", 15)]
)
def test_frames_are_numbered_by_their_names(name: str, number: int) -> None:
    assert frame_number(name) == number


def test_mediapipe_is_called_the_same_everywhere() -> None:
    assert MEDIAPIPE == KEYPOINT_NAMES
