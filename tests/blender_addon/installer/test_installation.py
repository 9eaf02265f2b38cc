from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blender_addon.installer import locks
from blender_addon.installer.failures import Cancelled, InstallationFailure
from blender_addon.installer.installation import Installation, Request
from blender_addon.installer.layout import Layout, Record

pytestmark = pytest.mark.skipif(
    f"{sys.version_info.major}.{sys.version_info.minor}" != locks.PYTHON, reason="needs the locked Python"
)


def install(request: Request, report: Callable[[str, float, float | None], None] | None = None) -> Record:
    return Installation(request, report or (lambda *_: None), threading.Event()).run()


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "with spaces, Ünïcode and 漢字" / "engine"


def test_the_engine_gets_an_environment_that_works(store: Any, folder: Path) -> None:
    stages: list[str] = []
    record = install(store.request(folder), lambda stage, *_: stages.append(stage))
    assert record.version == "9.9.9"
    assert record.found == "cpu (a test)"
    assert list(dict.fromkeys(stages)) == ["uv", "python", "packages", "trial"]
    said = subprocess.run(
        [record.python, "-c", "import tiny; print(tiny.NAME)"], capture_output=True, text=True
    )
    assert said.stdout.strip() == "a test"
    layout = Layout(folder)
    assert layout.record() == record
    assert not layout.cache.exists()


def test_a_new_one_replaces_the_former(store: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = install(store.request(folder))
    monkeypatch.setattr(Layout, "new_environment", lambda layout: layout.environments / "second")
    second = install(store.request(folder, version="10"))
    assert Layout(folder).record() == second
    assert not Path(first.python).exists()
    assert Path(second.python).exists()


def test_the_folder_may_be_known_by_another_path(store: Any, folder: Path, tmp_path: Path) -> None:
    record = install(store.request(folder))
    (tmp_path / "alias").symlink_to(folder, target_is_directory=True)
    Layout(tmp_path / "alias").tidy()
    assert Path(record.python).exists()


@pytest.mark.parametrize("stage", ["uv", "python", "packages", "trial"])
def test_cancelled_at_any_stage_the_former_stays(store: Any, folder: Path, stage: str) -> None:
    former = install(store.request(folder))
    if stage == "uv":
        shutil.rmtree(Layout(folder).uv)
    stop = threading.Event()

    def report(now: str, *_: Any) -> None:
        if now == stage:
            stop.set()

    with pytest.raises(Cancelled):
        Installation(store.request(folder), report, stop).run()
    layout = Layout(folder)
    layout.tidy()
    assert layout.record() == former
    assert [str(path) for path in layout.environments.iterdir()] == [str(Path(former.python).parents[1])]
    install(store.request(folder))


def test_a_missing_package_is_named_and_repaired(store: Any, folder: Path) -> None:
    line = store.add("other", "2.0", {"other.py": b""})
    (store.wheels / "other-2.0-py3-none-any.whl").rename(folder.parents[1] / "aside")
    store.lock(line)
    with pytest.raises(InstallationFailure, match="A package is missing"):
        install(store.request(folder))
    assert Layout(folder).record() is None
    store.lock(store.add("tiny", "1.0", {"tiny.py": b"NAME = 'a test'\n"}))
    assert install(store.request(folder)).found == "cpu (a test)"


def test_a_package_that_was_changed_is_refused(store: Any, folder: Path) -> None:
    with (store.wheels / "tiny-1.0-py3-none-any.whl").open("ab") as wheel:
        wheel.write(b"\0" * 8)
    with pytest.raises(InstallationFailure, match="not the one that was expected"):
        install(store.request(folder))


def test_a_uv_that_was_changed_is_refused(store: Any, folder: Path) -> None:
    with (store.wheels / "uv-1.2.3-py3-none-any.whl").open("ab") as wheel:
        wheel.write(b"\0" * 8)
    with pytest.raises(InstallationFailure, match="not the one that was expected"):
        install(store.request(folder))
    assert not Layout(folder).uv.exists()


@pytest.mark.parametrize("python", ["/nowhere/python3.11", "/bin/true"])
def test_a_wrong_python_is_refused(store: Any, folder: Path, python: str) -> None:
    with pytest.raises(InstallationFailure, match=r"no usable Python 3\.11"):
        install(store.request(folder, python=python))


def test_an_engine_that_does_not_start_is_not_installed(store: Any, folder: Path) -> None:
    former = install(store.request(folder))
    store.lock(store.add("tiny", "1.0", {"tiny.py": b"raise OSError('libGL.so.1: cannot open')\n"}))
    with pytest.raises(InstallationFailure, match="libGL"):
        install(store.request(folder))
    assert Layout(folder).record() == former


def test_too_little_room_is_said_before_anything_is_done(store: Any, folder: Path) -> None:
    store.lock(download=10**15)
    with pytest.raises(InstallationFailure, match="GB are needed"):
        install(store.request(folder))
    assert files_below(folder) == set()


def test_an_unknown_device_has_no_lock(store: Any, folder: Path) -> None:
    with pytest.raises(InstallationFailure, match="no engine for abacus"):
        install(store.request(folder, device="abacus"))


def test_remove_takes_all_away(store: Any, folder: Path) -> None:
    install(store.request(folder))
    Layout(folder).remove()
    assert not folder.exists()
