"""Writes the open file as a .blend, or its animated rigs as .fbx or .glb: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import bpy

from . import exporting
from .errors import InvalidInput, LiftPoseError

_SUFFIXES = (".blend", *exporting.SUFFIXES)
_partial: set[Path] = set()  # what is being written now


def check_output(output: Path) -> None:
    """Raises InvalidInput when a file is not of a kind that Blender writes."""
    if output.suffix.lower() not in _SUFFIXES:
        *others, last = _SUFFIXES
        raise InvalidInput(f"{output} does not end in {', '.join(others)} or {last}.", "Name such a file.")


def save(output: Path, armatures: Sequence[bpy.types.Object], relative_remap: bool) -> None:
    """Save under a temporary name, then rename. A .fbx or .glb holds the animated `armatures` alone.

    `relative_remap` makes relative paths of a file that was opened elsewhere true here. Raises LiftPoseError
    when the file cannot be written.
    """
    temporary = output.resolve().with_name(f".lift-pose-{os.getpid()}-{output.name}")
    _partial.add(temporary)
    try:
        if output.suffix.lower() == ".blend":
            bpy.ops.wm.save_as_mainfile(
                filepath=str(temporary), copy=True, check_existing=False, relative_remap=relative_remap
            )
        else:
            exporting.export(temporary, armatures)
        os.replace(temporary, output)  # noqa: PTH105
    except (OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1].rstrip(".")
        raise LiftPoseError(
            f"{output} cannot be written: {reason}.", "Choose a folder that can be written to and has room."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
        _partial.discard(temporary)


def remove_partial() -> None:
    """Remove what is being written, for an end that leaves no time to unwind."""
    for temporary in tuple(_partial):
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
