"""The wheel, built as pip builds it for a user, carries all that runs and nothing else."""

from __future__ import annotations

import configparser
import email
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import lifting_core
from lifting_core import cli

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("blender_addon", "lifting_core", "training")
_METADATA = f"lift_pose-{lifting_core.__version__}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Built from a copy: a build leaves files in its source."""
    folder = tmp_path_factory.mktemp("wheel")
    unshipped = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "output", "runs")
    shutil.copytree(_ROOT, folder / "source", ignore=unshipped)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", folder, folder / "source"], check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as file:
        yield file


def test_has_every_file_of_the_three_packages_and_no_other(wheel: zipfile.ZipFile) -> None:
    shipped = {name for name in wheel.namelist() if not name.startswith(_METADATA)}
    files = [path for package in _PACKAGES for path in (_ROOT / package).rglob("*") if path.is_file()]
    names = {path.relative_to(_ROOT).as_posix() for path in files}
    wanted = {name for name in names if "__pycache__" not in name and "/." not in name}
    assert shipped == wanted
    assert "blender_addon/blender_manifest.toml" in shipped
    assert any(name.endswith(".safetensors") for name in shipped)


def test_states_version_and_licence(wheel: zipfile.ZipFile) -> None:
    metadata = email.message_from_bytes(wheel.read(f"{_METADATA}/METADATA"))
    assert metadata["Name"] == "lift-pose"
    assert metadata["Version"] == lifting_core.__version__
    assert metadata["License-Expression"] == "GPL-3.0-or-later"
    assert wheel.read(f"{_METADATA}/licenses/LICENSE") == (_ROOT / "LICENSE").read_bytes()


def test_the_console_script_is_the_command_line(wheel: zipfile.ZipFile) -> None:
    scripts = configparser.ConfigParser()
    scripts.read_string(wheel.read(f"{_METADATA}/entry_points.txt").decode())
    name, target = dict(scripts["console_scripts"]).popitem()
    assert EntryPoint(name, target, "console_scripts").load() is cli.main
    assert name == "lift-pose"


def test_the_extension_has_the_version_of_the_engine() -> None:
    lines = (_ROOT / "blender_addon" / "blender_manifest.toml").read_text().splitlines()
    assert f'version = "{lifting_core.__version__}"' in lines
