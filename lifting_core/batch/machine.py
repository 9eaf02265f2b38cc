"""How much this machine can do at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")  # version 2, where containers have their limits
_GIB = 1 << 30


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has_room(need: float, promised: Mapping[int, float]) -> bool:
    """Whether there is memory for `need` GiB, given what was promised to processes, by their ids."""
    unused = sum(max(0.0, wanted - _used(process)) for process, wanted in promised.items())
    return available() - unused >= need


def available() -> float:
    """GiB of memory that are left, on the machine or in the container."""
    left: int = psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # no such file, or "max"
        limit = int((_CGROUP / "memory.max").read_text())
        left = min(left, limit - int((_CGROUP / "memory.current").read_text()))
    return left / _GIB


def _used(process: int) -> float:
    """GiB of a process and its children; 0 for one that has ended."""
    with suppress(psutil.Error):
        family = psutil.Process(process)
        return (
            float(sum(each.memory_info().rss for each in (family, *family.children(recursive=True)))) / _GIB
        )
    return 0.0
