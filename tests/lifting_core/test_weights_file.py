from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lifting_core.errors import InvalidInput
from lifting_core.weights_file import WeightsKind, check_tensors, read_weights, weights_of, write_weights

KIND = WeightsKind("a-test", 2, "weights of a test", "Use others.")


def both(metadata: dict[str, Any], tensors: dict[str, Tensor]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    return metadata, tensors


def test_metadata_and_tensors_come_back(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    write_weights(tmp_path / "w", KIND, {"names": ["a", "b"], "size": 3}, weights_of(module))
    metadata, tensors = read_weights(tmp_path / "w", KIND, both)
    assert metadata == {"names": ["a", "b"], "size": 3}
    check_tensors(weights_of(module), tensors)
    for name, tensor in weights_of(module).items():
        assert torch.equal(tensor, tensors[name])


def test_other_kinds_and_newer_versions_are_refused(tmp_path: Path) -> None:
    write_weights(tmp_path / "w", KIND, {}, {"a": torch.zeros(1)})
    with pytest.raises(InvalidInput, match="does not hold weights of dogs"):
        read_weights(tmp_path / "w", WeightsKind("dogs", 2, "weights of dogs", ""), both)
    with pytest.raises(InvalidInput, match="newer Lift Pose"):
        read_weights(tmp_path / "w", WeightsKind("a-test", 1, "", ""), both)
    with pytest.raises(InvalidInput, match="do not exist"):
        read_weights(tmp_path / "none", KIND, both)
    (tmp_path / "w").write_bytes(b"\xff" * 40)
    with pytest.raises(InvalidInput, match="damaged"):
        read_weights(tmp_path / "w", KIND, both)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, "a is missing"),
        ({"a": torch.zeros(2), "b": torch.zeros(1)}, "b is unexpected"),
        ({"a": torch.zeros(3)}, r"shape \(3,\), not \(2,\)"),
        ({"a": torch.zeros(2, dtype=torch.int64)}, "not real numbers"),
    ],
)
def test_tensors_must_be_those_expected(tensors: dict[str, Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_tensors({"a": torch.zeros(2)}, tensors)
