"""What `lift-pose batch` says, without lifting anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from lifting_core.cli import main


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def start(*arguments: object) -> tuple[int, str, str]:
        code = main(["batch", *map(str, arguments)])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return start


Start = Callable[..., tuple[int, str, str]]


def _jobs(folder: Path, text: str = 'input = "a.mp4"\noutput = "a.npz"') -> Path:
    path = folder / "jobs.toml"
    path.write_text(f"[[job]]\n{text}\n")
    return path


def test_jobs_that_are_at_fault_are_one_sentence(run: Start, tmp_path: Path) -> None:
    code, out, err = run(_jobs(tmp_path, 'input = "a.mp4"'))
    assert code == 2
    assert out == ""
    assert err.splitlines() == [
        f"lift-pose: error: {tmp_path / 'jobs.toml'}, job 1: The output is missing. "
        "Give output a text, or a list of texts."
    ]
    code, out, _ = run(_jobs(tmp_path, 'input = "a.mp4"'), "--json")
    assert code == 2
    assert json.loads(out)["error"]["kind"] == "input"
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.toml"]


def test_a_batch_runs_once_at_a_time(run: Start, tmp_path: Path) -> None:
    (tmp_path / "jobs_batch").mkdir()
    with FileLock(tmp_path / "jobs_batch" / ".lock"):
        code, _, err = run(_jobs(tmp_path))
    assert code == 2
    assert "is being run already." in err


def test_a_place_that_cannot_be_written_is_told(run: Start, tmp_path: Path) -> None:
    (tmp_path / "jobs_batch").write_text("")
    code, _, err = run(_jobs(tmp_path))
    assert code == 1
    assert "jobs_batch cannot be made: " in err


def test_a_missing_clip_fails_by_itself_and_is_in_the_report(run: Start, tmp_path: Path) -> None:
    code, out, err = run(_jobs(tmp_path))
    assert code == 2
    assert out == ""
    assert err.splitlines() == [
        f"a.mp4: There is no file {tmp_path / 'a.mp4'}. Check the path.",
        f"0 done, 1 failed, 0 kept. {tmp_path / 'jobs_batch' / 'report.html'}",
    ]
    page = (tmp_path / "jobs_batch" / "report.html").read_text()
    assert "There is no file" in page
    (entry,) = json.loads((tmp_path / "jobs_batch" / "report.json").read_text())["tasks"]
    assert (entry["input"], entry["state"]) == ("a.mp4", "failed")


@pytest.mark.parametrize("options", [["--jobs", "0"], ["--jobs", "two"], []])
def test_options_that_cannot_be_meant(run: Start, options: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*options)
    assert caught.value.code == 2
