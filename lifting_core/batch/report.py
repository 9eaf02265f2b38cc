"""The report of a batch: report.html to look at, report.json for programs."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from lifting_core.batch.plan import Task
from lifting_core.batch.records import PersonRecord, Record, is_current, read_record, relative
from lifting_core.files import written_whole

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2129; background: #f6f7f9; margin: 2rem auto;
  max-width: 68rem; padding: 0 1rem }
article { background: #fff; border: 1px solid #dfe3e9; border-radius: 8px; padding: 1rem; margin: 1rem 0 }
h2 { font-size: 1.05rem; margin: 0 } h2 small { font-weight: normal; color: #667 }
img { max-width: 100%; border-radius: 6px; display: block; margin: .6rem 0 }
table { border-collapse: collapse } td, th { padding: .15rem .9rem .15rem 0; text-align: left }
.done { color: #1a7f4b } .failed { color: #b3261e } .missing, .changed { color: #8a6100 }
.warning { color: #8a6100 } code { font-size: .9em }
"""


@dataclasses.dataclass(frozen=True)
class _Entry:
    task: Task
    record: Record | None

    @property
    def state(self) -> str:
        """done, failed, changed (done, but not as it is asked for now) or missing."""
        if self.record is None or self.record.state == "writing":
            return "missing"
        if self.record.state == "failed":
            return "failed"
        return "done" if is_current(self.task, self.record) else "changed"

    @property
    def warnings(self) -> list[str]:
        people = () if self.record is None else self.record.people
        return [*(self.record.warnings if self.record else ()), *(w for p in people for w in p.warnings)]


def write_report(folder: Path, tasks: Sequence[Task]) -> Path:
    """Write both files about all tasks from their records; returns the HTML file.

    Raises LiftPoseError when they cannot be written.
    """
    entries = [_Entry(task, read_record(task)) for task in tasks]
    texts = {"report.json": _json(entries), "report.html": "\n".join(_html(folder, entries))}
    for name, text in texts.items():
        with written_whole(folder / name) as temporary:
            temporary.write_text(text, "utf-8")
    return folder / "report.html"


def _json(entries: Sequence[_Entry]) -> str:
    tasks = [
        {
            "input": relative(entry.task, entry.task.input),
            "state": entry.state,
            "warnings": entry.warnings,
            "record": None if entry.record is None else dataclasses.asdict(entry.record),
        }
        for entry in entries
    ]
    return json.dumps({"format": "lift-pose-batch-report", "version": 1, "tasks": tasks}, indent=1)


def _html(folder: Path, entries: Sequence[_Entry]) -> Iterator[str]:
    yield f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>{escape(folder.name)}</title>"
    yield f"<style>{_STYLE}</style><h1>{escape(folder.name.removesuffix('_batch'))}</h1><table>"
    states = [entry.state for entry in entries]
    for state in ("done", "failed", "changed", "missing"):
        if state in states:
            yield f"<tr><th class={state}>{state}<td>{states.count(state)}"
    seconds = sum(sum(entry.record.seconds.values()) for entry in entries if entry.record)
    yield f"<tr><th>with warnings<td>{sum(bool(entry.warnings) for entry in entries)}"
    yield f"<tr><th>time of all tasks<td>{seconds:.0f} s</table>"
    for entry in entries:
        yield from _article(folder, entry)
    yield "</html>"


def _article(folder: Path, entry: _Entry) -> Iterator[str]:
    record = entry.record
    yield f"<article><h2>{escape(entry.task.name)} <span class={entry.state}>{entry.state}</span>"
    if record and record.seconds:
        stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in record.seconds.items())
        yield f"<small>{record.frames} frames; {escape(stages)}</small>"
    yield "</h2>"
    if record and record.error:
        yield f"<p class=failed>{escape(record.error['message'])} {escape(record.error['advice'])}</p>"
    for warning in record.warnings if record else ():
        yield f"<p class=warning>{escape(warning)}</p>"
    for person in record.people if record else ():
        yield from _person(folder, entry.task, person)
    yield "</article>"


def _person(folder: Path, task: Task, person: PersonRecord) -> Iterator[str]:
    files = ", ".join(_link(folder, task, output) for output in person.outputs)
    quality = person.quality
    feet = "" if quality.sliding is None else f", standing feet at {100 * quality.sliding:.0f} cm/s"
    yield f"<p>Person {person.person}, confidence {quality.confidence:.2f}{feet}: {files}</p>"
    for warning in person.warnings:
        yield f"<p class=warning>{escape(warning)}</p>"
    if person.picture:
        yield f'<img loading=lazy alt="" src="{_address(folder, task, person.picture)}">'


def _link(folder: Path, task: Task, name: str) -> str:
    return f'<a href="{_address(folder, task, name)}"><code>{escape(name)}</code></a>'


def _address(folder: Path, task: Task, name: str) -> str:
    """From the report's folder to a file that a record names."""
    return quote(Path(os.path.relpath(task.folder.parent / name, folder)).as_posix())
