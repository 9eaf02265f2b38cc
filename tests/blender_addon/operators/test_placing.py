"""What the user may do to a scene while a job runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import pytest

import blender_addon
from blender_addon.errors import InvalidInput
from blender_addon.motion_file import Motion, read_motion
from blender_addon.operators.placing import chosen_place, put_into_scene


@pytest.fixture(autouse=True)
def _registered(scene: bpy.types.Scene) -> Iterator[None]:
    blender_addon.register()
    yield
    blender_addon.unregister()


@pytest.fixture
def motion(motion_file: Callable[..., Path]) -> Motion:
    return read_motion(motion_file())


def test_result_goes_where_the_job_began(scene: bpy.types.Scene, motion: Motion) -> None:
    place = chosen_place(bpy.context)
    scene.name = "Renamed"
    other = bpy.data.scenes.new("Other")
    bpy.context.window.scene = other
    put_into_scene(bpy.context, place, motion, None)
    assert len(other.collection.all_objects) == 0
    assert sorted(scene.collection.all_objects.keys()) == ["walk", "walk Camera"]
    assert bpy.context.view_layer.objects.active is None


def test_scene_that_is_gone_is_told(scene: bpy.types.Scene, motion: Motion) -> None:
    other = bpy.data.scenes.new("Other")
    bpy.context.window.scene = other
    place = chosen_place(bpy.context)
    bpy.data.scenes.remove(other)
    with pytest.raises(InvalidInput, match="scene of this job is gone"):
        put_into_scene(bpy.context, place, motion, None)
    assert len(bpy.data.objects) == 0


def test_armature_that_is_gone_is_told(scene: bpy.types.Scene, motion: Motion) -> None:
    put_into_scene(bpy.context, chosen_place(bpy.context), motion, None)
    blender_addon.properties.chosen(scene).target = "ACTIVE"
    place = chosen_place(bpy.context)
    bpy.data.objects.remove(scene.objects["walk"])
    with pytest.raises(InvalidInput, match="armature of this job is gone"):
        put_into_scene(bpy.context, place, motion, None)
    assert scene.objects.keys() == ["walk Camera"]


def test_another_file_gets_nothing(motion: Motion) -> None:
    place = chosen_place(bpy.context)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    with pytest.raises(InvalidInput, match="scene of this job is gone"):
        put_into_scene(bpy.context, place, motion, None)


def test_excluded_collections_do_not_disturb(scene: bpy.types.Scene, motion: Motion) -> None:
    """With the scene's own collection hidden the armature is there, but cannot be made active."""
    bpy.context.view_layer.layer_collection.hide_viewport = True
    put_into_scene(bpy.context, chosen_place(bpy.context), motion, None)
    assert "walk" in scene.objects
