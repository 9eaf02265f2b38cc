from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.skeleton import JOINTS, LIMB_JOINTS
from training.datasets.mocap import POINTS
from training.datasets.renders import Renders
from training.evaluation.renders import (
    errors_by_subject,
    errors_by_view,
    limbs_in_picture,
    mediapipe_joints,
    table,
)

_COUNT = 30


@pytest.fixture(scope="module")
def renders() -> Renders:
    """Scattered points four metres before a level camera."""
    random = np.random.default_rng(0)
    points = random.normal(0, 0.3, (_COUNT, len(POINTS), 3)) + np.array([0, 0, 4])
    level = np.eye(4, dtype=np.float32)
    level[:3, :3] = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    return Renders(
        keypoints=np.zeros((_COUNT, 33, 2), np.float32),
        confidence=np.ones((_COUNT, 33), np.float32),
        world=random.normal(size=(_COUNT, 33, 3)).astype(np.float32),
        points=points.astype(np.float32),
        camera_matrix=np.tile(
            np.array([[300, 0, 240], [0, 300, 180], [0, 0, 1]], np.float32), (_COUNT, 1, 1)
        ),
        camera_from_world=np.tile(level, (_COUNT, 1, 1)),
        image_size=np.tile(np.array([480, 360], np.int32), (_COUNT, 1)),
        shot=np.arange(_COUNT),
        person=np.zeros(_COUNT, np.int32),
        time=np.zeros(_COUNT, np.float32),
        sex=np.zeros(_COUNT, np.float32),
        age=np.zeros(_COUNT, np.float32),
        stature=np.full(_COUNT, 1.7, np.float32),
        subject=np.full(_COUNT, "one"),
        clip=np.full(_COUNT, "clip"),
        held_out=np.ones(_COUNT, bool),
    )


def test_moving_and_scaling_are_no_errors(renders: Renders) -> None:
    errors = errors_by_view(1.3 * renders.joints + 0.5, renders, np.ones(_COUNT, bool))
    assert errors["all"].people == _COUNT == sum(errors[view].people for view in errors if view != "all")
    assert errors["all"].aligned == pytest.approx(0, abs=1e-2)
    assert errors["all"].rooted == pytest.approx(0, abs=1e-2)
    assert all(angle == pytest.approx(0, abs=0.1) for angle in errors["all"].angles.values())


def test_turning_is_an_error_that_alignment_takes_away(renders: Renders) -> None:
    turned = Rotation.from_euler("y", 20, degrees=True).apply(renders.joints.reshape(-1, 3))
    errors = errors_by_view(turned.reshape(renders.joints.shape), renders, np.ones(_COUNT, bool))["all"]
    assert errors.aligned == pytest.approx(0, abs=1e-2)
    assert errors.rooted > 30
    assert errors.angles["foot pitch"] == pytest.approx(0, abs=0.1)  # about the vertical
    assert 10 < errors.angles["head"] <= 20


def test_one_joint_that_is_off_counts_for_a_twelfth(renders: Renders) -> None:
    joints = renders.joints.copy()
    joints[:, JOINTS.index("left_wrist")] += [0, 0, 0.012]
    errors = errors_by_view(joints, renders, np.ones(_COUNT, bool))["all"]
    assert 0.7 < errors.rooted < 1.6  # the scale gives way a little
    assert errors.angles["hand"] > 0


def test_uncounted_people_do_not_count(renders: Renders) -> None:
    joints = renders.joints.copy()
    joints[10:] = np.nan
    errors = errors_by_view(joints, renders, np.arange(_COUNT) < 10)
    assert errors["all"].people == 10
    assert "all" in table({"weights": errors})


def test_errors_are_told_by_whose_motion_it_is(renders: Renders) -> None:
    joints = renders.joints.copy()
    joints[:10, JOINTS.index("left_knee")] += 0.1
    two = dataclasses.replace(renders, subject=np.where(np.arange(_COUNT) < 10, "other", "one"))
    errors = errors_by_subject(joints, two, np.arange(_COUNT) != 3)
    assert {name: own.people for name, own in errors.items()} == {"one": 20, "other": 9}
    assert errors["one"].aligned == pytest.approx(0, abs=1e-2) != errors["other"].aligned
    assert "other" in table({"weights": errors})


def test_mediapipes_joints_lie_at_its_landmarks(renders: Renders) -> None:
    joints = mediapipe_joints(renders)
    for name in LIMB_JOINTS:
        expected = renders.world[:, KEYPOINT_NAMES.index(name)]
        np.testing.assert_array_equal(joints[:, JOINTS.index(name)], expected)
    ears = [KEYPOINT_NAMES.index(f"{side}_ear") for side in ("left", "right")]
    np.testing.assert_allclose(joints[:, JOINTS.index("skull")], renders.world[:, ears].mean(1), atol=1e-6)
    assert np.isnan(joints[:, JOINTS.index("spine")]).all()


def test_people_cut_by_the_edge_are_told(renders: Renders) -> None:
    assert limbs_in_picture(renders).all()
    renders.points[3, POINTS.index("left_ankle")] = [0, 4, 4]
    renders.points[4, POINTS.index("nose" if "nose" in POINTS else "head")] = [0, 4, 4]
    inside = limbs_in_picture(renders)
    assert not inside[3]
    assert inside[4]
