"""Reads jobs files, TOML or CSV: what is to be made of which clips (docs/batch.md)."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.outputs import BLENDER_FORMATS, FORMATS
from lifting_core.retargeting import check_options
from lifting_core.settings import LiftSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EVERYBODY = "all"
_TABLES = ("settings", "retarget")
_KEYS = ("input", "output", "person", "rig", "object", "map", "cpus", "gpus", "memory", *_TABLES)
_SEPARATOR = ";"  # between the values of a list in a CSV cell


@dataclass(frozen=True)
class Resources:
    """What one task needs of a machine. Raises InvalidInput on values that cannot be meant."""

    cpus: float = 1.0
    gpus: float = 0.0
    memory: float = 2.0
    """GiB."""

    def __post_init__(self) -> None:
        for name, least in (("cpus", 0.1), ("gpus", 0.0), ("memory", 0.1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= 1e4:
                raise InvalidInput(f"{name} cannot be {value!r}.", f"Give a number from {least:g}.")


@dataclass(frozen=True)
class Job:
    """What is to be made of some clips; paths are as in the file, relative to its folder."""

    inputs: tuple[str, ...]
    """Clips, folders and globs."""
    outputs: tuple[str, ...]
    """Files, with {name}, {folder} and {person} in them."""
    settings: LiftSettings = field(default_factory=LiftSettings)
    everybody: bool = False
    """Whether all people are lifted, each to files of their own; `settings.person` is then ignored."""
    rigs: tuple[str, ...] = ()
    """The first person's, the second's and so on; the last one is for everybody beyond."""
    objects: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    retarget: tuple[str, ...] = ()
    """Options of `lift-pose retarget`."""
    resources: Resources = field(default_factory=Resources)


def read_jobs(path: Path) -> list[Job]:
    """The jobs of a .toml or .csv file, at least one.

    Raises InvalidInput, naming the file and the job or line, when it cannot be read or what it says cannot
    be meant.
    """
    readers = {".toml": _read_toml, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InvalidInput(f"{path} is no jobs file.", "Name a file that ends in .toml or .csv.")
    try:
        jobs = [_job(where, values) for where, values in reader(path)]
    except FileNotFoundError as error:
        raise InvalidInput(f"{path} does not exist.", "Name a jobs file, .toml or .csv.") from error
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not text in UTF-8.", "Save it as UTF-8.") from error
    if not jobs:
        raise InvalidInput(f"{path} has no jobs.", "Add [[job]] tables, or rows below the headings.")
    return jobs


def _read_toml(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each job stands, and its values over the defaults."""
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path} is not TOML: {error}.", "See docs/batch.md for an example.") from error
    defaults, jobs = content.pop("defaults", {}), content.pop("job", [])
    if content:
        raise InvalidInput(
            f"{path} has no use for {', '.join(content)}.",
            "It has one [defaults] and a [[job]] for each job.",
        )
    if not isinstance(jobs, list):
        raise InvalidInput(f"{path} has a [job] that is no list.", "Write [[job]], in two pairs of brackets.")
    if not all(isinstance(table, dict) for table in (defaults, *jobs)):
        raise InvalidInput(
            f"{path} has jobs or defaults that are no tables.", "Write [defaults] and [[job]]."
        )
    for number, values in enumerate(jobs, start=1):
        yield f"{path}, job {number}", _over(defaults, values)


def _over(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **values}
    for name in _TABLES:
        if isinstance(defaults.get(name), dict) and isinstance(values.get(name), dict):
            merged[name] = {**defaults[name], **values[name]}
    return merged


def _read_csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each row stands, and its values; empty cells are left out."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            headings = [heading.strip() for heading in next(reader, [])]
            for cells in reader:
                where = f"{path}, line {reader.line_num}"
                if len(cells) > len(headings):
                    raise InvalidInput(
                        f"{where} has {len(cells)} cells under {len(headings)} headings.",
                        'Put cells with commas into quotes, "like, this".',
                    )
                row = {name: cell.strip() for name, cell in zip(headings, cells, strict=False)}
                if any(row.values()):
                    yield where, _nested({name: _value(name, cell) for name, cell in row.items() if cell})
        except csv.Error as error:
            raise InvalidInput(f"{path}, line {reader.line_num} is not CSV: {error}.", "Quote it.") from error


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    """Columns like settings.smoothing make the table `settings`."""
    nested: dict[str, Any] = {}
    for name, value in row.items():
        table, dot, key = name.partition(".")
        if dot and table in _TABLES:
            nested.setdefault(table, {})[key] = value
        else:
            nested[name] = value
    return nested


