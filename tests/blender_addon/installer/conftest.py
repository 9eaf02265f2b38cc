"""A folder of wheels with the real uv and tiny packages, locked by their hashes, to install from offline."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from blender_addon.installer import locks
from blender_addon.installer.installation import Request

# What the trial of the engine asks for.
_ENGINE = """
import dataclasses, sys
import tiny

@dataclasses.dataclass
class Device:
    device: str = "cpu"
    name: str = tiny.NAME

class Pipeline:
    def warm_up(self): pass
    def describe(self, device): return Device()
"""


@dataclass(frozen=True)
class Store:
    """Wheels, and the lock files that name them."""

    wheels: Path
    locks: Path
    engine: Path

    def add(self, name: str, version: str, files: dict[str, bytes]) -> str:
        """Make a wheel; returns its line in a lock file."""
        path = make_wheel(self.wheels, name, version, files)
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"

    def lock(self, *lines: str, download: int = 1000) -> None:
        """The packages that the engine needs."""
        text = "\n".join((f"# bytes to download: {download}", *lines, ""))
        for system in ("linux", "windows", "macos"):
            for device in ("cpu", "metal"):
                (self.locks / f"{device}-{system}.txt").write_text(text)

    def request(self, folder: Path, **changes: str) -> Request:
        return Request(
            **{
                "folder": folder,
                "wheel": self.engine,
                "version": "9.9.9",
                "device": locks.devices()[0],
                "wheels": str(self.wheels),
            }
            | changes
        )


def make_wheel(folder: Path, name: str, version: str, files: dict[str, bytes]) -> Path:
    """A wheel as the specification wants it; what lies in `bin/` is a program."""
    path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    contents = {
        (f"{name}-{version}.data/scripts/{file[4:]}" if file.startswith("bin/") else file): data
        for file, data in files.items()
    }
    contents[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    contents[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in (*contents, f"{info}/RECORD")).encode()
    with zipfile.ZipFile(path, "w") as wheel:
        for file, data in contents.items():
            entry = zipfile.ZipInfo(file)
            entry.external_attr = 0o100755 << 16
            wheel.writestr(entry, data)
    return path


@pytest.fixture(scope="session")
def uv() -> Path:
    """The real one."""
    found = shutil.which("uv")
    if found is None:
        import uv as package  # of the test dependencies

        found = package.find_uv_bin()
    return Path(found)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uv: Path) -> Store:
    store = Store(tmp_path / "wheels", tmp_path / "locks", tmp_path / "lift_pose-9.9.9-py3-none-any.whl")
    store.wheels.mkdir()
    store.locks.mkdir()
    monkeypatch.setattr(locks, "_FOLDER", store.locks)
    monkeypatch.setattr(locks, "UV", store.locks / "uv.txt")
    locks.UV.write_text(store.add("uv", "1.2.3", {f"bin/{uv.name}": uv.read_bytes()}))
    store.lock(store.add("tiny", "1.0", {"tiny.py": b"NAME = 'a test'\n"}))
    make_wheel(tmp_path, "lift_pose", "9.9.9", {"lifting_core/pipeline.py": _ENGINE.encode()})
    return store
