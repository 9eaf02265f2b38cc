"""The small picture of a character."""

from __future__ import annotations

import math
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Quaternion

from blender_addon.poses.picture import SIZE, Surface, draw, draw_character

# A camera that looks along +Y: its x axis is the world's, its y axis points down.
_FRONT = np.array(Quaternion((1, 0, 0), math.radians(-90)))


def _square(depth: float, half: float, colour: tuple[float, float, float]) -> Surface:
    corners = [(-half, depth, -half), (half, depth, -half), (half, depth, half), (-half, depth, half)]
    return Surface(np.array(corners, float), np.array([[0, 1, 2], [0, 2, 3]]), np.array([colour] * 2))


def test_nearer_things_hide_those_behind() -> None:
    picture = draw(
        [_square(-1, 0.5, (0, 1, 0)), _square(0, 1, (1, 0, 0)), _square(1, 0.8, (0, 0, 1))], _FRONT
    )
    assert picture.shape == (SIZE, SIZE, 4)
    middle, ring = picture[SIZE // 2, SIZE // 2], picture[SIZE // 2, SIZE // 8]
    assert middle[1] > 0.3
    assert ring[0] > 0.3
    assert middle[[0, 2]].max() == ring[[1, 2]].max() == 0
    assert middle[3] == ring[3] == 1
    assert picture[2, 2, 3] == 0
    assert picture[..., 3].mean() == pytest.approx(0.88**2, abs=0.01)


def test_top_is_the_last_row_and_left_the_first_column() -> None:
    vertices = np.array([(-1, 0, -1), (1, 0, -1), (-1, 0, 1)], float)
    picture = draw([Surface(vertices, np.array([[0, 1, 2]]), np.ones((1, 3)))], _FRONT)
    covered = picture[..., 3] > 0.5
    low, high = SIZE // 6, SIZE * 3 // 4
    assert [covered[y, x] for y, x in ((low, low), (low, high), (high, low), (high, high))] == [1, 1, 1, 0]


def test_meshes_on_a_rig_are_drawn_as_it_deforms_them(scene: Any) -> None:
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    rig.data.edit_bones.new("bone").tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    cube.vertex_groups.new(name="bone").add(range(8), 1, "REPLACE")
    cube.modifiers.new("Armature", "ARMATURE").object = rig
    bpy.ops.mesh.primitive_cube_add(size=50)  # of somebody else
    rig.pose.bones["bone"].matrix_basis = Matrix.Diagonal((0.5, 1, 1, 1))  # half as wide; the bone points up
    bpy.context.view_layer.update()
    covered = draw_character(scene, rig, _FRONT)[..., 3] > 0.5
    rows, columns = np.nonzero(covered)
    assert np.ptp(rows) == pytest.approx(2 * np.ptp(columns), rel=0.03)
    cube.hide_set(True)
    bones = draw_character(scene, rig, _FRONT)[..., 3] > 0.5
    assert 0 < bones.sum() < covered.sum() / 2
