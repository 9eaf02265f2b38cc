from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import blender_addon
from blender_addon.operators.clip import LiftPoseDrop


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    blender_addon.register()
    yield
    blender_addon.unregister()


def test_a_dropped_clip_is_chosen(tmp_path: Path) -> None:
    assert bpy.ops.lift_pose.choose_clip(filepath=str(tmp_path / "dance.mp4")) == {"FINISHED"}
    scene: Any = bpy.context.scene
    assert scene.lift_pose.input == str(tmp_path / "dance.mp4")
    with pytest.raises(RuntimeError, match="No file"):
        bpy.ops.lift_pose.choose_clip()


def test_blender_offers_it_for_photos_and_videos() -> None:
    assert LiftPoseDrop.is_registered
    operator = LiftPoseDrop.bl_import_operator.split(".")[1]
    assert operator in dir(bpy.ops.lift_pose)
    extensions = LiftPoseDrop.bl_file_extensions.split(";")
    assert {".mp4", ".mov", ".jpg", ".png"} <= set(extensions)
    assert all(extension.startswith(".") for extension in extensions)
