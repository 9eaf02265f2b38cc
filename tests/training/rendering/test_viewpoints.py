from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy", reason="cameras are Blender's, which this Python does not have")

from lifting_core.camera.pinhole import project
from training.rendering.backdrop import draw_backdrop, draw_obstacle
from training.rendering.viewpoints import ANYWHERE, SIZES, TRIPOD, Viewpoints, draw_camera

_BODY = np.array([[x, y, z] for x in (-0.3, 0.3) for y in (-0.2, 0.2) for z in np.linspace(0, 1.8, 10)])


def _seen(seed: int, viewpoints: Viewpoints = ANYWHERE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels and depths of the body, and the picture's size."""
    camera = draw_camera(np.random.default_rng(seed), _BODY, viewpoints)
    np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(camera.rotation) == pytest.approx(1)
    assert (camera.width, camera.height) in SIZES
    points = (_BODY - camera.position) @ camera.rotation.T
    return project(points, camera.matrix()), points[:, 2], np.array([camera.width, camera.height])


def test_people_fill_much_of_the_picture_and_are_mostly_inside() -> None:
    shares, inside = [], []
    for seed in range(200):
        pixels, depths, size = _seen(seed)
        assert (depths > 0.2).all()
        shares.append((np.ptp(pixels, axis=0) / size).max())
        inside.append(((pixels > 0) & (pixels < size)).all(1).mean())
    assert np.quantile(shares, 0.1) > 0.4
    assert np.quantile(shares, 0.9) < 1.3
    assert np.mean(inside) > 0.85
    assert np.min(inside) > 0.3


def test_from_a_tripod_the_body_is_seen_whole_and_level() -> None:
    for seed in range(100):
        pixels, _, size = _seen(seed, TRIPOD)
        assert (np.maximum(-pixels, pixels - size) < 0.1 * size).all()  # corners of a box around it
        camera = draw_camera(np.random.default_rng(seed), _BODY, TRIPOD)
        assert abs(np.degrees(np.arcsin(camera.rotation[2, 2]))) < 30  # looks up or down
        assert abs(np.degrees(np.arcsin(camera.rotation[0, 2]))) < 12  # is tilted


def test_cameras_are_all_around_upright_mostly_and_tilted_at_times() -> None:
    cameras = [draw_camera(np.random.default_rng(seed), _BODY) for seed in range(400)]
    looks = np.array([camera.rotation[2] for camera in cameras])
    assert np.linalg.norm(looks[:, :2].mean(0)) < 0.15
    down = np.degrees(np.arcsin(-looks[:, 2]))
    assert 3 < np.median(down) < 12
    assert down.min() < -25
    assert down.max() > 45
    rolls = np.degrees(np.arctan2(-np.array([c.rotation[0, 2] for c in cameras]), 1))
    assert np.median(np.abs(rolls)) < 10
    assert np.abs(rolls).max() > 20


@pytest.mark.parametrize("seed", range(12))
def test_backdrops_fill_the_picture(seed: int) -> None:
    rng = np.random.default_rng(seed)
    camera = draw_camera(rng, _BODY)
    backdrop, obstacle = draw_backdrop(rng, camera), draw_obstacle(rng, camera)
    assert backdrop.shape == (camera.height, camera.width, 3)
    assert obstacle.shape == (camera.height, camera.width, 4)
    for picture in (backdrop, obstacle):
        assert picture.dtype == np.float32
        assert picture.min() >= 0
        assert picture.max() <= 1
    assert backdrop.std() > 0.005
    assert 0 < obstacle[..., 3].mean() < 0.5
