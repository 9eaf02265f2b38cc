"""From jobs to tasks: one for each clip, with a fingerprint of everything that its result depends on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import lifting_core
from lifting_core.batch.jobs import Job, read_jobs
from lifting_core.detection.boxes import BOX_SOURCES
from lifting_core.detection.onnx.description import read_description
from lifting_core.errors import InvalidInput
from lifting_core.media.pictures import files_in, files_matching, is_pattern
from lifting_core.outputs import name_of
from lifting_core.settings import LiftSettings

_VIDEOS = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".wmv", ".flv"}
_PERSON = "{person}"
_CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class Task:
    """One clip and the files to make of it. Can be sent to another process, or another machine."""

    id: str
    """Of 16 hexadecimal digits; says which files are made, not how."""
    fingerprint: str
    """Of the contents of clip, rigs, maps and weights, the choices, and the version of the engine."""
    folder: Path
    """The batch's own, for what is kept about its tasks."""
    input: Path
    outputs: tuple[Path, ...]
    """With {person} in them where all people are lifted."""
    job: Job
    """Paths in it are absolute."""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.input.name

    def files(self, person: int) -> tuple[Path, ...]:
        """What is made of somebody, counted in order of appearance."""
        return tuple(Path(str(output).replace(_PERSON, str(person))) for output in self.outputs)


def folder_of(jobs_file: Path) -> Path:
    """Where a batch keeps its records and its report: beside the jobs file."""
    return jobs_file.absolute().with_name(f"{jobs_file.stem}_batch")


def plan(jobs_file: Path) -> list[Task]:
    """The tasks of a jobs file, in its order, each with files of its own.

    Raises InvalidInput when the jobs cannot be meant, a glob matches nothing, a rig or map is missing, or a
    file would be written twice or over an input. Clips themselves are not looked into.
    """
    root, folder = jobs_file.absolute().parent, folder_of(jobs_file)
    tasks: list[Task] = []
    for job in (_absolute(job, root) for job in read_jobs(jobs_file)):
        shared = _digests_of(job)
        tasks += [_task(clip, job, shared, root, folder) for each in job.inputs for clip in clips(each)]
    _check_apart(tasks)
    return tasks


def clips(pattern: str) -> Iterator[Path]:
    """The clips that one `input` means, in order.

    A folder means the videos in it, or the sequence of its pictures where there is no video; a glob means all
    that it matches; anything else is one clip, even one that does not exist. Raises InvalidInput when a glob
    matches nothing.
    """
    path = Path(pattern)
    if has_magic(pattern) and not path.exists():
        found = sorted(map(Path, glob(pattern, recursive=True)))  # noqa: PTH207 - it may be absolute
        if not found:
            raise InvalidInput(f"Nothing matches {pattern}.", "Check the input of the job.")
    else:
        found = [path]
    for each in found:
        yield from (_videos_in(each) or [each]) if each.is_dir() else [each]


def _videos_in(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in _VIDEOS and not p.name.startswith("."))


def _absolute(job: Job, root: Path) -> Job:
    """The job with paths that hold wherever a task is done. Raises InvalidInput when a file is missing."""

    def placed(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(os.path.normpath(root / name) for name in names)

    read = {name: type(file)(root / file) for name, file in _read_by(job.settings).items()}
    settings = dataclasses.replace(job.settings, **read)
    made = dataclasses.replace(
        job,
        inputs=placed(job.inputs),
        outputs=placed(job.outputs),
        rigs=placed(job.rigs),
        maps=placed(job.maps),
        settings=settings,
    )
    for file in [*made.rigs, *made.maps, *read.values()]:
        if not Path(file).exists():
            raise InvalidInput(f"{file} does not exist.", "Correct it in the jobs file.")
    return made


def _task(clip: Path, job: Job, shared: _Digests, root: Path, folder: Path) -> Task:
    filled = {"{name}": name_of(clip), "{folder}": clip.parent.name}
    outputs = []
    for output in job.outputs:
        for placeholder, text in filled.items():
            output = output.replace(placeholder, text)
        outputs.append(Path(output))
    places = [_relative(output, root) for output in outputs]
    return Task(
        id=hashlib.blake2b(json.dumps(places).encode(), digest_size=8).hexdigest(),
        fingerprint=_fingerprint(clip, job, shared, places),
        folder=folder,
        input=clip,
        outputs=tuple(outputs),
        job=job,
    )


def _relative(path: Path, root: Path) -> str:
    """So that a batch may be moved as a whole."""
    try:
        return Path(os.path.relpath(path, root)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def _fingerprint(clip: Path, job: Job, shared: _Digests, places: Sequence[str]) -> str:
    """Touching or moving a file does not change it."""
    settings: dict[str, Any] = dataclasses.asdict(job.settings)
    for name in _read_by(job.settings):
        del settings[name]
    parts = [
        lifting_core.__version__,
        [_digest(Path(file)) for file in _files_of(clip)],
        *shared,
        settings,
        [job.everybody, job.objects, job.retarget, list(places)],
    ]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


_Digests = tuple[list[list[str]], dict[str, list[str]], str]
"""Of rigs and maps, of what the settings name, and of a detector's model."""


def _digests_of(job: Job) -> _Digests:
    """Of the files that all clips of a job share: rigs, weights and models are large."""
    return (
        [[_digest(Path(file)) for file in files] for files in (job.rigs, job.maps)],
        {
            name: [_digest(each) for each in _files_in(Path(file))]
            for name, file in _read_by(job.settings).items()
        },
        _digest_of_model(job.settings),
    )


def _read_by(settings: LiftSettings) -> dict[str, Any]:
    """Paths of what the engine reads besides the clip, by the name of the setting."""
    boxes = None if settings.detector_boxes in BOX_SOURCES else settings.detector_boxes
    named = {
        "weights": settings.weights,
        "detector_weights": settings.detector_weights,
        "detector_boxes": boxes,
    }
    return {name: file for name, file in named.items() if file is not None}


def _files_in(path: Path) -> list[Path]:
    """A file, or the files in a folder."""
    return sorted(path.iterdir()) if path.is_dir() else [path]


def _digest_of_model(settings: LiftSettings) -> str:
    """Of the ONNX model whose description the detector reads; empty where there is none."""
    if settings.detector != "onnx" or settings.detector_weights is None:
        return ""
    try:
        return _digest(read_description(settings.detector_weights).model)
    except InvalidInput:  # which is for the task to tell
        return ""


def _files_of(clip: Path) -> list[Path]:
    """The files that a clip is read from; the clip itself where that cannot be told."""
    try:
        if clip.is_dir():
            return files_in(clip)
        if not clip.exists() and is_pattern(clip.name):
            return files_matching(clip)
    except (InvalidInput, OSError):
        pass
    return [clip]


def _digest(file: Path) -> str:
    """Of the contents; empty when they cannot be read, which is for the task to tell."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()


def _check_apart(tasks: Sequence[Task]) -> None:
    """Raises InvalidInput when a file would be written twice, or over something that is read."""
    taken = {os.path.realpath(task.input) for task in tasks}
    taken |= {os.path.realpath(file) for task in tasks for file in (*task.job.rigs, *task.job.maps)}
    for task in tasks:
        for output in task.outputs:
            if os.path.realpath(output) in taken:
                raise InvalidInput(
                    f"{output} would be written twice or over an input.",
                    "Put {name}, or {folder} and {name}, in the output's name.",
                )
            taken.add(os.path.realpath(output))