def _value(name: str, cell: str) -> Any:
    """A cell as TOML would have it: lists where there are separators, numbers and truth as such."""
    if name in ("input", "output", "rig", "object", "map"):
        return [part.strip() for part in cell.split(_SEPARATOR)]
    if _SEPARATOR in cell:
        return [_value("", part.strip()) for part in cell.split(_SEPARATOR)]
    if cell.lower() in ("true", "false"):
        return cell.lower() == "true"
    for number in (int, float):
        try:
            return number(cell)
        except ValueError:
            continue
    return cell


def _job(where: str, values: Mapping[str, Any]) -> Job:
    try:
        unknown = sorted(set(values) - set(_KEYS))
        if unknown:
            raise InvalidInput(f"Nothing is called {', '.join(unknown)}.", f"There are {', '.join(_KEYS)}.")
        return _checked(
            Job(
                inputs=_texts(values, "input", required=True),
                outputs=_texts(values, "output", required=True),
                settings=_settings(values),
                everybody=values.get("person") == EVERYBODY,
                rigs=_texts(values, "rig"),
                objects=_texts(values, "object"),
                maps=_texts(values, "map"),
                retarget=tuple(_options(_table(values, "retarget"))),
                resources=Resources(**{k: values[k] for k in ("cpus", "gpus", "memory") if k in values}),
            )
        )
    except LiftPoseError as error:
        raise InvalidInput(f"{where}: {error.message}", error.advice) from error


def _checked(job: Job) -> Job:
    """Raises InvalidInput when the parts of a job contradict each other."""
    kinds = {Path(output).suffix.lower() for output in job.outputs}
    if not kinds <= set(FORMATS):
        raise InvalidInput(
            f"The output {next(o for o in job.outputs if Path(o).suffix.lower() not in FORMATS)} cannot be "
            "written: its kind is unknown.",
            f"End it in {', '.join(FORMATS)}.",
        )
    if job.everybody and not all("{person}" in output for output in job.outputs):
        raise InvalidInput("All people would get the same file.", "Put {person} in the name of each output.")
    if (job.objects or job.maps or job.retarget) and not job.rigs:
        raise InvalidInput("There are choices about a rig, but no rig.", "Name one: rig = a .blend.")
    if job.rigs and kinds.isdisjoint(BLENDER_FORMATS):
        raise InvalidInput("The rig is used by no output.", f"Add one in {', '.join(BLENDER_FORMATS)}.")
    check_options(job.retarget)
    return job


def _texts(values: Mapping[str, Any], key: str, required: bool = False) -> tuple[str, ...]:
    value = values.get(key, [])
    texts = [value] if isinstance(value, str) else value
    good = isinstance(texts, list) and all(isinstance(t, str) and t and "\0" not in t for t in texts)
    if not good or (required and not texts):
        said = f"The {key} cannot be {value!r}." if key in values else f"The {key} is missing."
        raise InvalidInput(said, f"Give {key} a text, or a list of texts.")
    return tuple(texts)


def _table(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    table = values.get(key, {})
    if not isinstance(table, dict):
        raise InvalidInput(f"The {key} cannot be {table!r}.", f"Make {key} a table of names and values.")
    return table


def _settings(values: Mapping[str, Any]) -> LiftSettings:
    chosen = dict(_table(values, "settings"))
    person = values.get("person", LiftSettings.person)
    if "person" in chosen:
        raise InvalidInput("The person is no setting.", "Say person = beside input and output.")
    return LiftSettings.from_dict({**chosen, **({} if person == EVERYBODY else {"person": person})})


def _options(table: Mapping[str, Any]) -> Iterator[str]:
    """The command line for a table: in_place = true is --in-place, root = "bone" is --root=bone."""
    for name, value in table.items():
        option = f"--{name.replace('_', '-')}"
        for each in value if isinstance(value, list) else [value]:
            if each is True:
                yield option
            elif each is not False:
                yield f"{option}={each}"
