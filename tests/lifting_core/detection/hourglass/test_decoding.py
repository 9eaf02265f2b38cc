from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from lifting_core.detection.hourglass.decoding import decode, mirrored
from lifting_core.detection.hourglass.keypoints import HourglassKeypoints
from lifting_core.detection.hourglass.network import HourglassShape
from lifting_core.detection.hourglass.weights import HourglassModel, HourglassProfile
from lifting_core.detection.regions import Region

_CELLS = torch.arange(64) + 0.5


def _maps(positions: Tensor, deviation: float = 1.0) -> Tensor:
    """(N, J, 64, 64) Gaussians around (N, J, 2) positions in cells."""
    x, y = positions[..., None, None, 0], positions[..., None, None, 1]
    squared = (_CELLS[None, None, :, None] - y) ** 2 + (_CELLS[None, None, None, :] - x) ** 2
    return torch.exp(-squared / (2 * deviation**2))


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(1.01, 62.9), st.floats(1.01, 62.9)), min_size=1, max_size=8))
@pytest.mark.parametrize("deviation", [0.8, 1.0, 2.0])
def test_joints_come_back_to_a_hundredth_of_a_cell(
    deviation: float, places: list[tuple[float, float]]
) -> None:
    positions = torch.tensor(places)[None]
    found, confidence = decode(_maps(positions, deviation))
    torch.testing.assert_close(found, positions, rtol=0, atol=0.01)
    assert (confidence > 0.4).all()


@settings(deadline=None)
@given(st.tuples(st.floats(5, 59), st.floats(5, 59)))
def test_smoothing_moves_no_joint(place: tuple[float, float]) -> None:
    positions = torch.tensor([[place]])
    found, _ = decode(_maps(positions), blur=1.0)
    torch.testing.assert_close(found, positions, rtol=0, atol=0.01)


def test_a_leaning_ridge_is_followed() -> None:
    rows, columns = np.mgrid[:64, :64] + 0.5
    x, y = columns - 30.3, rows - 20.6
    ridge = np.exp(-0.5 * (0.5 * x**2 + 0.4 * y**2 + 0.5 * x * y))
    found, _ = decode(torch.from_numpy(ridge)[None, None])
    torch.testing.assert_close(found[0, 0], torch.tensor([30.3, 20.6]), rtol=0, atol=0.01)


def test_nothing_and_borders_are_survived() -> None:
    maps = torch.zeros(1, 4, 64, 64)
    maps[0, 1] = -1.0
    maps[0, 2, 0, 63] = 2.0
    maps[0, 3] = 0.25
    found, confidence = decode(maps, blur=1.0)
    assert torch.isfinite(found).all()
    assert ((found >= 0) & (found <= 64)).all()
    assert found[0, 2].tolist() == [63.5, 0.5]
    assert confidence[0].tolist() == [0, 0, 1, 0.25]


def test_it_is_far_better_than_a_quarter_of_a_cell_where_maps_are_noisy() -> None:
    torch.manual_seed(0)
    positions = torch.rand(20, 16, 2) * 54 + 5
    noisy = _maps(positions) + 0.02 * torch.randn(20, 16, 64, 64)
    found, _ = decode(noisy, blur=1.0)
    ours = (found - positions).norm(dim=-1).mean()
    quarter = (_quarter_offset(noisy) - positions).norm(dim=-1).mean()
    assert ours < 0.03
    assert quarter > 0.1


def _quarter_offset(maps: Tensor) -> Tensor:
    """What public code does, without its truncation."""
    best = maps.flatten(2).argmax(-1)
    x, y = best % 64, best // 64
    padded = nn.functional.pad(maps, (1, 1, 1, 1))
    n, j = torch.meshgrid(torch.arange(len(maps)), torch.arange(maps.shape[1]), indexing="ij")
    dx = padded[n, j, y + 1, x + 2] - padded[n, j, y + 1, x]
    dy = padded[n, j, y + 2, x + 1] - padded[n, j, y, x + 1]
    return torch.stack([x + 0.5 + 0.25 * dx.sign(), y + 0.5 + 0.25 * dy.sign()], -1)


def test_a_mirrored_picture_shows_the_other_side() -> None:
    positions = torch.tensor([[[10.2, 20.0], [40.7, 30.0]]])  # left and right
    seen = positions.clone()
    seen[..., 0] = 64 - seen[..., 0]
    seen = seen[:, [1, 0]]  # a network takes the mirrored left for the right
    found, _ = decode(mirrored(_maps(seen), [1, 0]))
    torch.testing.assert_close(found, positions, rtol=0, atol=0.01)


class _SpotFinder(nn.Module):
    """Stands for a trained network: the heat maps are what the colours of the picture are."""

    def forward(self, images: Tensor) -> list[Tensor]:
        return [avg_pool2d(images, 4)]


@pytest.fixture(scope="module")
def finder() -> HourglassKeypoints:
    names = ("pelvis", "thorax", "head")  # none has another side, so that flips leave colours alone
    model = HourglassModel(HourglassProfile(names), HourglassShape(1, 3, 8, (2, 4, 8)))
    model.network = _SpotFinder()  # type: ignore[assignment]
    return HourglassKeypoints(model.eval(), torch.device("cpu"))


def _picture(places: NDArray[np.float64], scale: float) -> NDArray[np.uint8]:
    """(600, 800, 3) with a red, a green and a blue spot, 5 px wide where `scale` is 1."""
    rows, columns = np.mgrid[:600, :800] + 0.5
    spots: list[Any] = [
        np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (5 * scale) ** 2)) for x, y in places
    ]
    picture: NDArray[np.uint8] = (250 * np.stack(spots, -1)).round().astype(np.uint8)
    return picture


@settings(max_examples=15, deadline=None)
@given(
    x=st.floats(0, 800),
    y=st.floats(0, 600),
    side=st.floats(250, 900),
    angle=st.floats(-3, 3),
    offsets=st.lists(st.tuples(st.floats(25, 231), st.floats(25, 231)), min_size=3, max_size=3),
)
def test_joints_come_back_to_a_tenth_of_a_pixel_of_the_input_from_crops_anywhere(
    x: float,
    y: float,
    side: float,
    angle: float,
    offsets: list[tuple[float, float]],
    finder: HourglassKeypoints,
) -> None:
    """Through crop, flip, heat maps and back, for turned squares and such that reach beyond the picture."""
    region = Region(x, y, side, side, angle)
    in_crop = np.array(offsets)
    places = region.from_crop(in_crop, (256, 256))
    picture = _picture(places, side / 256)
    found, confidence = finder.find(region.crop(picture, (256, 256))[None])
    inside = ((places > 20 * side / 256) & (places < np.array([800, 600]) - 20 * side / 256)).all(1)
    np.testing.assert_allclose(found[0, inside], in_crop[inside], atol=0.1)
    back = region.from_crop(found[0, inside], (256, 256))
    np.testing.assert_allclose(back, places[inside], atol=0.1 * side / 256)
    assert (confidence[0, inside] > 0.7).all()
