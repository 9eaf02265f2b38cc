from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lifting_core.detection.regions import Box, Region

_SIZE = (256, 192)
regions = st.builds(
    Region,
    x=st.floats(-500, 2500),
    y=st.floats(-500, 2500),
    width=st.floats(20, 3000),
    height=st.floats(20, 3000),
    angle=st.floats(-3.2, 3.2),
)


@given(region=regions, x=st.floats(-100, 400), y=st.floats(-100, 400))
def test_positions_come_back(region: Region, x: float, y: float) -> None:
    there = region.from_crop(np.array([x, y]), _SIZE)
    transform = region.to_crop(_SIZE)
    np.testing.assert_allclose(transform[:, :2] @ there + transform[:, 2], [x, y], atol=1e-6)


@given(region=regions)
def test_the_middle_and_the_corners_are_where_they_should_be(region: Region) -> None:
    corners = region.from_crop(np.array([[128, 96], [0, 0], [256, 0], [0, 192]]), _SIZE)
    np.testing.assert_allclose(corners[0], [region.x, region.y], atol=1e-6)
    assert np.linalg.norm(corners[2] - corners[1]) == pytest.approx(region.width)
    assert np.linalg.norm(corners[3] - corners[1]) == pytest.approx(region.height)
    along = (corners[2] - corners[1]) / region.width
    np.testing.assert_allclose(along, [np.cos(region.angle), np.sin(region.angle)], atol=1e-6)


def _spot(x: float, y: float, deviation: float = 9.0) -> NDArray[np.uint8]:
    """(480, 640, 3) black with a bright spot around a position."""
    rows, columns = np.mgrid[:480, :640] + 0.5
    spot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * deviation**2))
    return np.repeat(spot[..., None], 3, axis=2).round().astype(np.uint8)


def _centre(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    values = np.where(image[..., 0] < 5, 0, image[..., 0]).astype(float)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    centre: NDArray[np.float64] = np.array([(columns * values).sum(), (rows * values).sum()]) / values.sum()
    return centre


@pytest.mark.parametrize(
    "region",
    [
        Region(300.3, 200.8, 400, 400),
        Region(300.3, 200.8, 400, 400, 0.7),
        Region(30, 450, 300, 300, -0.4),  # reaches beyond the picture
        Region(320, 240, 1000, 1000, 0.2),  # shrunk by 3 before
        Region(320, 240, 1601, 1601),  # by 6, which does not divide the picture's sides
        Region(310, 220, 120, 120, 2.0),  # enlarged
    ],
)
def test_what_is_cut_out_lies_where_the_transform_says(region: Region) -> None:
    place = region.from_crop(np.array([140.0, 110.0]), (256, 256))
    crop = region.crop(_spot(*place), (256, 256))
    assert crop.shape == (256, 256, 3)
    found = region.from_crop(_centre(crop), (256, 256))
    scale = region.width / 256
    assert np.linalg.norm(found - place) < 0.1 * max(scale, 1)


def test_beyond_the_picture_there_is_grey() -> None:
    image = np.full((40, 40, 3), 200, np.uint8)
    crop = Region(0, 0, 40, 40).crop(image, (40, 40), beyond=114)
    assert (crop[:19, :19] == 114).all()
    assert (crop[21:, 21:] == 200).all()


def test_a_region_holds_its_box() -> None:
    box = Box.around(np.array([[10.0, 20.0], [50.0, 120.0], [30.0, 60.0]]))
    assert box == Box(10, 20, 40, 100)
    assert box.grown(1.5) == Box(0, -5, 60, 150)
    assert Region.holding(box) == Region(30, 70, 100, 100)
    assert Region.holding(box, 0.75) == Region(30, 70, 75, 100)
    assert Region.holding(Box(0, 0, 150, 100), 0.75) == Region(75, 50, 150, 200)
