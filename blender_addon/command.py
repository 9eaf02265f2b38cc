"""From Motion files to a .blend without a window.

Three ways to run it: `blender -b --command lift_pose MOTION.npz OUT.blend` where the add-on is enabled,
`blender -b --python .../command.py -- MOTION.npz OUT.blend`, and `python -m blender_addon.command MOTION.npz
OUT.blend` where Python has the bpy module. Exit codes: 0, 2 for bad input, 1 for any other failure.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import bpy

if not __package__:  # run as a script: come back as a part of the package
    _folder = Path(__file__).resolve().parent
    sys.path.insert(0, str(_folder.parent))
    sys.exit(importlib.import_module(f"{_folder.name}.command").main())

from .animation.build import Placement, build
from .errors import InvalidInput, LiftPoseError
from .motion_file import read_motion

NAME = "lift_pose"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a .blend as the arguments say (after `--` inside Blender). Returns the exit code."""
    if arguments is None:
        arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as error:  # Blender's own --command must come back
        return 2 if error.code else 0
    try:
        _write(options.motions, options.output, options.media)
    except LiftPoseError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, InvalidInput) else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        NAME, description="Turn Motion files into animated armatures in a .blend."
    )
    parser.add_argument("motions", metavar="MOTION.npz", nargs="+", type=Path, help="one armature each")
    parser.add_argument("output", metavar="OUT.blend", type=Path)
    parser.add_argument("--media", type=Path, help="the clip of the motions, shown behind them")
    return parser


def _write(motions: Sequence[Path], output: Path, media: Path | None) -> None:
    """Raises InvalidInput on bad input and LiftPoseError when the file cannot be written."""
    if output.suffix.lower() != ".blend":
        raise InvalidInput(f"{output} does not end in .blend.", "Name a Blender file.")
    if media is not None and not media.exists():
        raise InvalidInput(f"{media} does not exist.", "Name the clip that the motion was lifted from.")
    read = [read_motion(path) for path in motions]
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    for motion in read:
        build(motion, media.resolve() if media else None, Placement(bpy.data.scenes[0]))
    _save(output)


def _save(output: Path) -> None:
    """Save the open file under a temporary name, then rename it."""
    try:
        with tempfile.TemporaryDirectory(prefix=".lift-pose-", dir=output.resolve().parent) as folder:
            temporary = Path(folder) / output.name
            bpy.ops.wm.save_as_mainfile(
                filepath=str(temporary),
                copy=True,
                check_existing=False,
                relative_remap=False,  # paths relative to the temporary folder would lead astray
            )
            os.replace(temporary, output)  # noqa: PTH105
    except (OSError, RuntimeError) as error:
        raise LiftPoseError(
            f"{output} cannot be written: {error}.", "Choose a folder that can be written to and has room."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
