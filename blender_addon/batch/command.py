"""`batch JOBS` without a window: starts the engine's `lift-pose batch` and passes on what it says."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import bpy

from ..engine.process import environment, not_started
from ..session import session

NAME = "batch"


def run(arguments: Sequence[str]) -> int:
    """Returns the exit code of the batch. Raises LiftPoseError when the engine cannot be started."""
    command = batch_command(bpy.context, arguments)
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment()) as child:
            return child.wait()
    except OSError as error:
        raise not_started(command, error) from error


def batch_command(context: bpy.types.Context, arguments: Sequence[str]) -> list[str]:
    """How to start the engine on a batch; .blend files are written by this very Blender.

    Raises LiftPoseError when the engine's Python is not found.
    """
    python = session.engine_python(context)
    command = [python, "-m", "lifting_core.cli", NAME, *arguments]
    if bpy.app.binary_path and "--blender" not in arguments:
        command += ["--blender", bpy.app.binary_path]
    return command
