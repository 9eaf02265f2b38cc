from __future__ import annotations

import re
from pathlib import Path

import pytest

from blender_addon.installer import locks

_LOCKS = sorted((Path(locks.__file__).parent / "locks").glob("*-*.txt"))
_FROM_PYTORCH = {"cpu-linux.txt", "cuda-windows.txt"}


@pytest.mark.parametrize("path", _LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_by_version_and_hash(path: Path) -> None:
    first, *lines = path.read_text().splitlines()
    assert int(first.removeprefix("# bytes to download: ")) > 100e6
    unhashed = [
        line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+-]+ --hash=sha256:[0-9a-f]{64}", line)
    ]
    assert [line.split("==")[0] for line in unhashed] == (["torch"] if path.name in _FROM_PYTORCH else [])


@pytest.mark.parametrize("path", _LOCKS, ids=lambda path: path.name)
def test_locks_agree_with_the_constraints(path: Path) -> None:
    """What developers test with is what users get."""
    constraints = Path(locks.__file__).parents[2] / "constraints.txt"
    pinned: dict[str, set[str]] = {}
    for line in constraints.read_text().splitlines():
        if match := re.match(r"([\w.-]+)==([\w.+-]+)", line):
            pinned.setdefault(_canonical(match[1]), set()).add(match[2])
    for line in path.read_text().splitlines()[1:]:
        name, _, version = line.split()[0].partition("==")
        assert version in pinned.get(_canonical(name), {version})
    assert "torch==" in path.read_text()


def test_only_cuda_brings_nvidias_packages() -> None:
    with_cuda = {path.name for path in _LOCKS if "nvidia-" in path.read_text()}
    assert with_cuda == {"cuda-linux.txt"}


def test_uv_is_pinned_by_hash() -> None:
    assert re.match(r"uv==\d+\.\d+\.\d+ \\\n +--hash=sha256:[0-9a-f]{64}", locks.UV.read_text())


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
