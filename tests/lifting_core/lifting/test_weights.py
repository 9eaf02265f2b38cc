from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lifting_core.errors import InvalidInput
from lifting_core.lifting.weights import DEFAULT_WEIGHTS, LiftingModel, load_model, save_model
from lifting_core.skeleton import JOINTS


def test_a_saved_model_comes_back(model: LiftingModel, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_model(model, path)
    loaded = load_model(path)
    assert loaded.profile == model.profile
    assert loaded.network.shape == model.network.shape
    features = torch.randn(5, len(model.profile.keypoints), 3)
    torch.testing.assert_close(loaded(features), model(features), rtol=0.02, atol=0.01)  # half precision


def test_a_saved_network_comes_back_with_its_spreads(spread_model: LiftingModel, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_model(spread_model, path)
    loaded = load_model(path)
    assert loaded.network.shape == spread_model.network.shape
    features = torch.randn(5, spread_model.network.shape.inputs)
    for ours, theirs in zip(loaded.with_spread(features), spread_model.with_spread(features), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.01)  # half precision


def test_the_shipped_weights_load_and_are_small() -> None:
    model = load_model(DEFAULT_WEIGHTS)
    assert DEFAULT_WEIGHTS.stat().st_size <= 10_000_000
    assert model.profile.joints == JOINTS[1:]


def _save_with(path: Path, model: LiftingModel, metadata: dict[str, str], **tensors: torch.Tensor) -> None:
    save_model(model, path)
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        metadata = {**file.metadata(), **metadata}
    save_file(load_file(path) | tensors, path, metadata)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"format": "pt"}, "does not hold weights"),
        ({"version": "99"}, "newer Lift Pose"),
        ({"profile": "{"}, "damaged"),
        ({"profile": '{"keypoints": ["nose"], "joints": ["tail"], "stature": 1.7}'}, "unknown joints tail"),
        ({"network": '{"inputs": 21, "outputs": 18, "width": 1000000000}'}, "absurd"),
        ({"network": '{"inputs": 21, "outputs": 18, "width": 64}'}, "shape"),
        ({"network": '{"inputs": 22, "outputs": 18, "width": 32}'}, "fit"),
    ],
)
def test_foreign_and_contradictory_files_are_refused(
    model: LiftingModel, tmp_path: Path, metadata: dict[str, str], message: str
) -> None:
    path = tmp_path / "weights.safetensors"
    _save_with(path, model, metadata)
    with pytest.raises(InvalidInput, match=message):
        load_model(path)


def test_a_surplus_tensor_is_named(model: LiftingModel, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    _save_with(path, model, {}, surplus=torch.zeros(1))
    with pytest.raises(InvalidInput, match="surplus is unexpected"):
        load_model(path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"\x10\x00\x00\x00\x00\x00\x00\x00{}"])
def test_broken_headers_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="damaged"):
        load_model(path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="do not exist"):
        load_model(tmp_path / "none.safetensors")
