from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

bpy = pytest.importorskip("bpy", reason="the figure is built with bpy, which this Python does not have")

from training.rendering.dressing import Clothes  # noqa: E402
from training.rendering.figure import Figure  # noqa: E402
from training.rendering.filming import Camera, facing, film_with  # noqa: E402
from training.rendering.pose import Pose  # noqa: E402

_SEGMENTS = ["pelvis", "spine", "neck", "head"] + [
    f"{side}_{name}"
    for side in ("left", "right")
    for name in ("clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toes")
]
_BONES = [
    (f"{side}_{head}", f"{side}_{tail}", f"{side}_{segment}")
    for side in ("left", "right")
    for head, tail, segment in (
        ("shoulder", "elbow", "upper_arm"),
        ("elbow", "wrist", "forearm"),
        ("hip", "knee", "thigh"),
        ("knee", "ankle", "shin"),
        ("ankle", "ball", "foot"),
        ("ankle", "heel", "foot"),
        ("ball", "toe", "toes"),
    )
] + [("left_hip", "right_hip", "pelvis"), ("neck", "head", "head")]


@pytest.fixture
def figure(figure_data: Path) -> Iterator[Figure]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield Figure(figure_data, {}, Clothes())
    bpy.ops.wm.read_factory_settings(use_empty=True)


def test_rests_where_the_data_says(figure: Figure, figure_joints: dict[str, np.ndarray]) -> None:
    for joint, bone in {"left_elbow": "LeftForeArm", "right_ankle": "RightFoot"}.items():
        np.testing.assert_allclose(figure.rest_joints[joint], figure_joints[bone], atol=2e-4)


@pytest.mark.parametrize("seed", range(3))
def test_segments_turn_as_the_pose_says(figure: Figure, seed: int) -> None:
    turns = dict(zip(_SEGMENTS, Rotation.random(len(_SEGMENTS), random_state=seed), strict=True))
    figure.take(Pose(np.array([0.5, -1.0, 1.2]), turns))
    joints, rest = figure.joints(), figure.rest_joints
    np.testing.assert_allclose(joints["pelvis"], [0.5, -1.0, 1.2], atol=5e-5)
    for head, tail, segment in _BONES:
        expected = turns[segment].apply(rest[tail] - rest[head])
        np.testing.assert_allclose(joints[tail] - joints[head], expected, atol=5e-5, err_msg=segment)


def test_what_the_pose_leaves_out_follows_its_parent(figure: Figure) -> None:
    turn = Rotation.from_euler("xyz", [0.3, -0.4, 1.0])
    figure.take(Pose(figure.rest_joints["pelvis"], {"pelvis": turn}))
    joints, rest = figure.joints(), figure.rest_joints
    for first, second in itertools.pairwise(rest):
        expected = turn.apply(rest[second] - rest[first])
        np.testing.assert_allclose(joints[second] - joints[first], expected, atol=5e-5)


def test_blenders_camera_is_the_calibrated_one() -> None:
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector

    bpy.ops.wm.read_factory_settings(use_empty=True)
    camera = Camera(640, 360, field_of_view=50, position=np.array([0.3, -4.0, 1.5]), rotation=facing(8))
    film_with(camera)
    bpy.context.view_layer.update()
    for point in ((0.0, 0.0, 1.0), (1.2, 0.5, 0.1), (-1.0, -1.0, 1.9)):
        x, y, depth = world_to_camera_view(bpy.context.scene, bpy.context.scene.camera, Vector(point))
        seen = camera.from_world() @ [*point, 1]
        pixel = camera.matrix() @ seen[:3] / seen[2]
        np.testing.assert_allclose([x * 640, (1 - y) * 360, depth], [pixel[0], pixel[1], seen[2]], atol=1e-3)
