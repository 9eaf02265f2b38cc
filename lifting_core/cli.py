"""The command line: `lift-pose INPUT [INPUT ...] -o OUT`, `lift-pose retarget` and `lift-pose batch`."""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from lifting_core import __version__
from lifting_core.detection import DETECTORS
from lifting_core.outputs import BLENDER_FORMATS, FORMATS, Task, plan
from lifting_core.settings import LiftSettings, PersonChoice
from lifting_core.terminal import BAD_INPUT, DONE, FAILED, Bars, Report, own_stderr

if TYPE_CHECKING:
    from lifting_core.export import Blender
    from lifting_core.motion.motion import Motion
    from lifting_core.progress import Progress

_EPILOG = """\
OUT is a file ending in .npz (Motion file), .bvh, .blend, .fbx or .glb. For several inputs it is a folder, in
which files are named after the inputs and --format says their kind, or has {name} in it, as in
"out/{name}.bvh". -o may be given more than once. --preview takes a file, a folder or {name} in the same way.
Missing folders are made.
Exit codes: 0 done, 1 a failure, 2 the input or the options are at fault, 130 cancelled with Ctrl-C. With
several inputs a failure does not stop the rest; the code is 1 if anything failed, else 2 if an input was bad.

lift-pose retarget MOTION.npz RIG.blend -o OUT.blend puts a Motion file on your own rig, and lift-pose batch
JOBS lifts many clips, several at once; see their --help.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["batch"]:
        from lifting_core.batch import command

        with _stop_signals() as received:
            return command.main(given[1:], received)
    if given[:1] == ["retarget"]:
        from lifting_core import retargeting

        with _stop_signals():
            return retargeting.main(given[1:])
    options = _parser().parse_args(given)
    with own_stderr(options.verbose) as stderr, _stop_signals() as received:
        report = Report(stderr, options.json, options.verbose)
        try:
            return _run(options, report, received)
        except (Exception, KeyboardInterrupt) as error:
            if not received:
                return report.failed(None, error)
            report.failed(None, KeyboardInterrupt())
            return 128 + received[0]


def _run(options: argparse.Namespace, report: Report, received: Sequence[int]) -> int:
    """Do every task, whatever becomes of the others, and return the exit code of them all."""
    settings = _settings(options)
    tasks = plan(options.input, options.output, options.preview, f".{options.format}", options.overwrite)
    blender = _blender(tasks, options.blender)
    from lifting_core.pipeline import Pipeline

    pipeline = Pipeline()
    codes = []
    for task in tasks:
        began = time.monotonic()
        try:
            with Bars(report.stderr) as bars:
                lifted = pipeline.lift(task.input, settings, bars)
                _write(task, lifted.motion, settings, blender, bars)
            codes.append(report.done(task, lifted, time.monotonic() - began))
        except Exception as error:
            if received:
                raise KeyboardInterrupt from error
            codes.append(report.failed(task, error))
    return next(code for code in (FAILED, BAD_INPUT, DONE) if code in codes)


def _write(
    task: Task, motion: Motion, settings: LiftSettings, blender: Blender | None, progress: Progress
) -> None:
    """Write all files of a task."""
    from lifting_core.export import write
    from lifting_core.media import open_media
    from lifting_core.preview.video import write_preview

    for file in task.files:
        progress("writing", 0, None)
        file.parent.mkdir(parents=True, exist_ok=True)
        if file == task.preview:
            media = open_media(task.input, settings.start, settings.end, settings.step)
            write_preview(motion, media, file, progress)
        else:
            write(motion, file, task.input, blender)


def _blender(tasks: Sequence[Task], executable: Path | None) -> Blender | None:
    """Blender, where a task needs it: better missed now than after the work."""
    suffixes = {file.suffix.lower() for task in tasks for file in task.files}
    if executable is None and suffixes.isdisjoint(BLENDER_FORMATS):
        return None
    from lifting_core.export import Blender

    return Blender.find(executable)


@contextmanager
def _stop_signals() -> Iterator[Sequence[int]]:
    """Unwind on SIGTERM as on Ctrl-C, so that nothing half-written is left; gives the signals received.

    Native libraries make other errors of a KeyboardInterrupt that reaches them, so these are worth a look.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _settings(options: argparse.Namespace) -> LiftSettings:
    """The options that are settings bear the settings' names."""
    names = [field.name for field in dataclasses.fields(LiftSettings)]
    return LiftSettings(**{name: getattr(options, name) for name in names})


def _person(text: str) -> PersonChoice:
    """largest, INDEX or X,Y."""
    if text == "largest":
        return "largest"
    numbers = text.split(",")
    if len(numbers) == 1:
        return int(text)
    x, y = map(float, numbers)
    return x, y


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lift-pose",
        description="Turn photos and videos of a person into 3D motion.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = LiftSettings()
    parser.add_argument(
        "input", nargs="+", type=Path, help='photo, video, folder of pictures, or pattern ("shot_%%04d.png")'
    )
    add = parser.add_argument_group("output").add_argument
    add(
        "-o",
        "--output",
        metavar="OUT",
        action="append",
        required=True,
        help="file, folder, or {name} pattern",
    )
    add("--format", choices=[suffix[1:] for suffix in FORMATS], default="npz", help="of files in a folder")
    add("--preview", metavar="OUT.mp4", help="video of the clip with the skeleton, beside the turning motion")
    add("--overwrite", action="store_true", help="replace files that exist")
    add("--json", action="store_true", help="one JSON object an input on stdout: the result, or the error")
    add(
        "--blender",
        metavar="PATH",
        type=Path,
        help="Blender to write .blend, .fbx and .glb with, instead of bpy or the PATH's",
    )
    add("-v", "--verbose", action="store_true", help="log everything, tracebacks too")
    add("--version", action="version", version=f"lift-pose {__version__}")
    add = parser.add_argument_group("what to lift").add_argument
    add(
        "--person",
        type=_person,
        default=default.person,
        metavar="WHO",
        help="largest (default), a number from 0 in order of appearance and from the left, or X,Y",
    )
    add("--start", type=int, default=default.start, metavar="FRAME", help="first frame (0)")
    add("--end", type=int, metavar="FRAME", help="last frame, inclusive (the clip's last)")
    add("--step", type=int, default=default.step, metavar="FRAMES", help="every so many frames (1)")
    add = parser.add_argument_group("how").add_argument
    add("--device", default=default.device, help="auto (default), cpu, cuda or mps")
    add(
        "--fov",
        type=float,
        metavar="DEGREES",
        help="field of view along the longer side (from EXIF or lines, else 60)",
    )
    add("--smoothing", type=float, default=default.smoothing, metavar="0..1", help="strength (0.5)")
    add("--height", type=float, metavar="METRES", help="the person's height, which sets the scale (1.70)")
    add("--detector", default=default.detector, help=f"what finds people: {', '.join(DETECTORS)} (mediapipe)")
    add("--detector-weights", type=Path, metavar="FILE", help="weights, model or keypoints for the detector")
    add(
        "--detector-boxes",
        default=default.detector_boxes,
        metavar="WHO",
        help="where people are: mediapipe (default), centre, or a JSON file of boxes; for hourglass and onnx",
    )
    add("--weights", type=Path, metavar="FILE", help="weights of the lifter (those that ship)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
