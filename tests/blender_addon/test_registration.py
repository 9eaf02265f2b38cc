from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest
import tomllib

import blender_addon
import lifting_core

_FOLDER = Path(blender_addon.__file__).parent


@pytest.fixture
def _clean() -> Iterator[None]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield
    bpy.ops.wm.read_factory_settings(use_empty=True)


def _blenders_state() -> dict[str, Any]:
    """All that an add-on can leave behind."""
    named = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    handlers = {name: value for name, value in named.items() if isinstance(value, list)}
    owners = (
        bpy.types.Scene,
        bpy.types.WindowManager,
        bpy.types.Object,
        bpy.types.Armature,
        bpy.types.Action,
    )
    keymaps = bpy.context.window_manager.keyconfigs.addon
    return {
        "types": {name for name in dir(bpy.types) if "lift" in name.lower()},
        "classes": {cls for base in _bases() for cls in base.__subclasses__() if cls.is_registered},
        "operators": [name for name in dir(bpy.ops) if "lift" in name],
        "handlers": {name: list(value) for name, value in handlers.items()},
        "properties": {owner: {name for name in dir(owner) if "lift" in name} for owner in owners},
        "keymaps": [item.idname for keymap in keymaps.keymaps for item in keymap.keymap_items]
        if keymaps
        else [],
        "statusbar": len(getattr(bpy.types.STATUSBAR_HT_header.draw, "_draw_funcs", [])),
    }


def _bases() -> tuple[Any, ...]:
    names = ("Operator", "Panel", "Menu", "UIList", "FileHandler", "PropertyGroup", "AddonPreferences")
    return tuple(getattr(bpy.types, name) for name in names)


@pytest.mark.usefixtures("_clean")
def test_unregister_leaves_nothing() -> None:
    before = _blenders_state()
    blender_addon.register()
    during = _blenders_state()
    blender_addon.unregister()
    assert during != before
    assert "lift_pose" in during["operators"]
    assert _blenders_state() == before


@pytest.mark.usefixtures("_clean")
def test_add_on_can_be_enabled_again() -> None:
    for _ in range(2):
        blender_addon.register()
        assert bpy.context.scene.lift_pose.target == "NEW"
        blender_addon.unregister()


def test_manifest_agrees_with_the_engine() -> None:
    manifest = tomllib.loads((_FOLDER / "blender_manifest.toml").read_text())
    assert manifest["id"] == "lift_pose"
    assert manifest["version"] == lifting_core.__version__
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]


def test_blenders_own_builder_accepts_the_extension(tmp_path: Path) -> None:
    """The zip that is built is installed, enabled and removed as a user would."""
    from bl_pkg.cli import blender_ext

    zip_file = tmp_path / "lift_pose.zip"
    arguments = ["build", f"--source-dir={_FOLDER}", f"--output-filepath={zip_file}"]
    assert blender_ext.main(["validate", str(_FOLDER)]) == 0
    assert blender_ext.main(arguments) == 0
    bpy.ops.wm.read_factory_settings(use_empty=True)
    install = bpy.ops.extensions.package_install_files
    assert install(filepath=str(zip_file), repo="user_default", enable_on_install=True) == {"FINISHED"}
    assert "bl_ext.user_default.lift_pose" in bpy.context.preferences.addons
    assert bpy.context.scene.lift_pose.smoothing == 0.5
    bpy.ops.preferences.addon_disable(module="bl_ext.user_default.lift_pose")
    assert not hasattr(bpy.types.Scene, "lift_pose")
