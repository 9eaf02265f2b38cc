from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest

import blender_addon
from blender_addon.engine import state
from blender_addon.engine.interpreter import VARIABLE
from blender_addon.engine_preferences import LiftPosePreferences
from blender_addon.installer import locks
from blender_addon.installer.layout import Record
from blender_addon.preferences import installer_layout
from blender_addon.session import session


@pytest.fixture
def _registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Registered as an add-on, so that it has preferences; the engine is that of this checkout."""
    python = tmp_path / "python"
    checkout = shlex.quote(str(Path(blender_addon.__file__).parents[1]))
    python.write_text(f'#!/bin/sh\nPYTHONPATH={checkout} exec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(python))
    bpy.ops.preferences.addon_enable(module="blender_addon")
    yield
    session.close()
    bpy.ops.preferences.addon_disable(module="blender_addon")


@pytest.fixture
def _bundled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(state, "_WHEELS", tmp_path)
    (tmp_path / "lift_pose-1.2.3-py3-none-any.whl").touch()


pytestmark = pytest.mark.usefixtures("_registered")


def test_a_source_checkout_has_no_engine_to_install() -> None:
    with pytest.raises(RuntimeError, match="source checkout"):
        bpy.ops.lift_pose.install_engine()


@pytest.mark.usefixtures("_bundled")
def test_nothing_is_downloaded_unless_blender_may_go_online() -> None:
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match="may not go online"):
        bpy.ops.lift_pose.install_engine()


@pytest.mark.usefixtures("_bundled")
def test_a_failed_installation_is_reported(tmp_path: Path) -> None:
    """The real installer process, with an empty folder of wheels."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    addon = bpy.context.preferences.addons["blender_addon"].preferences
    addon.wheels = str(wheels)
    with pytest.raises(RuntimeError, match="A package is missing"):
        bpy.ops.lift_pose.install_engine()
    assert session.outcome is not None
    assert session.outcome.failed
    assert session.job is None


@pytest.mark.usefixtures("engine_packages")
def test_the_device_is_tried_and_the_engine_stopped() -> None:
    assert bpy.ops.lift_pose.test_engine() == {"FINISHED"}
    assert session.outcome is not None
    assert "poses/s on c" in session.outcome.text
    assert session.engine_pid is not None
    assert bpy.ops.lift_pose.stop_engine() == {"FINISHED"}
    assert session.engine_pid is None
    with pytest.raises(RuntimeError, match="does not run"):
        bpy.ops.lift_pose.stop_engine()


def test_there_is_nothing_to_try_without_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("PATH", "")
    assert not bpy.ops.lift_pose.test_engine.poll()


def test_remove_takes_the_engine_away() -> None:
    layout = installer_layout()
    layout.folder.mkdir(parents=True, exist_ok=True)
    layout.install(Record(sys.executable, "1", "cpu", "cpu"))
    assert bpy.ops.lift_pose.remove_engine() == {"FINISHED"}
    assert layout.record() is None


def test_devices_of_this_system_have_locks() -> None:
    for device in locks.devices():
        assert locks.lock_for(device).download > 0
    assert LiftPosePreferences.bl_idname == blender_addon.__name__
