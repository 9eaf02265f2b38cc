"""Batches of augmented crops with the heat maps that a network should make of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lifting_core.detection.hourglass.network import STRIDE
from lifting_core.detection.hourglass.weights import HourglassProfile
from lifting_core.detection.regions import Region
from lifting_core.errors import InvalidInput
from lifting_core.skeleton import mirrored
from training.datasets.mpii import AnnotatedPerson
from training.fitting.batches import mixed_seed
from training.heatmaps.recipe import HourglassRecipe

Sample = tuple[Tensor, Tensor, Tensor]
"""Pictures (N, 3, S, S) from 0 to 1, heat maps (N, J, S/4, S/4), and (N, J) 1 where a joint is annotated."""


@dataclass(frozen=True)
class View:
    """How a person is shown: the square that is cut out, and what is done to it."""

    region: Region
    mirrored: bool
    colour: tuple[float, float, float]
    """Factors of the channels."""


def random_view(region: Region, recipe: HourglassRecipe, random: np.random.Generator) -> View:
    """The square augmented as the recipe says."""
    factor = random.uniform(1 - recipe.scale, 1 + recipe.scale)
    angle = math.radians(random.uniform(-recipe.rotation, recipe.rotation))
    red, green, blue = random.uniform(1 - recipe.colour, 1 + recipe.colour, 3)
    turned = replace(region, width=region.width * factor, height=region.height * factor, angle=angle)
    return View(turned, recipe.flip and random.random() < 0.5, (red, green, blue))


def heatmaps(joints: NDArray[np.floating[Any]], size: int, deviation: float) -> NDArray[np.float32]:
    """(J, size, size) Gaussians around (J, 2) positions in cells; empty where a joint is not in the map.

    The peak has height 1 and lies where the joint does, not in the middle of its cell.
    """
    cells = np.arange(size) + 0.5
    outside = ~((joints >= 0) & (joints < size)).all(1)
    x, y = np.nan_to_num(joints)[:, :, None].transpose(1, 0, 2)
    columns = np.exp(-((cells - x) ** 2) / (2 * deviation**2))
    rows = np.exp(-((cells - y) ** 2) / (2 * deviation**2))
    maps: NDArray[np.float32] = (rows[:, :, None] * columns[:, None, :]).astype(np.float32)
    maps[outside] = 0.0
    return maps


def read_picture(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) RGB. Raises InvalidInput when the file is no picture."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise InvalidInput(
            f"{path} is missing or no picture.", "Give the folder with the annotated pictures."
        )
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


class People(Dataset[Sample]):
    """People by (epoch, number), each time differently augmented, always alike for the same seed."""

    def __init__(
        self, people: Sequence[AnnotatedPerson], profile: HourglassProfile, recipe: HourglassRecipe, seed: int
    ) -> None:
        self._people, self._recipe, self._seed = people, recipe, seed
        self._size = profile.input_size
        self._swap = [profile.joints.index(mirrored(name)) for name in profile.joints]

    def __getitem__(self, place: tuple[int, int]) -> Sample:
        person = self._people[place[1]]
        random = np.random.default_rng(mixed_seed(self._seed, *place))
        view = random_view(person.region, self._recipe, random)
        return self._sample(person, view)

    def _sample(self, person: AnnotatedPerson, view: View) -> Sample:
        size = (self._size, self._size)
        crop = view.region.crop(read_picture(person.image), size).astype(np.float32) / 255
        crop = np.clip(crop * np.array(view.colour, np.float32), 0, 1)
        transform = view.region.to_crop(size)
        joints = (person.joints @ transform[:, :2].T + transform[:, 2]) / STRIDE
        if view.mirrored:
            crop = crop[:, ::-1]
            joints = np.stack([self._size / STRIDE - joints[:, 0], joints[:, 1]], 1)[self._swap]
        targets = heatmaps(joints, self._size // STRIDE, self._recipe.deviation)
        known = np.isfinite(joints).all(1).astype(np.float32)
        picture = np.ascontiguousarray(crop.transpose(2, 0, 1))
        return torch.from_numpy(picture), torch.from_numpy(targets), torch.from_numpy(known)


class _Order:
    """The places of every batch from a step on: everybody once an epoch, in random order."""

    def __init__(self, people: int, batch_size: int, seed: int, first: int, last: int) -> None:
        self._people, self._batch_size, self._seed = people, batch_size, seed
        self._steps = range(first, last)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        a_batch, epoch = self._people // self._batch_size, -1
        for step in self._steps:
            if step // a_batch != epoch:
                epoch = step // a_batch
                order = np.random.default_rng(mixed_seed(self._seed, epoch)).permutation(self._people)
            start = step % a_batch * self._batch_size
            yield [(epoch, int(index)) for index in order[start : start + self._batch_size]]

    def __len__(self) -> int:
        return len(self._steps)


def batches(
    people: People, count: int, recipe: HourglassRecipe, seed: int, steps: tuple[int, int], workers: int
) -> DataLoader[Sample]:
    """The batches of the steps from the first to before the last, of `count` people.

    Raises InvalidInput when they do not fill a batch.
    """
    if count < recipe.batch_size:
        raise InvalidInput(f"{count} people do not fill a batch of {recipe.batch_size}.", "Annotate more.")
    order = _Order(count, recipe.batch_size, seed, *steps)
    return DataLoader(people, batch_sampler=order, num_workers=workers, persistent_workers=workers > 0)
