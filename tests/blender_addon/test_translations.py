from __future__ import annotations

import ast
import inspect
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import blender_addon
from blender_addon import translations
from blender_addon.engine.state import Condition
from blender_addon.engine_preferences import _DEVICES, _VERBS
from blender_addon.labels import CONTEXT

_WORDS = {"text", "placeholder", "confirm_text"}
_STATES = {"waiting", "done", "failed"} | {condition.value for condition in Condition}
_CHOSEN = set(_VERBS.values()) | {name for name, _ in _DEVICES.values()}  # as the computer has it


@pytest.fixture
def _registered() -> Iterator[None]:
    blender_addon.register()
    yield
    blender_addon.unregister()


def _properties(cls: Any) -> Iterator[Any]:
    """Those that a class declares with a name; the others are shown nowhere."""
    known: Any = cls.bl_rna
    if issubclass(cls, bpy.types.Operator):
        known = getattr(bpy.ops.lift_pose, cls.bl_idname.split(".")[1]).get_rna_type()
    declared = {name for base in cls.__mro__ for name in inspect.get_annotations(base)}
    for prop in known.properties:
        if prop.identifier in declared and prop.name != prop.identifier:
            yield prop


def _declared(cls: Any) -> Iterator[str]:
    """The names of a class, of its properties and of their choices, where they have some."""
    if getattr(cls, "bl_label", ""):
        yield cls.bl_label
    for prop in _properties(cls):
        yield prop.name
        if prop.type == "ENUM":
            yield from (item.name for item in prop.enum_items)


def _written(source: Path) -> Iterator[str]:
    """What a module gives to Blender's layouts as it stands."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg in _WORDS]
        if isinstance(node.func, ast.Name) and node.func.id == "translated":
            given += node.args
        for value in given:
            choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            yield from (str(choice.value) for choice in choices if isinstance(choice, ast.Constant))


@pytest.mark.usefixtures("_registered")
def test_every_label_is_in_the_dictionary() -> None:
    labels = _STATES | _CHOSEN | {label for cls in blender_addon._CLASSES for label in _declared(cls)}
    for source in Path(blender_addon.__file__).parent.rglob("*.py"):
        labels |= {label for label in _written(source) if label not in ("", "True", "False")}
    assert labels - set(translations._GERMAN) == set(), "add them to blender_addon/translations.py"


@pytest.mark.usefixtures("_registered")
def test_blenders_own_words_do_not_come_first() -> None:
    for cls in blender_addon._CLASSES:
        found = [(prop.identifier, prop.translation_context) for prop in _properties(cls)]
        assert [name for name, context in found if context != CONTEXT] == [], cls
        if issubclass(cls, (bpy.types.Panel, bpy.types.Menu)):
            assert cls.bl_translation_context == CONTEXT, cls


@pytest.mark.parametrize("english", [label for label in translations._GERMAN if "{" in label])
def test_a_sentence_is_filled_in_alike(english: str) -> None:
    def fields(text: str) -> list[tuple[str | None, ...]]:
        return [field[1:] for field in string.Formatter().parse(text) if field[1] is not None]

    assert fields(translations._GERMAN[english]) == fields(english) != []


@pytest.mark.usefixtures("_registered")
@pytest.mark.parametrize("context", ["*", "Operator", CONTEXT])
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
