"""A small picture of a character, drawn without Blender's renderers: these need a window or much time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..kinematics.rotations import Quaternions, from_matrix, inverse, multiply, rotate, unit

SIZE = 256
"""Pixels along each side."""
_FINE = 2  # pixels drawn for each along a side
_MARGIN = 0.06
_STEP = 0.7  # pixels between the points that a triangle is drawn with
_LIGHT = unit(np.array([-0.4, -0.7, -0.6]))  # to the light, in the camera's axes
_AMBIENT = 0.35
_GAMMA = 1 / 2.2  # from the linear colours of materials to those of pictures
_AT_ONCE = 1_000_000  # points
_BONE_COLOUR = (0.55, 0.6, 0.7)
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles of one thing."""

    vertices: Array
    """(V, 3) in world space."""
    triangles: NDArray[np.int64]
    """(F, 3) indices of vertices."""
    colours: Array
    """(F, 3) red, green, blue from 0 to 1."""


def draw_character(
    scene: bpy.types.Scene, armature: bpy.types.Object, view: Quaternions
) -> NDArray[np.float32]:
    """(SIZE, SIZE, 4) red, green, blue, alpha, from the bottom row on: the meshes on a rig, else its bones.

    `view` is (4,) the orientation in armature space of a camera (x right, y down, z forward).
    """
    layer: Any = bpy.context.view_layer if bpy.context.scene == scene else scene.view_layers[0]
    graph: Any = layer.depsgraph
    surfaces = [_mesh(mesh, graph) for mesh in scene.objects if _is_on(mesh, armature, layer)]
    rig = armature.evaluated_get(graph)
    world = multiply(from_matrix(rig.matrix_world), view)
    return draw([surface for surface in surfaces if len(surface.triangles)] or [_bones(rig)], world)


def _is_on(mesh: bpy.types.Object, armature: bpy.types.Object, layer: Any) -> bool:
    if (
        mesh.type != "MESH"
        or not mesh.visible_get(view_layer=layer)
        or mesh.display_type in ("BOUNDS", "WIRE")
    ):
        return False
    deformers: list[Any] = [modifier for modifier in mesh.modifiers if modifier.type == "ARMATURE"]
    return mesh.parent == armature or any(modifier.object == armature for modifier in deformers)


def _mesh(mesh: bpy.types.Object, graph: Any) -> Surface:
    """As modifiers leave it, in the colours that Solid shading shows."""
    evaluated = mesh.evaluated_get(graph)
    data = evaluated.to_mesh()
    data.calc_loop_triangles()
    vertices = np.empty((len(data.vertices), 3))
    triangles = np.empty((len(data.loop_triangles), 3), np.int64)
    slots = np.empty(len(data.loop_triangles), np.int64)
    data.vertices.foreach_get("co", vertices.ravel())
    data.loop_triangles.foreach_get("vertices", triangles.ravel())
    data.loop_triangles.foreach_get("material_index", slots)
    materials: list[Any] = [slot.material for slot in evaluated.material_slots]
    evaluated.to_mesh_clear()
    palette = np.array(
        [material.diffuse_color[:3] if material else (0.8,) * 3 for material in materials or [None]]
    )
    matrix = np.array(evaluated.matrix_world)
    return Surface(
        vertices @ matrix[:3, :3].T + matrix[:3, 3],
        triangles,
        palette[np.minimum(slots, len(palette) - 1)] ** _GAMMA,
    )


