from __future__ import annotations

import sys
from pathlib import Path

import pytest

from blender_addon.engine import state
from blender_addon.engine.interpreter import VARIABLE
from blender_addon.engine.state import Condition, engine_state
from blender_addon.installer.layout import Layout, Record


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(state, "_WHEELS", tmp_path)
    (tmp_path / "lift_pose-1.2.3-py3-none-any.whl").touch()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "engine")
    layout.folder.mkdir()
    return layout


def _record(python: str, version: str = "1.2.3") -> Record:
    return Record(python, version, "cpu", "cpu (a test)")


def test_nothing_installed(layout: Layout) -> None:
    assert engine_state(layout, "").condition is Condition.NOT_INSTALLED
    assert not engine_state(layout, "").python


def test_installed_and_there(layout: Layout) -> None:
    layout.install(_record(sys.executable))
    found = engine_state(layout, "")
    assert (found.condition, found.python) == (Condition.READY, sys.executable)
    assert "a test" in found.text


def test_of_another_version(layout: Layout) -> None:
    """An engine of another version still runs: the protocol tells if it does not fit."""
    layout.install(_record(sys.executable, "1.0.0"))
    found = engine_state(layout, "")
    assert (found.condition, found.python) == (Condition.UPDATE_NEEDED, sys.executable)


def test_gone(layout: Layout, tmp_path: Path) -> None:
    layout.install(_record(str(tmp_path / "gone")))
    found = engine_state(layout, "")
    assert (found.condition, found.python) == (Condition.BROKEN, "")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"python": 1}', '{"else": ""}'])
def test_a_damaged_record_is_none(layout: Layout, damage: str) -> None:
    layout.install(_record(sys.executable))
    (layout.folder / "installed.json").write_text(damage)
    assert engine_state(layout, "").condition is Condition.NOT_INSTALLED


def test_an_environment_of_the_users_comes_first(layout: Layout, tmp_path: Path) -> None:
    layout.install(_record(str(tmp_path / "gone")))
    assert engine_state(layout, sys.executable).condition is Condition.READY
    assert engine_state(layout, str(tmp_path / "no")).condition is Condition.BROKEN
