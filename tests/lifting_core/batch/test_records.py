from __future__ import annotations

import logging
from pathlib import Path

import pytest

from lifting_core.batch.plan import Task, plan
from lifting_core.batch.quality import Quality
from lifting_core.batch.records import (
    PersonRecord,
    Record,
    check_replaceable,
    is_current,
    read_record,
    relative,
    stamp,
    write_record,
)
from lifting_core.errors import InvalidInput


@pytest.fixture
def task(tmp_path: Path) -> Task:
    jobs = tmp_path / "jobs.toml"
    jobs.write_text('[[job]]\ninput = "a.mp4"\noutput = "out/a.npz"\n')
    (tmp_path / "jobs_batch" / "tasks").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.npz").write_text("made")
    (found,) = plan(jobs)
    return found


def _done(task: Task) -> Record:
    (file,) = task.outputs
    person = PersonRecord(0, ("out/a.npz",), Quality(9, 8, 0.1, 0.9, None), ("look",), "p.jpg")
    return Record(
        task.id,
        task.name,
        task.fingerprint,
        "done",
        {relative(task, file): stamp(file)},
        (person,),
        ("hm",),
        9,
        {"lifting": 0.5},
        "cpu",
    )


def test_a_record_comes_back_as_it_was(task: Task) -> None:
    assert read_record(task) is None
    write_record(task, _done(task))
    assert read_record(task) == _done(task)
    assert is_current(task, read_record(task))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"version": 1}', '{"version": 99}', '{"version":1,"people":3}']
)
def test_a_damaged_record_counts_as_none(task: Task, text: str, caplog: pytest.LogCaptureFixture) -> None:
    write_record(task, _done(task))
    (path,) = (task.folder / "tasks").iterdir()
    path.write_text(text)
    with caplog.at_level(logging.WARNING):
        assert read_record(task) is None
    assert ("damaged" in caplog.text) == (text != '{"version": 99}')


def test_what_must_be_done_again(task: Task) -> None:
    record = _done(task)
    assert not is_current(task, None)
    for change in ({"state": "writing"}, {"state": "failed"}, {"fingerprint": "other"}):
        assert not is_current(task, Record(**{**vars(record), **change}))
    task.outputs[0].unlink()
    assert not is_current(task, record)


def test_only_own_files_are_replaced(task: Task) -> None:
    (file,) = task.outputs
    record = _done(task)
    check_replaceable(task, record, file)
    check_replaceable(task, None, file.with_name("new.npz"))
    with pytest.raises(InvalidInput, match="is not of this batch"):
        check_replaceable(task, None, file)
    file.write_text("edited by hand")
    with pytest.raises(InvalidInput, match="was changed by somebody since"):
        check_replaceable(task, record, file)
    interrupted = Record(task.id, task.name, "", "writing", {"out/a.npz": None})
    check_replaceable(task, interrupted, file)
