from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lifting_core.detection.hourglass.decoding import decode
from lifting_core.detection.hourglass.weights import HourglassProfile
from lifting_core.detection.regions import Region
from lifting_core.errors import InvalidInput
from training.datasets.mpii import AnnotatedPerson
from training.heatmaps.recipe import HUMAN36M, MPII, HourglassRecipe
from training.heatmaps.samples import People, batches, heatmaps, random_view

_NAMES = ("pelvis", "left_hip", "right_hip")
_PLACES = np.array([[100.0, 90.0], [130.0, 60.0], [70.0, 120.0]], np.float32)
_PROFILE = HourglassProfile(_NAMES, 128)


@pytest.fixture
def person(tmp_path: Path) -> AnnotatedPerson:
    """A picture with a red, a green and a blue spot where the joints are."""
    rows, columns = np.mgrid[:180, :200] + 0.5
    spots = [np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 6.0**2)) for x, y in _PLACES]
    path = tmp_path / "spots.png"
    Image.fromarray((255 * np.stack(spots, -1)).round().astype(np.uint8)).save(path)
    return AnnotatedPerson(path, Region(100, 90, 180, 180), _PLACES, 20.0)


def test_gaussians_peak_where_the_joints_are() -> None:
    joints = np.array([[10.3, 20.7], [5.0, 31.5], [-0.1, 3.0], [np.nan, np.nan]])
    maps = heatmaps(joints, 32, 1.0)
    found, _ = decode(torch.from_numpy(maps[None]))
    np.testing.assert_allclose(found[0, :2].numpy(), joints[:2], atol=0.5)
    np.testing.assert_allclose(found[0, 0].numpy(), joints[0], atol=0.01)
    assert maps[0].max() == pytest.approx(np.exp(-(0.2**2 + 0.2**2) / 2), abs=1e-6)
    assert (maps[2:] == 0).all()


@pytest.mark.parametrize("place", [(0, 0), (0, 3), (5, 1), (9, 2)])
def test_pictures_and_heat_maps_stay_together(person: AnnotatedPerson, place: tuple[int, int]) -> None:
    """Whatever is turned, scaled and mirrored: every joint's map has its peak at its own spot."""
    recipe = HourglassRecipe(input_size=128, colour=0.0)
    image, maps, known = People([person] * 4, _PROFILE, recipe, seed=1)[place]
    spots, heights = decode(torch.nn.functional.avg_pool2d(image[None], 4), blur=1.0)
    joints, peaks = decode(maps[None])
    assert known.tolist() == [1, 1, 1]
    inside = (peaks[0] > 0.5) & (heights[0] > 0.3)
    mirrored = (spots[0] - joints[0]).norm(dim=-1).max() > 1
    order = [0, 2, 1] if mirrored else [0, 1, 2]  # left is right in a mirror, but colours stay
    torch.testing.assert_close(spots[0, order][inside], joints[0][inside], rtol=0, atol=0.15)


def test_half_of_the_people_are_mirrored(person: AnnotatedPerson) -> None:
    random = np.random.default_rng(0)
    views = [random_view(person.region, MPII, random) for _ in range(400)]
    assert 150 < sum(view.mirrored for view in views) < 250
    factors = np.array([view.region.width / 180 for view in views])
    angles = np.degrees([view.region.angle for view in views])
    assert 0.75 <= factors.min() < 0.77
    assert 1.23 < factors.max() <= 1.25
    assert -30 <= angles.min() < -28
    assert 28 < angles.max() <= 30
    plain = HourglassRecipe(scale=0, rotation=0, colour=0, flip=False)
    view = random_view(person.region, plain, random)
    assert (view.region, view.mirrored, view.colour) == (person.region, False, (1.0, 1.0, 1.0))


def test_joints_that_are_not_annotated_are_marked(person: AnnotatedPerson) -> None:
    joints = _PLACES.copy()
    joints[1] = np.nan
    lacking = AnnotatedPerson(person.image, person.region, joints, 20.0)
    recipe = HourglassRecipe(input_size=128, flip=False)
    _, maps, known = People([lacking], _PROFILE, recipe, 0)[0, 0]
    assert known.tolist() == [1, 0, 1]
    assert (maps[1] == 0).all()


def test_a_run_goes_on_with_the_batches_that_come_next(person: AnnotatedPerson) -> None:
    recipe = HourglassRecipe(input_size=128, batch_size=2)
    people = People([person] * 5, _PROFILE, recipe, 3)
    whole = list(batches(people, 5, recipe, 3, (0, 5), workers=0))
    later = list(batches(people, 5, recipe, 3, (3, 5), workers=0))
    assert [len(images) for images, _, _ in whole] == [2] * 5
    for (a, _, _), (b, _, _) in zip(whole[3:], later, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert not torch.equal(whole[0][0], whole[2][0])


def test_too_few_people_and_missing_pictures_are_told(person: AnnotatedPerson, tmp_path: Path) -> None:
    people = People([person], _PROFILE, MPII, 0)
    with pytest.raises(InvalidInput, match="1 people do not fill a batch of 6"):
        batches(people, 1, MPII, 0, (0, 1), 0)
    gone = AnnotatedPerson(tmp_path / "gone.jpg", person.region, person.joints, 1.0)
    with pytest.raises(InvalidInput, match="missing or no picture"):
        People([gone], _PROFILE, MPII, 0)[0, 0]


def test_the_recipes_are_those_of_the_papers() -> None:
    assert (MPII.stacks, MPII.learning_rate, MPII.rotation, MPII.scale) == (8, 2.5e-4, 30.0, 0.25)
    assert (HUMAN36M.batch_size, HUMAN36M.learning_rate, HUMAN36M.iterations) == (3, 2.5e-4, 40_000)
    assert HUMAN36M.learning_rate_at(39_999) == 2.5e-4
    assert MPII.learning_rate_at(MPII.iterations - 1) == pytest.approx(5e-5)
