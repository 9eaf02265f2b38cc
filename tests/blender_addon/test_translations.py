from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import blender_addon
from blender_addon import translations

_WORDS = {"text", "placeholder", "confirm_text"}


@pytest.fixture
def _registered() -> Iterator[None]:
    blender_addon.register()
    yield
    blender_addon.unregister()


def _declared(cls: Any) -> Iterator[str]:
    """The names of a class and of the properties that it declares, where they have some."""
    if getattr(cls, "bl_label", ""):
        yield cls.bl_label
    declared = {name for base in cls.__mro__ for name in inspect.get_annotations(base)}
    for prop in cls.bl_rna.properties:
        if prop.identifier in declared and prop.name != prop.identifier:  # the others are shown nowhere
            yield prop.name
            if prop.type == "ENUM":
                yield from (item.name for item in prop.enum_items)


def _written(source: Path) -> Iterator[str]:
    """What a module gives to Blender's layouts as it stands."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg in _WORDS and isinstance(keyword.value, ast.Constant):
                yield str(keyword.value.value)


@pytest.mark.usefixtures("_registered")
def test_every_label_is_in_the_dictionary() -> None:
    labels = {label for cls in blender_addon._CLASSES for label in _declared(cls)}
    for source in Path(blender_addon.__file__).parent.rglob("*.py"):
        labels |= {label for label in _written(source) if label not in ("", "True", "False")}
    assert labels - set(translations._GERMAN) == set(), "add them to blender_addon/translations.py"


@pytest.mark.usefixtures("_registered")
@pytest.mark.parametrize("context", ["*", "Operator"])
def test_blender_finds_them(context: str) -> None:
    german = [name for name in ("de", "de_DE") if name in bpy.app.translations.locales]
    if not german:
        pytest.skip("this Blender has no languages")
    view = bpy.context.preferences.view
    view.language, view.use_translate_interface = german[0], True
    try:
        assert bpy.app.translations.pgettext_iface("Pick a Person", context) == "Person anklicken"
    finally:
        view.language = "en_US"


def test_they_are_gone_after_unregister() -> None:
    blender_addon.register()
    blender_addon.unregister()
    translations.register()  # raises where they are still registered
    translations.unregister()
