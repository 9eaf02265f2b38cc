"""Read npz files that carry pickles, without running what a pickle may ask to run.

A pickle names functions for the reader to call. Only those that rebuild a NumPy array are admitted, and not
even they are called: stand-ins note their arguments, which are checked before an array is made of them.
"""

from __future__ import annotations

import pickle
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput

_SIZE_LIMIT = 2 << 30
"""Bytes of one unpacked array; the largest of Human3.6M's public files holds 0.3 GB."""
_DEPTH_LIMIT = 8


def read_object(path: Path, key: str) -> Any:
    """The object that an npz file holds under `key`: dictionaries, lists, numbers, text and arrays.

    Raises InvalidInput when the file is damaged, lacks the key, or holds anything else.
    """
    name = f"{key}.npy"
    try:
        with zipfile.ZipFile(path) as archive:
            if name not in archive.namelist():
                raise InvalidInput(f"{path} holds no {key!r}.", "Choose another file.")
            size = archive.getinfo(name).file_size
            if size > _SIZE_LIMIT:
                raise InvalidInput(f"{path} unpacks to {size >> 20} MB.", "Choose a smaller file.")
            with archive.open(name) as member:
                return _read_member(member)
    except _Refused as error:
        raise InvalidInput(
            f"{path} is refused: beside data it holds {error}, which could run a program on reading.",
            "Delete it and fetch it from a source you trust.",
        ) from error
    except FileNotFoundError as error:
        raise InvalidInput(f"{path} does not exist.", "Choose another file.") from error
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise InvalidInput(f"{path} is damaged or cut off.", "Fetch it again.") from error


def _read_member(member: IO[bytes]) -> Any:
    """The object in a .npy file. Raises ValueError or what reading the file raises when it is damaged."""
    npy: Any = np.lib.format
    version = npy.read_magic(member)
    headers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in headers:
        raise ValueError(f"version {version}")
    shape, _, dtype = headers[version](member)
    if shape != () or dtype != np.dtype(object):
        raise ValueError(f"an array of {dtype} instead of an object")
    try:
        return _plain(_Unpickler(member).load()).item()
    except _Refused:
        raise
    except Exception as error:  # a damaged pickle can end in any of them
        raise ValueError("a damaged pickle") from error


class _Refused(Exception):
    """The pickle asks for something that plain data do not need."""


class _Type:
    """Stands for a data type."""

    def __init__(self, code: str, *flags: bool) -> None:
        if code not in {"O", "O8", "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}:
            raise _Refused(f"the data type {code!r}")
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] not in ("<", ">", "=", "|") or any(part is not None for part in state[2:5]):
            raise _Refused("a composite data type")
        self.order = state[1]

    def numpy(self) -> np.dtype[Any]:
        return np.dtype(object) if self.code[0] == "O" else np.dtype(self.order + self.code)


class _Array:
    """Stands for an array; its state comes after it was named."""

    state: tuple[tuple[int, ...], _Type, bool, Any]

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, data = state
        if not isinstance(kind, _Type):
            raise _Refused("an array of an unknown type")
        self.state = shape, kind, bool(fortran), data

    def numpy(self, depth: int) -> NDArray[Any]:
        shape, kind, fortran, data = self.state
        dtype = kind.numpy()
        if min(shape, default=0) < 0:
            raise ValueError(f"an array of shape {shape}")
        if dtype.hasobject:
            values = np.empty(len(data), object)
            for index, value in enumerate(data):
                values[index] = _plain(value, depth)
        else:
            values = np.frombuffer(data, dtype)
        return values.reshape(shape, order="F" if fortran else "C")


class _Unpickler(pickle._Unpickler):
    """Admits stand-ins for what rebuilds an array, by the names of NumPy 1 and 2, and nothing else.

    This is the unpickler in Python: the one in C allocates whatever memory a damaged pickle asks for.
    """

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy._core", "numpy.core")
        stand_in = {
            ("numpy.core.multiarray", "_reconstruct"): lambda kind, shape, code: _Array(),
            ("numpy.core.multiarray", "scalar"): _scalar,
            ("numpy", "ndarray"): None,
            ("numpy", "dtype"): _Type,
            ("_codecs", "encode"): _encode,
        }
        if (module, name) not in stand_in:
            raise _Refused(f"{module}.{name}")
        return stand_in[module, name]


def _scalar(kind: _Type, data: bytes) -> Any:
    return np.frombuffer(data, kind.numpy())[0]


def _encode(text: str, encoding: str) -> bytes:
    """How protocol 2 writes bytes."""
    if encoding != "latin1":
        raise _Refused(f"text in {encoding!r}")
    return text.encode("latin1")


def _plain(value: Any, depth: int = 0) -> Any:
    """The value with arrays in place of their stand-ins."""
    if depth > _DEPTH_LIMIT:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return {key: _plain(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, depth + 1) for part in value]
    if isinstance(value, _Array):
        return value.numpy(depth + 1)
    if value is None or isinstance(value, bool | int | float | str | bytes | np.generic):
        return value
    raise _Refused(f"an object of type {type(value).__name__}")
