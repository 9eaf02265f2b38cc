from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from training.datasets.mocap import POINTS
from training.tasks.filming import Camera, Filming

HEAD, ANKLE = POINTS.index("head"), POINTS.index("left_ankle")
LEVEL = Camera(elevation=((1.0, 0.0, 0.0),), roll=((1.0, 0.0),), aside=0.0)


def filmed(standing: NDArray[np.float64], camera: Camera | None = None, count: int = 4000):  # type: ignore[no-untyped-def]
    bodies = torch.from_numpy(standing).float().repeat(count, 1, 1)
    return Filming(torch.Generator().manual_seed(0), camera)(bodies), bodies


def test_filming_keeps_shapes(standing: NDArray[np.float64]) -> None:
    shot, bodies = filmed(standing, count=64)
    seen, true = shot.points, bodies
    apart, truly = ((points[:, :, None] - points[:, None]).norm(dim=-1) for points in (seen, true))
    torch.testing.assert_close(apart, truly, atol=1e-4, rtol=0)
    # Not mirrored: the volume spanned by three limbs keeps its sign.
    spans = [
        torch.linalg.det(points[:, [HEAD, ANKLE, POINTS.index("left_wrist")]] - points[:, :1])
        for points in (seen, true)
    ]
    torch.testing.assert_close(*spans, atol=2e-3, rtol=0)


def test_a_level_camera_sees_the_head_straight_above(standing: NDArray[np.float64]) -> None:
    shot, _ = filmed(standing, LEVEL)
    up = shot.points[:, HEAD] - shot.points[:, 0]
    torch.testing.assert_close(up, torch.tensor([0.0, -0.8, 0.0]).expand_as(up), atol=1e-3, rtol=0)


def test_sizes_in_the_picture_are_those_asked_for(standing: NDArray[np.float64]) -> None:
    camera = Camera(elevation=((1.0, 0.0, 0.0),), roll=((1.0, 0.0),), aside=0.0, height=(0.3, 0.3))
    shot, _ = filmed(standing, camera)
    depth = shot.points[:, 0, 2]
    torch.testing.assert_close(
        1.7 / depth / (2 * shot.edge[:, 1]), torch.full_like(depth, 0.3), atol=1e-3, rtol=0
    )


def test_cameras_are_as_people_hold_them(standing: NDArray[np.float64]) -> None:
    shot, _ = filmed(standing)
    up = shot.points[:, HEAD] - shot.points[:, 0]
    pelvis = shot.points[:, 0]
    elevation = torch.rad2deg(torch.asin(-(up * pelvis).sum(-1) / up.norm(dim=-1) / pelvis.norm(dim=-1)))
    assert 3 < float(elevation.median()) < 12
    assert float((elevation > 30).float().mean()) > 0.05
    assert float((elevation < -15).float().mean()) > 0.03
    fov = torch.rad2deg(2 * torch.atan(shot.edge.amax(1)))
    assert float(fov.min()) >= 29.9
    assert float(fov.max()) <= 100.1
    xy = pelvis[:, :2] / pelvis[:, 2:]
    assert float((xy.abs() < shot.edge).all(1).float().mean()) > 0.97
