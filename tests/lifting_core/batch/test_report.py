from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from lifting_core.batch.plan import Task, plan
from lifting_core.batch.quality import Quality
from lifting_core.batch.records import PersonRecord, Record, stamp, write_record
from lifting_core.batch.report import write_report


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [unquote(value) for name, value in attributes if name in ("href", "src") and value]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def tasks(tmp_path: Path) -> list[Task]:
    """Four clips: done, failed, done otherwise than is asked for now, never done."""
    jobs = tmp_path / "my jobs.toml"
    names = ["a & <b>#.mp4", "failed.mp4", "changed.mp4", "new.mp4"]
    jobs.write_text(f'[[job]]\ninput = {json.dumps(names)}\noutput = "o #1/{{name}}.npz"\n')
    for folder in ("tasks", "pictures"):
        (tmp_path / "my jobs_batch" / folder).mkdir(parents=True)
    done, failed, changed, new = plan(jobs)
    for task in (done, changed):
        task.outputs[0].parent.mkdir(exist_ok=True)
        task.outputs[0].write_text("")
        name = f"o #1/{task.outputs[0].name}"
        (tmp_path / "my jobs_batch" / "pictures" / f"{task.id}-0.jpg").write_text("")
        picture = f"my jobs_batch/pictures/{task.id}-0.jpg"
        person = PersonRecord(0, (name,), Quality(9, 9, 0, 0.9, None), ("Feet <slide>.",), picture)
        fingerprint = task.fingerprint if task is done else "other"
        stamps = {name: stamp(task.outputs[0])}
        write_record(
            task,
            Record(
                task.id, task.name, fingerprint, "done", stamps, (person,), (), 9, {"lifting": 2.0}, "cpu"
            ),
        )
    error = {"kind": "input", "message": "Nobody is <there>.", "advice": "Film."}
    write_record(failed, Record(failed.id, failed.name, failed.fingerprint, "failed", error=error))
    return [done, failed, changed, new]


def test_the_page_shows_everything_and_its_links_lead_somewhere(tasks: list[Task]) -> None:
    path = write_report(tasks[0].folder, tasks)
    page = _Page(path.read_text())
    assert len(page.addresses) == 4
    assert all((path.parent / address).is_file() for address in page.addresses)
    assert page.tags.count("article") == 4
    assert {"Feet <slide>.", "Nobody is <there>. Film.", "a & <b>#.mp4 "} <= {*page.words}
    assert "slide" not in page.tags


def test_the_file_for_programs_has_the_states(tasks: list[Task]) -> None:
    write_report(tasks[0].folder, tasks)
    report = json.loads((tasks[0].folder / "report.json").read_text())
    assert [task["state"] for task in report["tasks"]] == ["done", "failed", "changed", "missing"]
    assert report["tasks"][0]["warnings"] == ["Feet <slide>."]
