from __future__ import annotations

import os
import pickle
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from lifting_core.errors import InvalidInput
from training.datasets import restricted_pickle
from training.datasets.restricted_pickle import read_object

arrays = npst.arrays(
    st.one_of(npst.floating_dtypes(sizes=(32, 64), endianness="?"), npst.integer_dtypes(endianness="?")),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
plain = st.one_of(st.integers(), st.floats(allow_nan=False), st.text(), st.none(), st.booleans())
trees = st.dictionaries(
    st.text(), st.one_of(plain, arrays, st.lists(arrays, max_size=4), st.dictionaries(st.text(), arrays))
)


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, np.ndarray):
        types = [array.dtype.newbyteorder("=") for array in (ours, theirs)]
        return bool(types[0] == types[1]) and np.array_equal(ours, theirs, equal_nan=True)
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return bool(ours == theirs)


def write_npz(path: Path, key: str, pickled: bytes) -> None:
    """As np.savez stores an object, around any pickle."""
    header = BytesIO()
    npy: Any = np.lib.format
    npy.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": ()})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{key}.npy", header.getvalue() + pickled)


@settings(deadline=None, max_examples=60)
@given(trees)
def test_what_numpy_saves_is_read_as_numpy_reads_it(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("npz") / "data.npz"
    np.savez_compressed(path, positions=np.array(tree))
    theirs = np.load(path, allow_pickle=True)["positions"].item()
    assert same(read_object(path, "positions"), theirs)


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_protocol_and_order(protocol: int, order: Any, tmp_path: Path) -> None:
    values = np.asarray(np.arange(24, dtype=np.float32).reshape(2, 3, 4), order=order)
    tree = np.array({"S1": {"Walking 1": values, "count": np.float64(3)}}, object)
    write_npz(tmp_path / "data.npz", "positions", pickle.dumps(tree, protocol))
    read = read_object(tmp_path / "data.npz", "positions")
    np.testing.assert_array_equal(read["S1"]["Walking 1"], values)
    assert read["S1"]["count"] == 3


def test_names_of_numpy_2_are_known(tmp_path: Path) -> None:
    pickled = pickle.dumps(np.array({"a": np.arange(3)}, object), 2)
    assert b"numpy.core" in pickled
    write_npz(tmp_path / "data.npz", "x", pickled.replace(b"numpy.core", b"numpy._core"))
    np.testing.assert_array_equal(read_object(tmp_path / "data.npz", "x")["a"], [0, 1, 2])


class Attack:
    """Asks the reader to call a function when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("place", ["alone", "in the tree", "as the shape"])
@pytest.mark.parametrize("function", [os.mkdir, eval])
def test_code_is_refused_and_not_run(function: Any, place: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    argument = str(trace) if function is os.mkdir else f"__import__('os').mkdir({str(trace)!r})"
    attack = Attack(function, argument)
    value = {
        "alone": attack,
        "in the tree": np.array({"S1": [np.zeros(3), attack]}, object),
        "as the shape": Attack(np.zeros(1).__reduce__()[0], np.ndarray, attack, b"b"),
    }[place]
    path = tmp_path / "data.npz"
    write_npz(path, "positions", pickle.dumps(value))
    with pytest.raises(InvalidInput, match=r"is refused.*could run a program"):
        read_object(path, "positions")
    assert not trace.exists()
    # The file does what the test says it does: an ordinary reader runs it.
    if place == "alone":
        np.load(path, allow_pickle=True)["positions"]
        assert trace.exists()


@pytest.mark.parametrize(
    "value",
    [
        Path("a"),
        {1, 2},
        np.array({"a": np.array(["text"])}, object),
        np.array({"a": np.zeros(2, [("x", "f4"), ("y", "f4")])}, object),
        np.array({"a": np.array(["2020-01-01"], "M8[D]")}, object),
        np.array({"a": 1j}, object),
    ],
    ids=["path", "set", "text", "record", "date", "complex"],
)
def test_other_objects_are_refused(value: object, tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    write_npz(path, "x", pickle.dumps(value))
    with pytest.raises(InvalidInput, match="is refused"):
        read_object(path, "x")


@pytest.mark.parametrize(
    "state",
    [
        (1, (1000000, 1000000), np.dtype("f4"), False, b"\0" * 8),
        (1, (2,), np.dtype("f4"), False, b"\0" * 7),
        (1, (-3,), np.dtype("f4"), False, b"\0" * 8),
        (1, (2,), np.dtype("O"), False, b"\0" * 16),
        (1, (2,)),
    ],
    ids=["huge", "short", "negative", "pointers", "few"],
)
def test_states_that_do_not_fit_are_refused(state: Any, tmp_path: Path) -> None:
    class Crafted:
        def __reduce__(self) -> Any:
            return np.zeros(1).__reduce__()[0], (np.ndarray, (0,), b"b"), state

    path = tmp_path / "data.npz"
    write_npz(path, "x", pickle.dumps(np.array({"a": Crafted()}, object)))
    with pytest.raises(InvalidInput):
        read_object(path, "x")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_files_that_are_cut_off_are_refused(share: float, tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(path, x=np.array({"a": np.random.default_rng(0).random(1000)}))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InvalidInput, match="damaged or cut off"):
        read_object(path, "x")


@settings(deadline=None)
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=6))
@example(49, b"r")  # asks for a memo of gigabytes
def test_damaged_pickles_never_end_in_another_exception(
    tmp_path_factory: pytest.TempPathFactory, place: int, noise: bytes
) -> None:
    pickled = bytearray(pickle.dumps(np.array({"S1": {"a": np.arange(6.0), "b": [1, "x"]}}, object)))
    place %= len(pickled)
    pickled[place : place + len(noise)] = noise
    path = tmp_path_factory.mktemp("npz") / "data.npz"
    write_npz(path, "x", bytes(pickled))
    with suppress(InvalidInput):
        read_object(path, "x")


def test_missing_files_keys_and_plain_arrays_are_told(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, x=np.arange(3))
    with pytest.raises(InvalidInput, match="holds no 'y'"):
        read_object(path, "y")
    with pytest.raises(InvalidInput, match="damaged"):
        read_object(path, "x")
    with pytest.raises(InvalidInput, match="does not exist"):
        read_object(tmp_path / "other.npz", "x")


def test_sizes_are_checked_before_unpacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(path, x=np.array({"a": np.zeros(1 << 20, np.float32)}))
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(restricted_pickle, "_SIZE_LIMIT", 1 << 20)
    with pytest.raises(InvalidInput, match="unpacks to 4 MB"):
        read_object(path, "x")
