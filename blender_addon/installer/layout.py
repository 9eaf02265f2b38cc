"""What lies where in the installer's folder, and the record of what is installed."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """What is installed; written when all of it is there and has been tried."""

    python: str
    """The environment's interpreter."""
    version: str
    """Of the engine."""
    device: str
    """As chosen: cpu, cuda or metal."""
    found: str
    """What the engine says it computes on."""


@dataclass(frozen=True)
class Layout:
    """Everything is below one folder, which is the extension's own."""

    folder: Path

    @property
    def uv(self) -> Path:
        return self.folder / "uv"

    @property
    def cache(self) -> Path:
        """Downloads, kept until an installation succeeds, so that a broken one goes on where it stopped."""
        return self.folder / "cache"

    @property
    def pythons(self) -> Path:
        return self.folder / "pythons"

    @property
    def environments(self) -> Path:
        return self.folder / "environments"

    @property
    def _record(self) -> Path:
        return self.folder / "installed.json"

    def new_environment(self) -> Path:
        """A name that no environment has had: the former one stays in use until the new one works."""
        return self.environments / time.strftime(f"%Y%m%d-%H%M%S-{secrets.token_hex(4)}")

    def record(self) -> Record | None:
        """What is installed; None when nothing is, or the record is damaged."""
        try:
            return Record(**json.loads(self._record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def install(self, record: Record) -> None:
        """From now on this is what is installed; all other environments and the downloads go."""
        temporary = self._record.with_suffix(".partial")
        temporary.write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
        temporary.replace(self._record)
        self.tidy()
        shutil.rmtree(self.cache, ignore_errors=True)

    def tidy(self) -> None:
        """Remove what former attempts left behind."""
        record = self.record()
        kept = None if record is None else Path(record.python).parents[1].resolve()
        with suppress(OSError):
            for environment in self.environments.iterdir():
                if environment.resolve() != kept:  # the folder may be known by several paths
                    shutil.rmtree(environment, ignore_errors=True)

    def remove(self) -> None:
        """Take everything away, the record first."""
        self._record.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def interpreter(environment: Path) -> Path:
    """The Python of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
