"""The installation, step by step: uv, a Python, the packages, the engine, and a trial of it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from . import child, locks
from .failures import InstallationFailure, explained
from .layout import Layout, Record, interpreter

Report = Callable[[str, float, float | None], None]
"""Takes the stage, and how many megabytes of how many are there."""

_UNPACKED = 2.6
"""Packages take about so many times the room of their downloads once they are unpacked."""
_TRIAL = """
import dataclasses, json
from lifting_core.pipeline import Pipeline
pipeline = Pipeline()
pipeline.warm_up()
print(json.dumps(dataclasses.asdict(pipeline.describe("auto"))))
"""


@dataclass(frozen=True)
class Request:
    """What is to be installed where."""

    folder: Path
    wheel: Path
    """The engine."""
    version: str
    device: str
    """cpu, cuda or metal."""
    python: str = ""
    """A Python 3.11 to build upon; empty: found, or else downloaded."""
    wheels: str = ""
    """A folder that holds all packages; empty: they come from the package index."""


class Installation:
    """One attempt. What was installed before stays in use until this one has been tried."""

    def __init__(self, request: Request, report: Report, stop: threading.Event) -> None:
        self._request = request
        self._report = report
        self._stop = stop
        self._layout = Layout(request.folder)
        self._lock = locks.lock_for(request.device)

    def run(self) -> Record:
        """Raises InstallationFailure or Cancelled; what was installed before is then still in use."""
        self._layout.folder.mkdir(parents=True, exist_ok=True)
        self._layout.tidy()
        self._check_room()
        environment = self._layout.new_environment()
        self._get_uv()
        self._make_environment(environment)
        self._install_packages(environment)
        record = self._try_engine(environment)
        self._layout.install(record)
        return record

    def _check_room(self) -> None:
        free, needed = shutil.disk_usage(self._layout.folder).free, self._lock.room
        if free < needed:
            raise InstallationFailure(
                f"{needed / 1e9:.1f} GB are needed for a while, and {free / 1e9:.1f} GB are free.",
                "Make room and press Install again.",
            )

    def _get_uv(self) -> None:
        """With pip, into a folder of our own: pip knows where packages come from on this machine."""
        self._report("uv", 0, None)
        if self._uv().is_file() and (self._layout.uv / locks.uv_version()).is_file():
            return
        partial = self._layout.uv.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        wheels = self._request.wheels
        where = ["--no-index", "--find-links", wheels] if wheels else []
        options = ["--quiet", "--no-input", "--disable-pip-version-check", "--only-binary", ":all:"]
        locked = ["--require-hashes", "--requirement", str(locks.UV)]
        pip = [*_pip(self._request.python), "install", *options, *where, *locked]
        self._child([*pip, "--target", str(partial)])
        (partial / locks.uv_version()).touch()
        shutil.rmtree(self._layout.uv, ignore_errors=True)
        partial.rename(self._layout.uv)

    def _uv(self) -> Path:
        return self._layout.uv / "bin" / ("uv.exe" if os.name == "nt" else "uv")

    def _make_environment(self, environment: Path) -> None:
        self._report("python", 0, None)
        chosen = ["--python", self._request.python or locks.PYTHON]
        if not self._request.python:
            chosen += ["--python-preference", "managed"]
        self._run_uv("venv", *chosen, str(environment))
        said = self._child(
            [interpreter(environment), "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        )
        if said.strip() != locks.PYTHON:
            raise InstallationFailure(
                f"{self._request.python} is Python {said.strip()}; the engine is locked to {locks.PYTHON}.",
                f"Choose a Python {locks.PYTHON}, or leave the choice empty to get one downloaded.",
            )

    def _install_packages(self, environment: Path) -> None:
        total = self._lock.download / 1e6

        def glance() -> None:
            unpacked = child.size(self._layout.cache) / 1e6
            self._report("packages", min(unpacked / _UNPACKED, 0.99 * total), total)

        glance()
        backend = ["--torch-backend", self._lock.backend] if self._lock.backend else []
        into = ["--python", str(interpreter(environment))]
        if self._request.wheels:
            backend = []
        self._run_uv(
            "pip",
            "install",
            *into,
            *backend,
            "--only-binary",
            ":all:",
            "-r",
            str(self._lock.path),
            glance=glance,
        )
        self._report("packages", total, total)
        self._run_uv("pip", "install", *into, "--no-deps", str(self._request.wheel))

    def _try_engine(self, environment: Path) -> Record:
        """Let the engine load its detector and its weights, and tell what it computes on."""
        self._report("trial", 0, None)
        python = interpreter(environment)
        said = self._child([python, "-I", "-c", _TRIAL])
        try:
            answer = json.loads(said.strip().splitlines()[-1])
            found = f"{answer['device']} ({answer['name']})"
        except (ValueError, IndexError, KeyError) as error:
            raise explained(said) from error
        return Record(str(python), self._request.version, self._request.device, found)

    def _run_uv(self, *arguments: str, glance: Callable[[], None] = lambda: None) -> str:
        settings = {
            "UV_CACHE_DIR": str(self._layout.cache),
            "UV_PYTHON_INSTALL_DIR": str(self._layout.pythons),
            "UV_NO_CONFIG": "1",
        }
        if self._request.wheels:
            settings |= {"UV_OFFLINE": "1", "UV_NO_INDEX": "1", "UV_FIND_LINKS": self._request.wheels}
        return self._child([self._uv(), *arguments], settings, glance)

    def _child(
        self,
        command: Sequence[str | Path],
        settings: Mapping[str, str] = MappingProxyType({}),
        glance: Callable[[], None] = lambda: None,
    ) -> str:
        return child.run(command, child.clean_environment() | dict(settings), self._stop, glance)


def _pip(chosen_python: str) -> list[str]:
    """The pip of this Python, or the one that it carries for new environments, or the chosen Python's.

    Raises InstallationFailure when there is none.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    with suppress(ImportError):
        import ensurepip

        for bundled in Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"):
            return [sys.executable, str(bundled / "pip")]
    if chosen_python:
        return [chosen_python, "-m", "pip"]
    raise InstallationFailure(
        "Blender's Python has no pip, with which the installation begins.",
        "Choose a Python 3.11 that has pip in the preferences.",
    )
