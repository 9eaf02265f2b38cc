"""From Motion files to a .blend without a window.

Three ways to run it: `blender -b --command lift_pose MOTION.npz OUT.blend` where the add-on is enabled,
`blender -b --python .../command.py -- MOTION.npz OUT.blend`, and `python -m blender_addon.command MOTION.npz
OUT.blend` where Python has the bpy module. `retarget MOTION.npz RIG.blend -o OUT.blend` in the place of these
arguments puts a motion on a rig, and `batch JOBS` lifts many clips. Exit codes: 0, 2 for bad input, 1 for any
other failure.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import bpy

if not __package__:  # run as a script: come back as a part of the package
    _folder = Path(__file__).resolve().parent
    sys.path.insert(0, str(_folder.parent))
    sys.exit(importlib.import_module(f"{_folder.name}.command").main())

from . import retarget_command as retargeting
from .batch import command as batch
from .building.build import Placement, build
from .errors import InvalidInput, LiftPoseError
from .motion_file import read_motion
from .parent import end_with_parent
from .saving import check_output, save

NAME = "lift_pose"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a .blend as the arguments say (after `--` inside Blender). Returns the exit code."""
    if arguments is None:
        arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    arguments = list(arguments)
    end_with_parent()
    if arguments[:1] == [batch.NAME]:
        return _batch(arguments[1:])
    retargets = arguments[:1] == [retargeting.NAME]
    parser, run = (retargeting.parser(), retargeting.run) if retargets else (_parser(), _write)
    try:
        options = parser.parse_args(arguments[1:] if retargets else arguments)
    except SystemExit as error:  # Blender's own --command must come back
        return 2 if error.code else 0
    try:
        run(options)
    except LiftPoseError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, InvalidInput) else 1
    return 0


def _batch(arguments: Sequence[str]) -> int:
    try:
        return batch.run(arguments)
    except LiftPoseError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        NAME, description="Turn Motion files into animated armatures in a .blend."
    )
    parser.add_argument("motions", metavar="MOTION.npz", nargs="+", type=Path, help="one armature each")
    parser.add_argument("output", metavar="OUT", type=Path, help=".blend, .fbx or .glb")
    parser.add_argument("--media", type=Path, help="the clip of the motions, shown behind them")
    return parser


def _write(options: argparse.Namespace) -> None:
    """Raises InvalidInput on bad input and LiftPoseError when the file cannot be written."""
    media = options.media
    check_output(options.output)
    if media is not None and not media.exists():
        raise InvalidInput(f"{media} does not exist.", "Name the clip that the motion was lifted from.")
    read = [read_motion(path) for path in options.motions]
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    shown = media.resolve() if media else None
    made = [build(motion, shown, Placement(bpy.data.scenes[0])).armature for motion in read]
    save(options.output, made, relative_remap=False)  # the clip's path is true already


def _leave(code: int) -> NoReturn:
    """End without Blender's own end, in which the bpy module of 4.2 crashes after it has written a .glb."""
    own = Path(bpy.app.tempdir)
    if own.name.startswith("blender_"):  # else it is everybody's
        shutil.rmtree(own, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main())
