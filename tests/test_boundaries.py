"""The three parts meet only in the protocol and the Motion file; rooms form layers (docs/architecture.md)."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
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


@pytest.mark.parametrize("package", ["blender_addon", "lifting_core", "training"])
def test_rooms_form_layers(package: str) -> None:
    rooms = _rooms(_ROOT / package)
    assert len(rooms) > 5
    assert _circle(rooms) == []


def _rooms(package: Path) -> Mapping[str, Set[str]]:
    """What each room of a package imports of the others. A module beside the folders is a room of its own."""
    rooms: dict[str, set[str]] = defaultdict(set)
    for path in package.rglob("*.py"):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        rooms[room] |= _entered(path, package) - {room}
    return {room: entered & rooms.keys() for room, entered in rooms.items()}


def _entered(path: Path, package: Path) -> set[str]:
    """The first names below the package in all that a module of it imports, inside functions too."""
    folder = ".".join(path.relative_to(package.parent).parent.parts)
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), folder)
            names += [f"{source}.{name.name}" for name in node.names]
    return {name.split(".")[1] for name in names if name.startswith(f"{package.name}.")}


def _circle(rooms: Mapping[str, Set[str]]) -> list[str]:
    """Rooms that import each other, directly or round about; none where there are no such."""
    try:
        TopologicalSorter(rooms).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize(
    "closing",
    ["from ..poses.pose import take", "def f():\n    from .. import poses", "import addon.poses.pose"],
)
def test_circles_of_rooms_are_found(tmp_path: Path, closing: str) -> None:
    sources = {
        "__init__.py": "from . import session",
        "session.py": "from .retargeting import retarget",
        "poses/pose.py": "from .. import session",
        "retargeting/retarget.py": "from . import feet",
        "retargeting/feet.py": "import numpy",
    }
    for name, source in sources.items():
        path = tmp_path / "addon" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")
    assert _circle(_rooms(tmp_path / "addon")) == []
    path.write_text(closing, "utf-8")
    assert set(_circle(_rooms(tmp_path / "addon"))) == {"poses", "session", "retargeting"}
