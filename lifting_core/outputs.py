"""Which files a command line asks for, checked before any work goes into them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lifting_core.errors import InvalidInput
from lifting_core.files import check_writable

BLENDER_FORMATS = (".blend", ".fbx", ".glb")
"""Those that Blender writes."""
FORMATS = (".npz", ".bvh", *BLENDER_FORMATS)
_PREVIEW_FORMATS = (".mp4",)
_NAME = "{name}"


@dataclass(frozen=True)
class Task:
    """One input and the files to make of it."""

    input: Path
    outputs: tuple[Path, ...]
    preview: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        """Everything to be written."""
        return self.outputs if self.preview is None else (*self.outputs, self.preview)


def plan(
    inputs: Sequence[Path], outputs: Sequence[str], preview: str | None, suffix: str, overwrite: bool
) -> list[Task]:
    """The tasks of a command line.

    Each of `outputs`, and `preview`, is a file, a pattern with {name} in it, or a folder, in which files are
    named after their input; `suffix` is what outputs in a folder end in.
    Raises InvalidInput when a file has a suffix that cannot be written, would be written twice, would replace
    an input or (without `overwrite`) anything else, or cannot be written.
    """
    several = len(inputs) > 1
    tasks = [
        Task(
            source,
            tuple(_named(output, source, FORMATS, suffix, several) for output in outputs),
            None if preview is None else _named(preview, source, _PREVIEW_FORMATS, ".mp4", several),
        )
        for source in inputs
    ]
    seen = {os.path.realpath(source) for source in inputs}
    for file in (file for task in tasks for file in task.files):
        if os.path.realpath(file) in seen:
            raise InvalidInput(
                f"{file} would be written twice or over an input.", f"Put {_NAME} in the output's name."
            )
        seen.add(os.path.realpath(file))
        if file.exists() and not file.is_dir() and not overwrite:
            raise InvalidInput(f"{file} exists already.", "Choose another name, or add --overwrite.")
        check_writable(file if file.is_dir() else _nearest_folder(file) / file.name)
    return tasks


def _named(pattern: str, source: Path, formats: tuple[str, ...], suffix: str, several: bool) -> Path:
    """The file that `pattern` means for `source`."""
    path = Path(pattern)
    if _NAME in pattern:
        path = Path(pattern.replace(_NAME, name_of(source)))
    elif path.is_dir() or not path.suffix or pattern.endswith(("/", os.sep)):
        return path / f"{name_of(source)}{suffix}"
    elif several:
        raise InvalidInput(
            f"Several inputs cannot all become {path}.", f"Give a folder, or put {_NAME} in the name."
        )
    if path.suffix.lower() not in formats:
        raise InvalidInput(
            f"{path} cannot be written: its kind is unknown.", f"End it in {', '.join(formats)}."
        )
    return path


def name_of(source: Path) -> str:
    """What outputs are named after: the input without its suffix, and without a sequence's placeholder."""
    stem = source.resolve().name if source.is_dir() else source.stem
    return re.sub(r"%\d*d|[*?#\[\]]+", "", stem).strip(" ._-") or "motion"


def _nearest_folder(file: Path) -> Path:
    """The folder that `file` will be in, or of those above it the first that exists."""
    return next(folder for folder in file.absolute().parents if folder.exists())
