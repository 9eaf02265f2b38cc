"""The three parts meet only in the protocol and the Motion file (docs/architecture.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1]
_BLENDER = {"bpy", "bpy_extras", "mathutils", "bmesh", "gpu", "blf"}
_FORBIDDEN = {
    "blender_addon": {"lifting_core", "training", "torch", "cv2", "mediapipe", "av", "scipy", "PIL"},
    "lifting_core": {"blender_addon", "training", *_BLENDER},
    "training": {"blender_addon", *_BLENDER},
}
# Draws the demo clip and the training pictures, in Blender.
_RENDERING = _ROOT / "training" / "rendering"


def _imports(source: str) -> Iterator[str]:
    """The top-level packages that a module imports anywhere in it, by statement or by `import_module`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__", "run_module"):
                yield str(node.args[0].value).partition(".")[0]


@pytest.mark.parametrize("package", _FORBIDDEN)
def test_package_imports_nothing_from_beyond_its_boundary(package: str) -> None:
    modules = [path for path in (_ROOT / package).rglob("*.py") if _RENDERING not in path.parents]
    assert modules
    crossings = [
        f"{path.relative_to(_ROOT)} imports {name}"
        for path in modules
        for name in _imports(path.read_text("utf-8"))
        if name in _FORBIDDEN[package]
    ]
    assert crossings == []


def test_add_on_imports_itself_only_relatively() -> None:
    """It is installed under another name, bl_ext.<repository>.lift_pose."""
    crossings = [
        str(path.relative_to(_ROOT))
        for path in (_ROOT / "blender_addon").rglob("*.py")
        if "blender_addon" in _imports(path.read_text("utf-8"))
    ]
    assert crossings == []


@pytest.mark.parametrize(
    "source",
    ["import torch.nn as nn", "def f():\n    from torch import nn", "importlib.import_module('torch.nn')"],
)
def test_imports_are_found_wherever_they_hide(source: str) -> None:
    assert list(_imports(source)) == ["torch"]
