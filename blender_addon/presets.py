"""Settings under a name: JSON files, which hold choices and no code."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import bpy

from .errors import InvalidInput, LiftPoseError
from .preferences import user_folder

FORMAT = "lift-pose-preset"

# What belongs to one clip, one scene or one rig is in no preset.
_OF_ONE_CLIP = {"name", "rna_type", "input", "rig", "map", "person", "person_index", "person_point"}
_OF_ONE_CLIP |= {"use_range", "start", "end", "start_frame"}


def preset_files() -> list[Path]:
    """All presets of the user, by name."""
    return sorted(_folder().glob("*.json"), key=lambda path: path.stem.lower())


def preset_file(name: str) -> Path:
    """Where the preset of a name is kept. Raises InvalidInput when it is no name for a file."""
    name = name.strip()
    if not name or re.search(r'[\\/:*?"<>|\x00-\x1f]', name) or name.startswith("."):
        raise InvalidInput(f"{name!r} is no name for a preset.", "Use letters, digits and spaces.")
    return _folder() / f"{name}.json"


def write_preset(settings: Any, path: Path) -> None:
    """Keep the settings. Raises LiftPoseError when the file cannot be written."""
    values = {name: _everywhere(_plain(getattr(settings, name))) for name in _names(settings)}
    text = json.dumps({"format": FORMAT, "settings": values}, indent=1)
    temporary = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise LiftPoseError(f"The preset cannot be written: {error}.", "Make room, or allow it.") from error


def read_preset(settings: Any, path: Path) -> None:
    """Take the settings over; those that this version does not know are passed over.

    Raises InvalidInput when the file is no preset or a value does not fit, having changed nothing.
    """
    values = _values(path)
    names = [name for name in _names(settings) if name in values]
    before = {name: _plain(getattr(settings, name)) for name in names}
    try:
        for name in names:
            setattr(settings, name, values[name])
    except (TypeError, ValueError) as error:
        for name, value in before.items():
            setattr(settings, name, value)
        raise InvalidInput(f"{path.name} does not fit: {error}.", "Save the preset again.") from error


def _values(path: Path) -> dict[str, Any]:
    try:
        preset = json.loads(path.read_text(encoding="utf-8"))
        values = preset["settings"] if preset["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{path.name} is no preset of Lift Pose.", "Choose another.") from error
    if not isinstance(values, dict):
        raise InvalidInput(f"{path.name} is no preset of Lift Pose.", "Choose another.")
    return values


def _names(settings: Any) -> list[str]:
    """The settings' properties that a preset holds."""
    properties = settings.bl_rna.properties
    plain = ("BOOLEAN", "INT", "FLOAT", "STRING", "ENUM")
    return [p.identifier for p in properties if p.type in plain and p.identifier not in _OF_ONE_CLIP]


def _everywhere(value: Any) -> Any:
    """A path from the open file's folder as one that is true in other files too."""
    if isinstance(value, str) and value.startswith("//"):
        return os.path.abspath(bpy.path.abspath(value))  # noqa: PTH100 - without following links
    return value


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else list(value)


def _folder() -> Path:
    return user_folder() / "presets"
