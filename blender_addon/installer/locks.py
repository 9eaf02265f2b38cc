"""The lock files: exactly which packages the engine runs with, and how much there is to download."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from .failures import InstallationFailure

_FOLDER = Path(__file__).parent / "locks"
_SYSTEMS = {"linux": "linux", "win32": "windows", "darwin": "macos"}
HEADER = "# bytes to download: "
PYTHON = "3.11"
UV = _FOLDER / "uv.txt"

# Installed, packages take about so many times the room of their downloads; both are there for a while.
_ROOM = 4.5


@dataclass(frozen=True)
class Lock:
    """The packages of one device on one system."""

    path: Path
    backend: str | None
    """From which index PyTorch comes (uv's --torch-backend); None: the usual one."""

    @property
    def download(self) -> int:
        """Bytes."""
        first, _, _ = self.path.read_text(encoding="utf-8").partition("\n")
        return int(first.removeprefix(HEADER))

    @property
    def room(self) -> int:
        """Bytes that must be free on the disk."""
        return int(_ROOM * self.download)


def uv_version() -> str:
    """As pinned, such as "uv==0.13.8"."""
    return UV.read_text(encoding="utf-8").split(maxsplit=1)[0]


def devices() -> tuple[str, ...]:
    """The devices that this system can have, the usual one first."""
    return ("metal",) if sys.platform == "darwin" else ("cpu", "cuda")


def lock_for(device: str) -> Lock:
    """The lock file of a device on this system. Raises InstallationFailure when there is none."""
    system = _SYSTEMS.get(sys.platform, sys.platform)
    path = _FOLDER / f"{device}-{system}.txt"
    if not path.is_file():
        raise InstallationFailure(
            f"There is no engine for {device} on {system}.",
            "Choose another device, or an environment of your own with lift-pose in it.",
        )
    backends = {("cpu", "linux"): "cpu", ("cuda", "windows"): "cu130"}
    return Lock(path, backends.get((device, system)))