def _bones(rig: bpy.types.Object) -> Surface:
    """Each deforming bone, or each bone if none deforms, as an octahedron."""
    bones = [bone for bone in rig.pose.bones if bone.bone.use_deform] or list(rig.pose.bones)
    corners = [[0, 0, 0], [0.1, 0.1, 0], [0.1, 0.1, 0.1], [0, 0.1, 0.1], [0, 0.1, 0], [0, 1, 0]]
    shape = np.array(corners) - [0.05, 0, 0.05] * np.array([[0], [1], [1], [1], [1], [0]])
    faces = [[0, a, b] for a, b in ((1, 2), (2, 3), (3, 4), (4, 1))]
    faces += [[5, b, a] for _, a, b in faces]
    vertices = []
    for bone in bones:
        matrix = np.array(rig.matrix_world @ bone.matrix)
        vertices.append(shape * bone.length @ matrix[:3, :3].T + matrix[:3, 3])
    triangles = np.array(faces) + len(shape) * np.arange(len(bones))[:, None, None]
    triangles = triangles.reshape(-1, 3)
    return Surface(np.concatenate(vertices), triangles, np.tile(_BONE_COLOUR, (len(triangles), 1)))


def draw(surfaces: list[Surface], view: Quaternions) -> NDArray[np.float32]:
    """(SIZE, SIZE, 4), filled by the surfaces as a camera of that orientation sees them from far away."""
    seen = [rotate(inverse(view), surface.vertices) for surface in surfaces]
    low, high = (getattr(np.concatenate(seen), end)(axis=0) for end in ("min", "max"))
    size = SIZE * _FINE
    scale = (1 - 2 * _MARGIN) * size / max(*(high - low)[:2], 1e-9)
    picture, depths = np.zeros((size * size, 4)), np.full(size * size, np.inf)
    for surface, vertices in zip(surfaces, seen, strict=True):
        pixels = (vertices - (low + high) / 2) * [scale, scale, 1] + [size / 2, size / 2, 0]
        light = _AMBIENT + (1 - _AMBIENT) * np.clip(_normals(vertices, surface.triangles) @ _LIGHT, 0, 1)
        for points, shades, colours in _points(pixels, light, surface):
            _splat(picture, depths, size, points, colours * shades[:, None])
    fine = picture.reshape(SIZE, _FINE, SIZE, _FINE, 4).mean(axis=(1, 3))
    fine[..., :3] /= np.maximum(fine[..., 3:], 1e-9)
    upward: NDArray[np.float32] = fine[::-1].astype(np.float32)
    return upward


def _normals(vertices: Array, triangles: NDArray[np.int64]) -> Array:
    """(V, 3) towards the camera, which looks along z."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    facing = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], facing)
    normals *= np.where(normals[:, 2:] > 0, -1, 1)
    return unit(normals)


def _points(pixels: Array, light: Array, surface: Surface) -> Iterator[tuple[Array, Array, Array]]:
    """Points (P, 3) that cover the triangles, with how light they are (P,) and their colours (P, 3)."""
    corners, shades = pixels[surface.triangles], light[surface.triangles]
    sides = np.linalg.norm((corners - np.roll(corners, 1, axis=1))[..., :2], axis=-1)
    steps = np.ceil(sides.max(axis=1) / _STEP).astype(int).clip(1, 2 * SIZE * _FINE)
    for step in np.unique(steps):
        i, j = (grid.ravel() for grid in np.mgrid[: step + 1, : step + 1])
        inside = i + j <= step
        weights = np.column_stack([i, j, step - i - j])[inside] / step
        every = np.flatnonzero(steps == step)
        for chosen in np.array_split(every, 1 + len(every) * len(weights) // _AT_ONCE):
            yield (
                (weights @ corners[chosen]).reshape(-1, 3),
                (shades[chosen] @ weights.T).ravel(),
                np.repeat(surface.colours[chosen], len(weights), axis=0),
            )


def _splat(picture: Array, depths: Array, size: int, points: Array, colours: Array) -> None:
    """Draw points where nothing nearer has been drawn."""
    column, row = np.floor(points[:, :2]).astype(int).clip(0, size - 1).T
    order = np.argsort(-points[:, 2])  # of points in one pixel, the last one stays
    order = order[points[order, 2] < depths[(row * size + column)[order]]]
    place = (row * size + column)[order]
    picture[place, :3], picture[place, 3] = colours[order], 1
    depths[place] = points[order, 2]
