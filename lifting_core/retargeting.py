"""The command line: `lift-pose retarget MOTION.npz RIG.blend -o OUT`. Blender does the work."""

from __future__ import annotations

import argparse
import io
import math
import os
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from lifting_core.errors import InvalidInput
from lifting_core.export import Blender
from lifting_core.files import check_writable
from lifting_core.outputs import BLENDER_FORMATS
from lifting_core.terminal import DONE, Report, own_stderr

_EPILOG = (
    "Exit codes: 0 done, 1 a failure, 2 the input or the options are at fault, 130 cancelled with Ctrl-C."
)


def main(arguments: Sequence[str]) -> int:
    """Run the command, given what comes after its name, and return its exit code."""
    options = _parser().parse_args(arguments)
    with own_stderr(options.verbose) as stderr:
        report = Report(stderr, as_json=False, verbose=options.verbose)
        try:
            _check(options)
            _retarget(options)
        except (Exception, KeyboardInterrupt) as error:
            return report.failed(None, error)
    return DONE


def check_options(options: Sequence[str]) -> None:
    """Raises InvalidInput when the command does not know one of `options`, or it names a file."""
    said = io.StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(said):
            known = _parser().parse_args(["m.npz", "r.blend", "-o", "o.blend", *options])
    except SystemExit as error:
        reason = said.getvalue().strip().splitlines()[-1].rpartition("error: ")[2]
        raise InvalidInput(
            f"Retargeting is asked what it cannot do: {reason}.", "See lift-pose retarget --help."
        ) from error
    if known.object or known.map or known.blender or known.overwrite or str(known.output) != "o.blend":
        raise InvalidInput("A choice of files is no option of retargeting.", "Say it beside the rig.")


def _check(options: argparse.Namespace) -> None:
    """Raises InvalidInput when a file is missing, or the output cannot be written or would replace one."""
    for path in (options.motion, options.rig, options.map):
        if path is not None and not path.is_file():
            raise InvalidInput(f"{path} does not exist.", "Name a file that does.")
    output = options.output
    if output.suffix.lower() not in BLENDER_FORMATS:
        raise InvalidInput(
            f"{output} cannot be written: its kind is unknown.", f"End it in {', '.join(BLENDER_FORMATS)}."
        )
    if os.path.realpath(output) == os.path.realpath(options.rig):
        raise InvalidInput(f"{output} would be written over the rig.", "Choose another name.")
    if not 0 <= options.joint_error < math.inf:
        raise InvalidInput(f"A joint error of {options.joint_error} is no distance.", "Say 0.005 for 5 mm.")
    if options.keep_going and options.destination != "append":
        raise InvalidInput("Only an appended motion can keep going.", "Add --destination append.")
    if output.exists() and not options.overwrite:
        raise InvalidInput(f"{output} exists already.", "Choose another name, or add --overwrite.")
    check_writable(output)


def _retarget(options: argparse.Namespace) -> None:
    chosen: list[str] = ["--root", options.root, "--feet", options.feet]
    chosen += ["--joint-error", str(options.joint_error), "--destination", options.destination]
    named = {"--object": options.object, "--map": options.map, "--frame": options.frame}
    for option, value in named.items():
        if value is not None:
            chosen += [option, str(value)]
    flags = {
        "--in-place": options.in_place,
        "--ik": options.ik,
        "--keep-going": options.keep_going,
        "--pose-asset": options.pose_asset,
    }
    chosen += [flag for flag, on in flags.items() if on]
    Blender.find(options.blender).retarget(options.motion, options.rig, options.output, chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lift-pose retarget",
        description="Put a Motion file on a rig of a .blend, in an Action of its own.",
        epilog=_EPILOG,
    )
    add = parser.add_argument
    add("motion", metavar="MOTION.npz", type=Path)
    add("rig", metavar="RIG.blend", type=Path, help="the file with the rig; it is left as it is")
    add(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        required=True,
        help="a copy of it, animated: .blend, .fbx, .glb",
    )
    add("--object", metavar="NAME", help="the armature, where the file has several")
    add("--map", metavar="MAP.json", type=Path, help="its bone map, instead of recognising the rig")
    add(
        "--root", choices=["hips", "bone", "object"], default="hips", help="what moves along the floor (hips)"
    )
    add("--in-place", action="store_true", help="nothing moves along the floor")
    add("--ik", action="store_true", help="key IK controls and poles too, and switch the limbs to them")
    add(
        "--feet",
        choices=["off", "automatic", "always", "floor"],
        default="automatic",
        help="stand still in their contacts, or all the time, or only do not sink, or neither (automatic)",
    )
    add(
        "--joint-error",
        metavar="METRES",
        type=float,
        default=0.0,
        help="smooth curves with few keys that keep every joint so near; 0 for a key a frame (0)",
    )
    add(
        "--destination",
        choices=["action", "strip", "append"],
        default="action",
        help="a new Action, a strip in a new NLA track, or on from the file's current frame (action)",
    )
    add("--keep-going", action="store_true", help="append where the rig stands, and facing as it does")
    add(
        "--frame",
        metavar="N",
        type=int,
        help="pose the rig as in this frame of the clip, keyed at the file's current frame, as photos are",
    )
    add("--pose-asset", action="store_true", help="keep the pose of a photo or a frame as an asset too")
    add("--overwrite", action="store_true", help="replace OUT")
    add("--blender", metavar="PATH", type=Path, help="Blender to use, instead of bpy or the PATH's")
    add("-v", "--verbose", action="store_true", help="log everything, tracebacks too")
    return parser
