from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lifting_core.skeleton import mirrored
from training.datasets.mocap import POINTS
from training.rendering.capture import aims, captured_poses, mirror_image, moved
from training.rendering.pose import Pose

bpy = pytest.importorskip("bpy", reason="the figure is built with bpy, which this Python does not have")

from training.rendering.dressing import Clothes  # noqa: E402
from training.rendering.figure import Figure, body_points  # noqa: E402

_SEGMENTS = ["pelvis", "spine", "neck", "head"] + [
    f"{side}_{name}"
    for side in ("left", "right")
    for name in ("clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot")
]

_TURNED = ("upper_arm", "hand", "thigh", "shin", "foot")


@pytest.fixture
def figure(figure_data: Path) -> Iterator[Figure]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield Figure(figure_data, {}, Clothes())
    bpy.ops.wm.read_factory_settings(use_empty=True)


def _points(figure: Figure, pose: Pose) -> np.ndarray:
    figure.take(pose)
    return body_points(figure.joints())


def _random_pose(seed: int) -> Pose:
    """Every segment turned by up to some 50 degrees."""
    rng = np.random.default_rng(seed)
    turns = Rotation.from_rotvec(rng.normal(0, 0.3, (len(_SEGMENTS), 3)))
    return Pose(np.array([0.3, -0.2, 0.95]), dict(zip(_SEGMENTS, turns, strict=True)))


@pytest.mark.parametrize("seed", range(3))
def test_the_figure_copies_a_body_like_its_own(figure: Figure, seed: int) -> None:
    rest = body_points(figure.rest_joints)
    recorded = _points(figure, _random_pose(seed))
    copied = _points(figure, captured_poses(recorded[None], rest)[0])
    for segment in ("head", *(f"{side}_{part}" for side in ("left", "right") for part in _TURNED)):
        np.testing.assert_allclose(aims(copied)[segment], aims(recorded)[segment], atol=0.02, err_msg=segment)


def test_steps_fit_the_figures_legs(figure: Figure) -> None:
    rest = body_points(figure.rest_joints)
    walked = np.stack([rest, rest - [0, 0.4, 0]])
    first, second = captured_poses(1.5 * walked, rest)
    np.testing.assert_allclose(second.pelvis - first.pelvis, [0, -0.4, 0], atol=1e-9)


@pytest.mark.parametrize("seed", range(2))
def test_mirror_images(figure: Figure, seed: int) -> None:
    pose = _random_pose(seed)
    points = _points(figure, pose)[[POINTS.index(mirrored(name)) for name in POINTS]]
    np.testing.assert_allclose(_points(figure, mirror_image(pose)), points * [-1, 1, 1], atol=2e-3)


def test_moving_moves_every_point(figure: Figure) -> None:
    pose, turn, by = _random_pose(5), Rotation.from_euler("z", 1.2), np.array([1.0, 2.0, 0.1])
    expected = turn.apply(_points(figure, pose)) + by
    np.testing.assert_allclose(_points(figure, moved(pose, turn, by)), expected, atol=2e-4)
