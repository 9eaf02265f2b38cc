from __future__ import annotations

import getpass
import platform
from pathlib import Path

import bpy
import pytest

from blender_addon.preferences import user_folder
from blender_addon.report import anonymous, error_report


def test_who_and_where_the_user_is_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/jane"))
    monkeypatch.setattr(getpass, "getuser", lambda: "jane")
    monkeypatch.setattr(platform, "node", lambda: "janes-laptop")
    text = anonymous("Error in /home/jane/clips/a.mp4 of Jane on JANES-LAPTOP; janet stays")
    assert text == "Error in <home>/clips/a.mp4 of <user> on <machine>; janet stays"


def test_report_has_versions_and_logs() -> None:
    (user_folder() / "engine.log").write_text(f"first\nfailed in {Path.home()}/clip.mp4\n")
    report = error_report(bpy.context)
    assert bpy.app.version_string in report
    assert "Engine: " in report
    assert "failed in <home>/clip.mp4" in report
    assert str(Path.home()) + "/" not in report
