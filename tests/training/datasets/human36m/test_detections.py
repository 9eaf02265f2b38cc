from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.detection.joint_sets import COCO, HUMAN36M_16
from lifting_core.errors import InvalidInput
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.datasets.human36m.detections import (
    Detections,
    read_detections_npz,
    to_human36m,
    write_detections,
)


def numbered(names: tuple[str, ...], frames: int = 2) -> NDArray[np.float32]:
    """Keypoint k of frame t lies at (k, 100 t)."""
    keypoints = np.zeros((frames, len(names), 2), np.float32)
    keypoints[..., 0] = np.arange(len(names))
    keypoints[..., 1] = 100 * np.arange(frames)[:, None]
    return keypoints


def test_stacked_hourglass_order_is_the_published_permutation() -> None:
    joints = to_human36m(numbered(HUMAN36M_16), HUMAN36M_16, "test")
    neck = HUMAN36M_JOINTS.index("neck")
    assert np.isnan(joints[:, neck]).all()
    # The permutation of the paper's own code, which leaves out the neck.
    permutation = [6, 2, 1, 0, 3, 4, 5, 7, 8, 9, 13, 14, 15, 12, 11, 10]
    np.testing.assert_array_equal(np.delete(joints, neck, 1)[0, :, 0], permutation)


def test_other_detectors_give_the_joints_they_have() -> None:
    joints = to_human36m(numbered(COCO), COCO, "test")[1]
    assert joints[HUMAN36M_JOINTS.index("left_wrist")].tolist() == [9, 100]
    assert joints[HUMAN36M_JOINTS.index("right_knee")].tolist() == [14, 100]
    assert joints[HUMAN36M_JOINTS.index("neck")].tolist() == [0, 100]  # "Neck/Nose" is a point at the nose
    assert joints[HUMAN36M_JOINTS.index("pelvis")].tolist() == [11.5, 100]
    assert joints[HUMAN36M_JOINTS.index("thorax")].tolist() == [5.5, 100]
    assert np.isnan(joints[[HUMAN36M_JOINTS.index("spine"), HUMAN36M_JOINTS.index("head")]]).all()


def test_single_gaps_are_named() -> None:
    keypoints = numbered(HUMAN36M_JOINTS, 5)
    keypoints[3:, HUMAN36M_JOINTS.index("left_knee")] = np.nan
    with pytest.raises(InvalidInput, match="left knee in 2 of 5 frames, first in frame 3"):
        to_human36m(keypoints, HUMAN36M_JOINTS, "x.npz")


@pytest.mark.parametrize("shape", [(4, 15, 2), (4, 17, 3), (34,), (0,)])
def test_other_shapes_are_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match=r"x.npz holds an array of shape .* instead of \(frames, 17, 2\)"):
        to_human36m(np.zeros(shape), HUMAN36M_JOINTS, "x.npz")


def test_detections_come_back_as_they_were_written(tmp_path: Path) -> None:
    joints = numbered(HUMAN36M_JOINTS, 3)
    joints[:, HUMAN36M_JOINTS.index("head")] = np.nan
    written: Detections = {
        ("S1", "Photo", 0, "54138969"): joints,
        ("S1", "Photo", 0, "60457274"): joints + np.float32(1),
        ("S9", "SittingDown", 2, "55011271"): joints[:1],
    }
    write_detections(tmp_path / "detections.npz", written)
    read = read_detections_npz(tmp_path / "detections.npz")
    assert read.keys() == written.keys()
    for name, keypoints in written.items():
        np.testing.assert_array_equal(read[name], keypoints)


def test_other_programs_can_read_what_is_written(tmp_path: Path) -> None:
    write_detections(
        tmp_path / "detections.npz", {("S5", "Walking", 1, "55011271"): numbered(HUMAN36M_JOINTS)}
    )
    with np.load(tmp_path / "detections.npz", allow_pickle=True) as file:
        cameras = file["positions_2d"].item()["S5"]["Walking 1"]
        metadata = file["metadata"].item()
    assert [camera is None for camera in cameras] == [True, False, True, True]
    assert metadata["num_joints"] == 17
    assert metadata["keypoints_symmetry"] == [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]


def test_the_metadata_tell_coco_from_human36m(tmp_path: Path) -> None:
    """Both have 17 joints."""
    left = [index for index, name in enumerate(COCO) if name.startswith("left_")]
    right = [index for index, name in enumerate(COCO) if name.startswith("right_")]
    positions = {"S1": {"Walking": [numbered(COCO)] * 4}}
    np.savez(
        tmp_path / "coco.npz",
        positions_2d=np.array(positions),
        metadata=np.array({"layout_name": "coco", "num_joints": 17, "keypoints_symmetry": [left, right]}),
    )
    read = read_detections_npz(tmp_path / "coco.npz")
    np.testing.assert_array_equal(
        read["S1", "Walking", 0, "54138969"], to_human36m(numbered(COCO), COCO, "test")
    )


@pytest.mark.parametrize(
    ("positions", "metadata"),
    [
        (
            {"S1": {"Walking": [numbered(HUMAN36M_JOINTS)] * 3}},
            {"keypoints_symmetry": [[4, 5, 6, 11, 12, 13], []]},
        ),
        ({"S1": {"Walking": [numbered(HUMAN36M_JOINTS)] * 4}}, {"keypoints_symmetry": [[1, 2], [3, 4]]}),
        ({"S1": [1, 2]}, {"keypoints_symmetry": [[4, 5, 6, 11, 12, 13], []]}),
        ([1], {"keypoints_symmetry": [[4, 5, 6, 11, 12, 13], []]}),
        ({}, {}),
        ({}, 3),
    ],
    ids=["three cameras", "unknown joints", "no actions", "no subjects", "no symmetry", "no metadata"],
)
def test_files_of_other_things_are_refused(positions: object, metadata: object, tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    cells = [np.empty((), object), np.empty((), object)]
    cells[0][()], cells[1][()] = positions, metadata
    np.savez(path, positions_2d=cells[0], metadata=cells[1])
    with pytest.raises(InvalidInput, match="detections in the layout of VideoPose3D"):
        read_detections_npz(path)


def test_the_damaged_camera_is_absent(standin: Callable[[str], Path]) -> None:
    read = read_detections_npz(standin("npz") / "data_2d_h36m_sh_pt_mpii.npz")
    assert ("S11", "Directions", 0, "54138969") not in read
    assert ("S11", "Directions", 0, "55011271") in read
