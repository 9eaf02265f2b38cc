"""The settings of the scene that a clip may bring along."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import bpy

from ..motion_file import Motion
from .timing import frame_rate, scene_frames

Match = Literal["UNTOUCHED", "ALWAYS", "NEVER"]
_CREATED = ("objects", "armatures", "cameras", "actions", "images", "collections")
_SCENE = ("frame_start", "frame_end")
_RENDER = ("fps", "fps_base", "resolution_x", "resolution_y")
_ALSO_CHANGED = ("resolution_percentage", "pixel_aspect_x", "pixel_aspect_y")


def is_untouched(scene: bpy.types.Scene) -> bool:
    """Whether nothing in the scene is animated, and its range, rate and size are still Blender's own."""
    if any(getattr(owner, "animation_data", None) for owner in (scene, *_contents(scene))):
        return False
    own: list[tuple[Any, str]] = [(scene, name) for name in _SCENE]
    own += [(scene.render, name) for name in _RENDER]
    return all(getattr(owner, name) == owner.bl_rna.properties[name].default for owner, name in own)


def _contents(scene: bpy.types.Scene) -> Iterator[Any]:
    """The objects, their data, and its shape keys."""
    for each in scene.objects:
        yield from (each, each.data, getattr(each.data, "shape_keys", None))


def matches(match: Match, scene: bpy.types.Scene) -> bool:
    """Whether the scene is to take the clip's settings."""
    return match == "ALWAYS" or (match == "UNTOUCHED" and is_untouched(scene))


def match_to_clip(scene: bpy.types.Scene, motion: Motion, start: int) -> str:
    """Give the scene the clip's size and, unless it is a photo, its rate and range.

    Returns what has been set, in words.
    """
    render = scene.render
    render.resolution_x, render.resolution_y = motion.image_size
    render.resolution_percentage = 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1
    size = f"{render.resolution_x} x {render.resolution_y}"
    if len(motion.time) == 1:
        return f"The scene now renders {size}."
    render.fps = max(1, round(motion.fps))
    render.fps_base = render.fps / motion.fps
    frames = scene_frames(motion, frame_rate(scene), start)
    scene.frame_start, scene.frame_end = math.floor(frames[0]), math.ceil(frames[-1])
    return (
        f"The scene now renders {size} at {frame_rate(scene):.5g} frames/s, "
        f"frames {scene.frame_start} to {scene.frame_end}."
    )


def settings(scene: bpy.types.Scene) -> list[tuple[Any, str, Any]]:
    """Everything that a result may change in a scene: owner, name and present value."""
    names: list[tuple[Any, str]] = [(scene, name) for name in (*_SCENE, "camera")]
    names += [(scene.render, name) for name in (*_RENDER, *_ALSO_CHANGED)]
    return [(owner, name, getattr(owner, name)) for owner, name in names]


@contextmanager
def undone_on_failure(scene: bpy.types.Scene) -> Iterator[None]:
    """Takes away what has been made since, and puts the scene's settings back, when anything fails."""
    before = {name: set(getattr(bpy.data, name)) for name in _CREATED}
    old_settings = settings(scene)
    try:
        yield
    except BaseException:
        created: list[Any] = [
            block for name in _CREATED for block in getattr(bpy.data, name) if block not in before[name]
        ]
        bpy.data.batch_remove(created)
        for owner, name, value in old_settings:
            setattr(owner, name, value)
        raise
