"""Writes the open file as a .blend, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import bpy

from .errors import InvalidInput, LiftPoseError


def check_output(output: Path) -> None:
    """Raises InvalidInput when a file is not named as a Blender file."""
    if output.suffix.lower() != ".blend":
        raise InvalidInput(f"{output} does not end in .blend.", "Name a Blender file.")


def save(output: Path, relative_remap: bool) -> None:
    """Save under a temporary name, then rename.

    `relative_remap` makes relative paths of a file that was opened elsewhere true here. Raises LiftPoseError
    when the file cannot be written.
    """
    temporary = output.resolve().with_name(f".lift-pose-{os.getpid()}-{output.name}")
    try:
        bpy.ops.wm.save_as_mainfile(
            filepath=str(temporary), copy=True, check_existing=False, relative_remap=relative_remap
        )
        os.replace(temporary, output)  # noqa: PTH105
    except (OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1].rstrip(".")
        raise LiftPoseError(
            f"{output} cannot be written: {reason}.", "Choose a folder that can be written to and has room."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
