from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import blender_addon
from blender_addon.errors import InvalidInput
from blender_addon.presets import FORMAT, preset_file, preset_files, read_preset, write_preset
from blender_addon.properties import chosen


@pytest.fixture
def settings() -> Iterator[Any]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    blender_addon.register()
    yield chosen(bpy.context.scene)
    blender_addon.unregister()


def test_settings_come_back_and_the_clip_stays(settings: Any, tmp_path: Path) -> None:
    settings.smoothing, settings.root, settings.use_ik, settings.input = 0.25, "OBJECT", True, "a.mp4"
    write_preset(settings, tmp_path / "mine.json")
    settings.smoothing, settings.root, settings.use_ik, settings.input = 1.0, "HIPS", False, "b.mp4"
    settings.end = 77
    read_preset(settings, tmp_path / "mine.json")
    assert (settings.smoothing, settings.root, settings.use_ik) == (0.25, "OBJECT", True)
    assert (settings.input, settings.end) == ("b.mp4", 77)


@pytest.mark.filterwarnings("ignore:.*blend relative")
def test_paths_are_true_in_other_files(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "shots").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shots" / "1.blend"))
    settings = chosen(bpy.context.scene)
    settings.detector_weights = "//../weights.pt"
    write_preset(settings, tmp_path / "mine.json")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "2.blend"))
    read_preset(settings, tmp_path / "mine.json")
    assert Path(settings.detector_weights) == tmp_path / "weights.pt"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "else", "settings": {}}', f'{{"format": "{FORMAT}", "settings": 1}}']
)
def test_what_is_no_preset_is_refused(settings: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InvalidInput, match="no preset"):
        read_preset(settings, tmp_path / "x.json")


def test_a_value_that_does_not_fit_changes_nothing(settings: Any, tmp_path: Path) -> None:
    write_preset(settings, tmp_path / "x.json")
    preset = json.loads((tmp_path / "x.json").read_text())
    preset["settings"] |= {"smoothing": 0.125, "root": "MOON", "unknown": 1}
    (tmp_path / "x.json").write_text(json.dumps(preset))
    before = settings.smoothing
    with pytest.raises(InvalidInput, match="MOON"):
        read_preset(settings, tmp_path / "x.json")
    assert settings.smoothing == before


@pytest.mark.parametrize("name", ["", "  ", "../x", "a/b", "a\\b", ".hidden", "a\0b", 'a"b'])
def test_names_stay_in_their_folder(name: str) -> None:
    with pytest.raises(InvalidInput, match="no name"):
        preset_file(name)


def test_operators_save_use_and_delete(settings: Any) -> None:
    settings.smoothing = 0.75
    assert bpy.ops.lift_pose.save_preset(preset="Slow dance 漢") == {"FINISHED"}
    assert [path.stem for path in preset_files()] == ["Slow dance 漢"]
    settings.smoothing = 0.0
    assert bpy.ops.lift_pose.use_preset(preset="Slow dance 漢") == {"FINISHED"}
    assert settings.smoothing == 0.75
    assert bpy.ops.lift_pose.delete_preset(preset="Slow dance 漢") == {"FINISHED"}
    assert preset_files() == []
    with pytest.raises(RuntimeError, match="no preset"):
        bpy.ops.lift_pose.use_preset(preset="Slow dance 漢")
