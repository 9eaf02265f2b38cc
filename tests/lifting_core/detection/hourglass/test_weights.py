from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lifting_core.detection.hourglass.network import HourglassShape
from lifting_core.detection.hourglass.weights import (
    HourglassModel,
    HourglassProfile,
    load_hourglass,
    save_hourglass,
)
from lifting_core.errors import InvalidInput

_NAMES = ("pelvis", "left_hip", "right_hip")
_SHAPE = HourglassShape(stacks=2, joints=3, features=16, stem=(4, 8, 16), depth=2)


def _model() -> HourglassModel:
    torch.manual_seed(0)
    profile = HourglassProfile(_NAMES, 64, (0.4, 0.5, 0.6), {"seed": 0})
    return HourglassModel(profile, _SHAPE).eval()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    save_hourglass(_model(), path)
    return path


def test_what_is_written_is_read_back(weights: Path) -> None:
    model, again = _model(), load_hourglass(weights)
    assert again.profile == model.profile
    assert again.network.shape == _SHAPE
    images = torch.rand(2, 3, 64, 64)
    first, second = again(images), model(images)
    assert len(first) == 2
    assert first[-1].shape == (2, 3, 16, 16)
    torch.testing.assert_close(first[-1], second[-1], rtol=0, atol=0)


def _rewrite(path: Path, **metadata: str) -> None:
    """The same tensors with other metadata."""
    model = _model()
    known = {
        "format": "lift-pose-hourglass",
        "version": "1",
        "profile": json.dumps({"joints": _NAMES, "input_size": 64, "mean": (0, 0, 0), "record": {}}),
        "network": json.dumps({"stacks": 2, "joints": 3, "features": 16, "stem": [4, 8, 16], "depth": 2}),
    }
    tensors = {k: v for k, v in model.network.state_dict().items() if "num_batches" not in k}
    save_file(tensors, path, {**known, **metadata})


def test_rewriting_alone_does_no_harm(weights: Path) -> None:
    _rewrite(weights)
    load_hourglass(weights)


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"format": "other"}, "does not hold weights of a stacked hourglass"),
        ({"version": "2"}, "newer Lift Pose"),
        ({"profile": "{"}, "damaged"),
        (
            {"profile": json.dumps({"joints": ["pelvis"], "input_size": 64, "mean": [0, 0, 0]})},
            "1 names for 3",
        ),
        ({"profile": json.dumps({"joints": _NAMES, "input_size": 60, "mean": [0, 0, 0]})}, "60 pixels"),
        (
            {
                "network": json.dumps(
                    {"stacks": 3, "joints": 3, "features": 16, "stem": [4, 8, 16], "depth": 2}
                )
            },
            "miss",
        ),
        (
            {"network": json.dumps({"stacks": 2, "joints": 3, "features": 1 << 30, "stem": [4, 8, 16]})},
            "features",
        ),
        ({"network": json.dumps({"stacks": 2, "stem": ["a", 8, 16]})}, "no whole numbers"),
    ],
)
def test_metadata_that_does_not_fit_is_told(weights: Path, metadata: dict[str, str], told: str) -> None:
    _rewrite(weights, **metadata)
    with pytest.raises(InvalidInput, match=told):
        load_hourglass(weights)


def test_files_that_are_no_weights_are_told(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="do not exist"):
        load_hourglass(tmp_path / "none.safetensors")
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidInput, match="damaged"):
        load_hourglass(weights)


def test_nothing_but_the_tensors_is_in_the_file(weights: Path) -> None:
    assert not any("num_batches_tracked" in name for name in load_file(weights))
