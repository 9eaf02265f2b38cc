from __future__ import annotations

import sys
from pathlib import Path

import pytest

from blender_addon.engine.interpreter import VARIABLE, engine_python
from blender_addon.errors import LiftPoseError


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def _executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_preferences_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = _executable(tmp_path / "chosen", "")
    monkeypatch.setenv(VARIABLE, sys.executable)
    assert engine_python(str(chosen)) == str(chosen)


def test_environment_comes_second(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _executable(tmp_path / "lift-pose", f"#!{_executable(tmp_path / 'python3', '')}\n")
    monkeypatch.setenv(VARIABLE, sys.executable)
    assert engine_python("") == sys.executable


def test_command_on_the_path_names_its_interpreter(tmp_path: Path) -> None:
    _executable(tmp_path / "lift-pose", f"#!{sys.executable}\nimport lifting_core\n")
    assert engine_python("") == sys.executable


def test_interpreter_may_lie_beside_a_linked_command(tmp_path: Path) -> None:
    beside = _executable(tmp_path / "environment" / "python3", "")
    script = _executable(tmp_path / "environment" / "lift-pose", "#!/bin/sh\n")
    (tmp_path / "lift-pose").symlink_to(script)
    assert engine_python("") == str(beside)


@pytest.mark.parametrize("chosen", ["", "/no/such/python"])
def test_missing_interpreter_leads_to_the_preferences(chosen: str) -> None:
    with pytest.raises(LiftPoseError) as caught:
        engine_python(chosen)
    assert "preferences" in caught.value.advice


def test_wrong_variable_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/no/such/python")
    with pytest.raises(LiftPoseError, match=VARIABLE):
        engine_python("")
