"""What all command lines of this package share: how they end."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec

from lifting_core.errors import InvalidInput, LiftPoseError

_P = ParamSpec("_P")


def command(work: Callable[_P, None]) -> Callable[_P, int]:
    """Make a command's work return its exit code: 0, 2 when the input is at fault, 1 for other failures.

    Failures that are expected (`LiftPoseError`) are told in the log of the command's module.
    """

    @functools.wraps(work)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> int:
        try:
            work(*args, **kwargs)
        except LiftPoseError as error:
            logging.getLogger(work.__module__).error("%s", error)
            return 2 if isinstance(error, InvalidInput) else 1
        return 0

    return run
