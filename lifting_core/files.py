"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lifting_core.errors import LiftPoseError


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file to write in place of `path`; it takes that name when the block succeeds.

    The temporary file lies in the same folder, has the same suffix, and is gone after a failure; what stood
    at `path` before is replaced only by a whole file. Raises LiftPoseError when writing fails (OSError).
    """
    target = Path(path)
    temporary = None
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise LiftPoseError(
            f"{target} cannot be written: {error.strerror or error}.",
            "Choose a folder that can be written to and has room.",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
