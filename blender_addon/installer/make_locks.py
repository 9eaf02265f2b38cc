"""Writes the lock files anew from pyproject.toml and constraints.txt: `nox -s locks`; not in the extension.

uv resolves for all systems at once; each lock file then names, for one device on one system, exactly the
wheels that are installed there, by version and hash. PyTorch builds that come from PyTorch's own index
(see `locks.lock_for`) are pinned by version alone.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import tomllib
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename
from uv import find_uv_bin

from .locks import HEADER, PYTHON, UV

_ROOT = Path(__file__).parents[2]
_VERSION = tuple(map(int, PYTHON.split(".")))


@dataclass(frozen=True)
class System:
    """A system, as markers and as wheels' names call it."""

    name: str
    markers: dict[str, str]
    platforms: tuple[str, ...]

    @property
    def tags(self) -> list[Tag]:
        """Best first."""
        platforms = list(self.platforms)
        return [*cpython_tags(_VERSION, platforms=platforms), *compatible_tags(_VERSION, platforms=platforms)]


_LINUX_PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in range(28, 16, -1)),
    "manylinux2014_x86_64",
    *(f"manylinux_2_{minor}_x86_64" for minor in range(16, 4, -1)),
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
    "linux_x86_64",
)
_SYSTEMS = (
    System("linux", {"sys_platform": "linux", "platform_machine": "x86_64"}, _LINUX_PLATFORMS),
    System("windows", {"sys_platform": "win32", "platform_machine": "AMD64"}, ("win_amd64",)),
    System(
        "macos",
        {"sys_platform": "darwin", "platform_machine": "arm64"},
        tuple(mac_platforms((14, 0), "arm64")),
    ),
)
_DEVICES = {"linux": ("cpu", "cuda"), "windows": ("cpu", "cuda"), "macos": ("metal",)}

# What PyTorch needs for CUDA alone, and roughly how large its builds from its own index are, in bytes.
_CUDA_PACKAGES = ("nvidia-", "cuda-", "triton")
_FROM_PYTORCH = {("cpu", "linux"): 192_000_000, ("cuda", "windows"): 1_900_000_000}


def main() -> None:
    """Write all lock files, and that of uv itself."""
    uv = find_uv_bin()
    lines = (_ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    constraints = [line for line in lines if line and not line.startswith("#")]
    with tempfile.TemporaryDirectory() as folder:
        packages = _resolved(uv, Path(folder), constraints)
    for system in _SYSTEMS:
        needed = _needed(packages, system)
        for device in _DEVICES[system.name]:
            text = _lock(needed, system, device)
            (UV.parent / f"{device}-{system.name}.txt").write_text(text, encoding="utf-8")
    command = (uv, "pip", "compile", "-", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")
    own = next(line for line in constraints if line.startswith("uv=="))
    locked = subprocess.run(command, input=own, capture_output=True, text=True, check=True)
    UV.write_text(locked.stdout, encoding="utf-8")


def _resolved(uv: str, folder: Path, constraints: list[str]) -> dict[str, dict[str, Any]]:
    """uv's lock of the engine's dependencies, by name."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environments = [
        " and ".join(f"{name} == '{value}'" for name, value in system.markers.items()) for system in _SYSTEMS
    ]
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "engine"\nversion = "0"\nrequires-python = "=={PYTHON}.*"\n'
        f"dependencies = {project['dependencies']}\n"
        f"[tool.uv]\npackage = false\nconstraint-dependencies = {constraints}\n"
        f"environments = {environments}\n",
        encoding="utf-8",
    )
    subprocess.run((uv, "lock", "--quiet"), cwd=folder, check=True)
    locked = tomllib.loads((folder / "uv.lock").read_text(encoding="utf-8"))
    return {package["name"]: package for package in locked["package"]}


def _needed(packages: dict[str, dict[str, Any]], system: System) -> list[dict[str, Any]]:
    """What a system needs, by following the dependencies whose markers hold there."""
    found: dict[str, dict[str, Any]] = {}
    environment = system.markers | {"python_version": PYTHON, "python_full_version": f"{PYTHON}.9"}
    environment |= {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    waiting: list[tuple[str, tuple[str, ...]]] = [("engine", ())]
    followed = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in followed:
            continue
        followed.add((name, extras))
        package = found[name] = packages[name]
        dependencies = list(package.get("dependencies", []))
        for extra in extras:
            dependencies += package.get("optional-dependencies", {}).get(extra, [])
        waiting += [
            (d["name"], tuple(d.get("extra", ())))
            for d in dependencies
            if "marker" not in d or Marker(d["marker"]).evaluate(environment)
        ]
    del found["engine"]
    return [found[name] for name in sorted(found)]


def _lock(packages: list[dict[str, Any]], system: System, device: str) -> str:
    lines, total = [], 0
    for package in packages:
        requirement = Requirement(f"{package['name']}=={package['version']}")
        if device == "cpu" and requirement.name.startswith(_CUDA_PACKAGES):
            continue
        if requirement.name == "torch" and (device, system.name) in _FROM_PYTORCH:
            total += _FROM_PYTORCH[device, system.name]
            lines.append(str(requirement))
            continue
        wheel = _wheel(package, system)
        total += wheel.get("size") or _size(wheel["url"])
        lines.append(f"{requirement} --hash={wheel['hash']}")
    return "\n".join((f"{HEADER}{total}", *lines, ""))


@cache
def _size(url: str) -> int:
    """Bytes, as the server tells: not every index does."""
    with urlopen(Request(url, method="HEAD")) as answer:
        return int(answer.headers["Content-Length"])


def _wheel(package: dict[str, Any], system: System) -> dict[str, Any]:
    """The wheel that pip would choose."""
    ranks = {tag: rank for rank, tag in enumerate(system.tags)}
    fitting = []
    for wheel in package.get("wheels", []):
        tags = parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]
        rank = min((ranks[tag] for tag in tags if tag in ranks), default=None)
        if rank is not None:
            fitting.append((rank, wheel))
    if not fitting:
        sys.exit(f"{package['name']} {package['version']} has no wheel for {system.name}.")
    chosen: dict[str, Any] = min(fitting, key=lambda pair: pair[0])[1]
    return chosen


if __name__ == "__main__":
    main()
