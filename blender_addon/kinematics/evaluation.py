"""A rig as Blender evaluates it, with its constraints and its animation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy


def evaluated(scene: bpy.types.Scene) -> Any:
    """The dependency graph of a scene at its current frame, up to date."""
    context = bpy.context
    layer = context.view_layer if context.scene == scene else scene.view_layers[0]
    layer.update()
    return layer.depsgraph


@contextmanager
def alone(armature: bpy.types.Object) -> Iterator[bpy.types.Scene]:
    """A scene of its own for an armature, where Blender evaluates it even if it is hidden elsewhere."""
    scene, hidden = bpy.data.scenes.new("Lift Pose"), armature.hide_viewport
    try:
        scene.collection.objects.link(armature)
        armature.hide_viewport = False
        yield scene
    finally:
        armature.hide_viewport = hidden
        bpy.data.scenes.remove(scene)


@contextmanager
def as_it_stands(armature: bpy.types.Object, scene: bpy.types.Scene) -> Iterator[bpy.types.Object]:
    """The evaluated armature at the current frame of a scene, in which it may be hidden."""
    graph = evaluated(scene)
    if armature.visible_get(view_layer=graph.view_layer):
        yield armature.evaluated_get(graph)
        return
    with alone(armature) as own:
        own.frame_float = scene.frame_float
        yield armature.evaluated_get(evaluated(own))
