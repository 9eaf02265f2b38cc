"""Writes animated rigs as .fbx or .glb with the exporters that come with Blender."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import addon_utils
import bpy

from .errors import InvalidInput, LiftPoseError

_ADDONS = {".fbx": "io_scene_fbx", ".glb": "io_scene_gltf2"}
SUFFIXES = tuple(_ADDONS)


def export(output: Path, armatures: Sequence[bpy.types.Object]) -> None:
    """Write the armatures, what is seen of what hangs on them, and their Actions as a whole.

    Changes selection and frame range of the open file. Raises InvalidInput when an armature is hidden,
    LiftPoseError when this Blender lacks the exporter, RuntimeError or OSError when it fails.
    """
    kind = output.suffix.lower()
    addons: Any = addon_utils
    if addons.enable(_ADDONS[kind]) is None:
        raise LiftPoseError(
            f"This Blender cannot write {kind}: its add-on {_ADDONS[kind]} is missing.",
            "Use a Blender that has it, or write a .blend.",
        )
    _select(armatures)
    _show_all_keys(armatures)
    _EXPORTERS[kind](output)


def _select(armatures: Sequence[bpy.types.Object]) -> None:
    """Select the armatures and all that hangs on them and is seen."""
    scene = next(s for s in bpy.data.scenes if armatures[0].name in s.objects)
    bpy.context.window.scene = scene
    for each in scene.objects:
        each.select_set(False)
    for armature in armatures:
        if not armature.visible_get():
            raise InvalidInput(
                f"The rig {armature.name} is hidden.", "Show it in its file, or write a .blend."
            )
        for each in (armature, *_hanging_on(armature, scene)):
            each.select_set(True)
    bpy.context.view_layer.objects.active = armatures[0]


def _hanging_on(armature: bpy.types.Object, scene: bpy.types.Scene) -> Iterator[bpy.types.Object]:
    children = set(armature.children_recursive)
    for each in scene.objects:
        deformed = any(getattr(modifier, "object", None) == armature for modifier in each.modifiers)
        if (each in children or deformed) and each.visible_get():
            yield each


def _show_all_keys(armatures: Sequence[bpy.types.Object]) -> None:
    ranges = [times for armature in armatures for times in _animated_times(armature)]
    scene = bpy.context.scene
    scene.frame_start = math.floor(min(first for first, _ in ranges))
    scene.frame_end = math.ceil(max(last for _, last in ranges))


def _animated_times(armature: bpy.types.Object) -> Iterator[Any]:
    """First and last frame of the Action and of each strip."""
    data = armature.animation_data
    if data.action is not None:
        yield data.action.frame_range
    for track in data.nla_tracks:
        yield from ((strip.frame_start, strip.frame_end) for strip in track.strips)


def _export_fbx(output: Path) -> None:
    bpy.ops.export_scene.fbx(
        filepath=str(output),
        check_existing=False,
        use_selection=True,
        add_leaf_bones=False,
        bake_anim_use_nla_strips=False,
        bake_anim_use_all_actions=False,
        bake_anim_simplify_factor=0.0,
    )


def _export_glb(output: Path) -> None:
    operators: Any = bpy.ops.export_scene
    operators.gltf(
        filepath=str(output),
        check_existing=False,
        export_format="GLB",
        use_selection=True,
        export_animation_mode="SCENE",
        export_anim_slide_to_zero=True,
    )


_EXPORTERS: dict[str, Callable[[Path], None]] = {".fbx": _export_fbx, ".glb": _export_glb}
