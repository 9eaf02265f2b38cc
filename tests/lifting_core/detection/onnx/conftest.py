"""Small ONNX models whose output is known: their keypoints are the red, green and blue spots of a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

onnx = pytest.importorskip("onnx", reason="onnx, of the extra train, is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime, of the extra onnx, is not installed")

WIDTH, HEIGHT = 96, 128
JOINTS = ("pelvis", "thorax", "head")

Write = Callable[..., Path]


def _save(
    path: Path, nodes: Sequence[Any], outputs: Sequence[str], constants: dict[str, Any], batch: Any
) -> None:
    shape = [batch, 3, HEIGHT, WIDTH]
    graph = onnx.helper.make_graph(
        nodes,
        "spots",
        [onnx.helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)


@pytest.fixture
def write_heatmaps(tmp_path: Path) -> Write:
    """Heat maps of a quarter of the size, after others that are all zero, as in stacked networks."""

    def write(batch: Any = "N") -> Path:
        node = onnx.helper.make_node
        nodes = [
            node("AveragePool", ["images"], ["maps"], kernel_shape=[4, 4], strides=[4, 4]),
            node("Sub", ["maps", "maps"], ["first"]),
        ]
        _save(tmp_path / "maps.onnx", nodes, ["first", "maps"], {}, batch)
        return tmp_path / "maps.onnx"

    return write


@pytest.fixture
def write_bins(tmp_path: Path) -> Write:
    """SimCC with two bins a pixel."""

    def write(batch: Any = "N") -> Path:
        node = onnx.helper.make_node
        constants = {
            "rows": np.array([2], np.int64),
            "columns": np.array([3], np.int64),
            "twice": np.array([1, 1, 2], np.float32),
        }
        nodes = [
            node("ReduceMax", ["images", "rows"], ["x"], keepdims=0),
            node("ReduceMax", ["images", "columns"], ["y"], keepdims=0),
            node("Resize", ["x", "", "twice"], ["simcc_x"], mode="linear"),
            node("Resize", ["y", "", "twice"], ["simcc_y"], mode="linear"),
        ]
        _save(tmp_path / "bins.onnx", nodes, ["simcc_x", "simcc_y"], constants, batch)
        return tmp_path / "bins.onnx"

    return write


@pytest.fixture
def write_rows(tmp_path: Path) -> Write:
    """One-stage models that always put out the same."""

    def write(rows: NDArray[Any]) -> Path:
        node = onnx.helper.make_node
        nodes = [
            node("ReduceSum", ["images"], ["sum"], keepdims=0),
            node("Mul", ["sum", "zero"], ["nothing"]),
            node("Add", ["rows", "nothing"], ["output0"]),
        ]
        constants = {"rows": rows.astype(np.float32), "zero": np.array(0, np.float32)}
        _save(tmp_path / "rows.onnx", nodes, ["output0"], constants, 1)
        return tmp_path / "rows.onnx"

    return write


@pytest.fixture
def describe(tmp_path: Path) -> Callable[..., Path]:
    """Writes a description of a model, some entries changed."""

    def write(path: Path, kind: str, **changes: str) -> Path:
        entries = {
            "model": f'"{path.name}"',
            "output": f'"{kind}"',
            "joints": str(list(JOINTS)),
            "size": f"[{WIDTH}, {HEIGHT}]",
            **changes,
        }
        description = tmp_path / "model.toml"
        description.write_text("\n".join(f"{name} = {value}" for name, value in entries.items() if value))
        return description

    return write
