"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lifting_core.errors import InvalidInput, LiftPoseError

_PREFIX = ".lift-pose-partial-"
_mark = ""  # part of the names of what this process is writing now
_LEFTOVER_AGE = 3600.0  # seconds; whoever still writes a file touches it more often than that
_partial: set[Path] = set()  # what this process is writing now


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file to write in place of `path`; it takes that name when the block succeeds.

    The temporary file lies in the same folder, has the same suffix, and is gone after a failure; what stood
    at `path` before is replaced only by a whole file. Only a process that is killed leaves it behind: hidden,
    named as partial, and removed by the next use of the folder once it is an hour old.
    Raises LiftPoseError when writing fails (OSError).
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    temporary = None
    try:
        _remove_leftovers(target.parent)
        temporary = _new_partial(target)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise LiftPoseError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Choose a folder that can be written to and has room.",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
            _partial.discard(temporary)


@contextmanager
def marked(mark: str) -> Iterator[None]:
    """Temporary files of the block have `mark` in their names, for `remove_marked` after a kill."""
    global _mark
    before, _mark = _mark, f"{mark}-"
    try:
        yield
    finally:
        _mark = before


def remove_marked(folder: Path, mark: str) -> None:
    """Remove temporary files with a mark, which nobody writes any more; Blender adds to their names."""
    for leftover in folder.glob(f".lift-pose-*{mark}-*"):
        with suppress(OSError):
            leftover.unlink()


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out before the long work whether `path` can be written; what stands there is left alone.

    Raises InvalidInput when it is a folder, or lies in one that is missing or cannot be written to.
    """
    target = Path(path)
    if target.is_dir():
        raise InvalidInput(f"{target} is a folder.", "Name a file to write.")
    if not target.parent.exists():
        raise InvalidInput(f"The folder {target.parent} does not exist.", "Create it or choose another.")
    try:
        probe = _new_partial(Path(os.path.realpath(target)))
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInput(f"{target} cannot be written: {reason}.", "Choose another folder.") from error
    probe.unlink(missing_ok=True)
    _partial.discard(probe)


def remove_partial() -> None:
    """Remove what this process is writing, for an end that leaves no time to unwind."""
    for temporary in tuple(_partial):
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _new_partial(target: Path) -> Path:
    """An empty file beside `target`, with the permissions that the umask gives to any new file."""
    path = target.with_name(f"{_PREFIX}{_mark}{secrets.token_hex(6)}{target.suffix}")
    path.touch(exist_ok=False)
    _partial.add(path)
    return path


def _remove_leftovers(folder: Path) -> None:
    for leftover in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _LEFTOVER_AGE:
                leftover.unlink()
