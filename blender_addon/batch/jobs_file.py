"""Writes a jobs file (docs/batch.md) about a folder of clips."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import LiftPoseError

_NAME = "lift_pose.toml"


@dataclass(frozen=True)
class FolderJob:
    """The same for all clips of a folder."""

    clips: Path
    output: Path
    suffix: str
    rig: Path | None
    """The .blend with the rig; None for new armatures."""
    everybody: bool
    settings: Mapping[str, Any]
    """Of the engine, as in the protocol; what is None is left to it."""
    retarget: Mapping[str, Any]
    """Options of `lift-pose retarget` by name."""


def write_jobs(job: FolderJob) -> Path:
    """Write the jobs file into the output folder. Raises LiftPoseError when it cannot be written."""
    settings = {name: value for name, value in job.settings.items() if value is not None}
    person = settings.pop("person", "largest")
    name = "{name}_{person}" if job.everybody else "{name}"
    values: dict[str, Any] = {
        "input": str(job.clips),
        "output": str(job.output / f"{name}{job.suffix}"),
        "person": "all" if job.everybody else person,
    }
    tables = {"settings": settings}
    if job.rig is not None:
        values["rig"] = str(job.rig)
        tables["retarget"] = dict(job.retarget)
    lines = ["# Written by Lift Pose's panel in Blender.", "[[job]]", *_lines(values)]
    for table, content in tables.items():
        lines += [f"[job.{table}]", *_lines(content)]
    path = job.output / _NAME
    temporary = path.with_name(f".{_NAME}.{os.getpid()}")
    try:
        job.output.mkdir(parents=True, exist_ok=True)
        temporary.write_text("\n".join(lines) + "\n", "utf-8")
        temporary.replace(path)
    except OSError as error:
        raise LiftPoseError(
            f"{path} cannot be written: {error.strerror or error}.", "Choose another output folder."
        ) from error
    return path


def _lines(values: Mapping[str, Any]) -> list[str]:
    """Texts, numbers, truth and lists are the same in JSON and TOML, but for JSON's pairs of surrogates."""
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
