"""Blender's current scene, and putting things into it."""

from __future__ import annotations

import bpy

Point = tuple[float, float, float]
"""World position or size, metres."""
Colour = tuple[float, float, float]
"""Linear RGB, 0 to 1."""


def current_scene() -> bpy.types.Scene:
    """The scene that is worked on; there always is one."""
    scene = bpy.context.scene
    assert scene is not None
    return scene


def current_view_layer() -> bpy.types.ViewLayer:
    """The view layer that is worked on; there always is one."""
    view_layer = bpy.context.view_layer
    assert view_layer is not None
    return view_layer


def put(name: str, data: bpy.types.ID) -> bpy.types.Object:
    """A new object in the scene, at the origin."""
    thing = bpy.data.objects.new(name, data)
    current_scene().collection.objects.link(thing)
    return thing


def plain_material(colour: Colour) -> bpy.types.Material:
    """A material for Workbench, which knows one colour and no nodes."""
    material = bpy.data.materials.new("plain")
    material.diffuse_color = (*colour, 1.0)  # type: ignore[assignment]  # any sequence does
    material.roughness = 0.8
    return material
