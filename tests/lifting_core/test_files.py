from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.files import check_writable, remove_partial, written_whole


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _write_half_and_fail(target: Path) -> None:
    with written_whole(target) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.npz"
    with written_whole(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
        assert temporary.suffix == ".npz"
    assert target.read_text() == "new"
    assert _names(tmp_path) == ["a.npz"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a.npz"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError):
        _write_half_and_fail(target)
    assert target.read_text() == "old"
    assert _names(tmp_path) == ["a.npz"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640)])
def test_permissions_follow_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        with written_whole(tmp_path / "a.npz") as temporary:
            temporary.write_text("x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.npz").stat().st_mode) == mode


@pytest.mark.skipif(os.name == "nt", reason="links need rights")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.npz"
    link.symlink_to(tmp_path / "real" / "a.npz")
    with written_whole(link) as temporary:
        temporary.write_text("x")
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.npz").read_text() == "x"


def test_failures_to_write_are_told(tmp_path: Path) -> None:
    with (
        pytest.raises(LiftPoseError, match="cannot be written") as caught,
        written_whole(tmp_path / "no" / "a"),
    ):
        pass
    assert caught.value.advice
    with pytest.raises(LiftPoseError, match="No space left"), written_whole(tmp_path / "a.npz"):
        raise OSError(28, "No space left on device")
    assert _names(tmp_path) == []


def test_a_killed_process_leaves_a_hidden_file_that_the_next_use_removes(tmp_path: Path) -> None:
    code = (
        "import os, sys; from lifting_core.files import written_whole\n"
        "with written_whole(sys.argv[1]) as t: t.write_text('half'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.npz")], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".lift-pose-partial-")

    with written_whole(tmp_path / "b.npz"):
        pass
    assert left.exists(), "it may belong to a process at work"

    os.utime(left, (time.time() - 7200,) * 2)
    with written_whole(tmp_path / "b.npz"):
        pass
    assert _names(tmp_path) == ["b.npz"]


def test_partial_files_can_be_removed_from_outside(tmp_path: Path) -> None:
    with pytest.raises(LiftPoseError), written_whole(tmp_path / "a.npz"):
        remove_partial()
    assert _names(tmp_path) == []


def test_checking_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("old")
    check_writable(tmp_path / "a.npz")
    assert (tmp_path / "a.npz").read_text() == "old"
    assert _names(tmp_path) == ["a.npz"]


@pytest.mark.parametrize("name", [".", "missing/a.npz", "file/a.npz"])
def test_checking_refuses_what_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput) as caught:
        check_writable(tmp_path / name)
    assert caught.value.advice


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_checking_refuses_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(InvalidInput, match="Permission denied"):
            check_writable(tmp_path / "a.npz")
    finally:
        tmp_path.chmod(0o755)
