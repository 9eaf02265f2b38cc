"""Reading files that torch.save wrote, without running what a pickle may ask to run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lifting_core.errors import InvalidInput

_SIZE_LIMIT = 4 << 30
"""Bytes; the largest public checkpoint of those networks that are read here has 0.4 GB."""

_reconstruct: Callable[..., Any] = np.zeros(0).__reduce__()[0]  # type: ignore[assignment]
_scalar: Callable[..., Any] = np.float64(0).__reduce__()[0]  # type: ignore[assignment]
_DTYPES = [type(np.dtype(kind)) for kind in ("f4", "f8", "i4", "i8")]
_ARRAYS: list[Any] = [_reconstruct, _scalar, np.ndarray, np.dtype, *_DTYPES]


def read_torch_file(path: Path, advice: str) -> dict[str, Any]:
    """The dictionary in a torch file that holds nothing but tensors, NumPy arrays and plain values.

    Raises InvalidInput, with `advice`, for a file that is missing, damaged, or holds anything else.
    """
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.", advice)
    if path.stat().st_size > _SIZE_LIMIT:
        raise InvalidInput(f"{path} is larger than any checkpoint that can be read here.", advice)
    try:
        with torch.serialization.safe_globals(_ARRAYS):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InvalidInput(f"{path} holds code, not only weights, and was not opened.", advice) from error
    except (RuntimeError, ValueError, EOFError, OSError, KeyError, AttributeError) as error:
        raise InvalidInput(f"{path} is not a whole checkpoint of PyTorch.", advice) from error
    if not isinstance(content, dict):
        raise InvalidInput(f"{path} holds no weights.", advice)
    return content
