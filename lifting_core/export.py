"""The files that a Motion can become: a Motion file, a BVH, or one made by Blender."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.files import written_whole
from lifting_core.motion.bvh import write_bvh
from lifting_core.motion.motion import Motion
from lifting_core.parent import ENDS_WITH_STDIN

_BAD_INPUT = 2  # the exit code of the add-on's command

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Blender:
    """The command line that runs the add-on's `command.py` in Blender's Python."""

    command: tuple[str, ...]

    @classmethod
    def find(cls, executable: Path | None = None) -> Blender:
        """`executable` if given, else this Python if it has the bpy module, else `blender` on the PATH.

        Raises InvalidInput when `executable` cannot be run, LiftPoseError when there is no Blender.
        """
        script = _addon_folder() / "command.py"
        if executable is None and importlib.util.find_spec("bpy") is not None:
            return cls((sys.executable, "-m", "blender_addon.command"))
        found = shutil.which(executable or "blender")
        if found is not None:
            return cls((found, "--background", "--python-exit-code", "1", "--python", str(script), "--"))
        if executable is not None:
            raise InvalidInput(f"{executable} cannot be run.", "Name the Blender executable.")
        raise LiftPoseError(
            "A .blend, .fbx or .glb needs Blender, and neither Blender nor the bpy module was found.",
            "Name Blender's executable with --blender, or write .npz or .bvh.",
        )

    def write(self, motion: Motion, path: Path, clip: Path) -> None:
        """Write the animated armature; a .blend has its camera and `clip` as the background too.

        Raises LiftPoseError when Blender fails or the file cannot be written.
        """
        with tempfile.TemporaryDirectory() as folder, written_whole(path) as temporary:
            motion_file = Path(folder) / "motion.npz"
            motion.save(motion_file)
            temporary.unlink()  # Blender would keep the empty file as a backup
            self._run(path, str(motion_file), str(temporary), "--media", str(clip.resolve()))
            if not temporary.exists():
                raise LiftPoseError(f"Blender wrote no {path}.", "Run with -v to see its log.")

    def retarget(self, motion_file: Path, rig: Path, path: Path, options: Sequence[str]) -> None:
        """Write a copy of the .blend `rig` in which its rig has the motion of a file, or that rig alone.

        `options` are those of the add-on's own `retarget`. Raises InvalidInput when the motion, the rig or
        its bone map is at fault, LiftPoseError when Blender fails or the file cannot be written.
        """
        with written_whole(path) as temporary:
            temporary.unlink()  # Blender would keep the empty file as a backup
            self._run(path, "retarget", str(motion_file), str(rig), "-o", str(temporary), *options)
            if not temporary.exists():
                raise LiftPoseError(f"Blender wrote no {path}.", "Run with -v to see its log.")

    def _run(self, path: Path, *arguments: str) -> None:
        python_path = os.pathsep.join([str(_addon_folder().parent), os.environ.get("PYTHONPATH", "")])
        with _lasting_stdin() as stdin:
            done = subprocess.run(
                [*self.command, *arguments],
                env=os.environ | {"PYTHONPATH": python_path.rstrip(os.pathsep), ENDS_WITH_STDIN: "1"},
                stdin=stdin,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        _log.debug("%s\n%s", done.stdout, done.stderr)
        if done.returncode != 0:
            said = [f"exit code {done.returncode}", *done.stdout.split("\n"), *done.stderr.split("\n")]
            last = next(line.strip() for line in reversed(said) if line.strip())
            if done.returncode == _BAD_INPUT:
                raise InvalidInput(last)
            raise LiftPoseError(f"Blender could not write {path}: {last}", "Run with -v to see its log.")


def write(motion: Motion, path: Path, clip: Path, blender: Blender | None) -> None:
    """Write the motion of `clip` as one of `outputs.FORMATS`, whole or not at all.

    `blender` is looked for when it is None and needed. Raises LiftPoseError when the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        motion.save(path)
    elif suffix == ".bvh":
        write_bvh(motion, path)
    else:
        (blender or Blender.find()).write(motion, path, clip)


@contextmanager
def _lasting_stdin() -> Iterator[int]:
    """A pipe that closes when this process ends, even when it is killed; so nothing that it started stays."""
    reader, writer = os.pipe()
    try:
        yield reader
    finally:
        os.close(reader)
        os.close(writer)


def _addon_folder() -> Path:
    """The folder of the Blender add-on, which is found but never imported."""
    spec = importlib.util.find_spec("blender_addon")
    if spec is None or not spec.submodule_search_locations:
        raise LiftPoseError("The Blender add-on of Lift Pose is not installed.", "Install Lift Pose again.")
    return Path(spec.submodule_search_locations[0])
