"""The command line: `lift-pose batch JOBS`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from lifting_core.parent import end_with_parent
from lifting_core.terminal import BAD_INPUT, DONE, FAILED, Report, own_stderr, own_stdout

_EPILOG = """\
JOBS says which clips become which files, on which rigs: docs/batch.md. What is done already and has not
changed is kept; what failed is tried again. The report, and what is known about each clip, are in the folder
JOBS_batch. Exit codes: 0 done, 1 a failure, 2 the jobs or clips are at fault, 130 cancelled with Ctrl-C. A
clip that fails does not stop the rest; the code is 1 if anything failed, else 2 if a clip was bad.
"""


def main(arguments: Sequence[str], received: Sequence[int]) -> int:
    """Run the command, given what comes after its name and the signals received; returns its exit code."""
    options = _parser().parse_args(arguments)
    end_with_parent()
    with own_stderr(options.verbose) as stderr:
        report = Report(stderr, options.json, options.verbose)
        try:
            return _run(options, stderr)
        except (Exception, KeyboardInterrupt) as error:
            code = FAILED
            with suppress(BrokenPipeError):  # who started it may be gone
                code = report.failed(None, KeyboardInterrupt() if received else error)
            return 128 + received[0] if received else code


def _run(options: argparse.Namespace, stderr: TextIO) -> int:
    from lifting_core.batch.running import Where, run_batch
    from lifting_core.batch.telling import JsonLines, Lines
    from lifting_core.batch.work import Choices

    choices, where = Choices(options.blender, options.again), Where(options.at_once, options.ray)
    with own_stdout() as stdout:
        teller = JsonLines(stdout) if options.json else Lines(stderr)
        errors = run_batch(options.jobs, choices, where, teller)
    if errors - {"input"}:
        return FAILED
    return BAD_INPUT if errors else DONE


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lift-pose batch",
        description="Lift many clips, several at once, and put them on rigs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("jobs", metavar="JOBS", type=Path, help="what is to be made of which clips, .toml or .csv")
    add(
        "--jobs",
        dest="at_once",
        metavar="N",
        type=_count,
        help="clips at once (as many as there are cores and memory for)",
    )
    add("--ray", metavar="ADDRESS", help="do it on a Ray cluster: auto, HOST:PORT or ray://HOST:PORT")
    add("--again", action="store_true", help="do everything anew, whatever is in the way of it")
    add("--json", action="store_true", help="tell what happens as JSON lines on stdout")
    add("--blender", metavar="PATH", type=Path, help="Blender to use, instead of bpy or the PATH's")
    add("-v", "--verbose", action="store_true", help="log everything, tracebacks too")
    return parser
