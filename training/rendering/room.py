"""The room that the figure is filmed in."""

from __future__ import annotations

import itertools

import bpy
import numpy as np
from numpy.typing import NDArray

from training.rendering.stage import Colour, Point, plain_material, put

_WALL = 2.2  # metres behind the origin


def build_room(rng: np.random.Generator) -> None:
    """A tiled floor at z = 0 and a boarded wall behind it, with things on it for the eye to hold on to."""
    tiles = ((0.46, 0.33, 0.20), (0.50, 0.37, 0.23), (0.42, 0.30, 0.18), (0.54, 0.40, 0.25))
    boards = ((0.55, 0.60, 0.56), (0.58, 0.63, 0.59), (0.52, 0.57, 0.54), (0.56, 0.59, 0.53))
    _patterned((-9, -12, 0), (0.6, 0, 0), (0, 0.6, 0), (30, 24), rng.permutation(np.resize(tiles, (720, 3))))
    _patterned((-9, _WALL, 0), (0.24, 0, 0), (0, 0, 5), (75, 1), rng.permutation(np.resize(boards, (75, 3))))
    for x, z, width, height, colour in (
        (-1.55, 1.75, 0.9, 0.7, (0.20, 0.36, 0.44)),
        (1.75, 1.7, 0.7, 0.9, (0.62, 0.42, 0.16)),
    ):
        _box((x, _WALL - 0.03, z), (width, 0.04, height), colour)
        _box((x, _WALL - 0.02, z), (width + 0.1, 0.03, height + 0.1), (0.12, 0.09, 0.07))
    _box((0, _WALL, 0.06), (18, 0.04, 0.12), (0.75, 0.74, 0.70))
    _box((2.55, _WALL - 0.25, 0.4), (0.9, 0.45, 0.8), (0.30, 0.18, 0.10))


def _patterned(
    origin: Point, along: Point, across: Point, counts: tuple[int, int], colours: NDArray[np.float64]
) -> None:
    """A rectangle of counts[0] x counts[1] parallelograms; `colours` is (counts[0] * counts[1], 3)."""
    steps = np.stack(np.meshgrid(*(np.arange(n + 1) for n in counts), indexing="ij"), -1).reshape(-1, 2)
    corners = np.asarray(origin) + steps @ np.array([along, across])
    first = np.arange(len(corners)).reshape(counts[0] + 1, counts[1] + 1)[:-1, :-1].ravel()
    step = counts[1] + 1
    faces = np.stack([first, first + step, first + step + 1, first + 1], axis=1)
    mesh = bpy.data.meshes.new("pattern")
    mesh.from_pydata(corners.tolist(), [], faces.tolist())
    palette, slots = np.unique(colours, axis=0, return_inverse=True)
    for colour in palette:
        mesh.materials.append(plain_material((colour[0], colour[1], colour[2])))
    mesh.polygons.foreach_set("material_index", slots.astype(np.int32).ravel())
    put("pattern", mesh)


def _box(centre: Point, size: Point, colour: Colour) -> None:
    corners = np.array(list(itertools.product((-0.5, 0.5), repeat=3))) * size + centre
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh = bpy.data.meshes.new("box")
    mesh.from_pydata(corners.tolist(), [], faces)
    mesh.materials.append(plain_material(colour))
    put("box", mesh)
