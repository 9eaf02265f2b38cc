from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lifting_core.lifting.weights import LiftingModel, load_model, save_model
from training.average import main


def _moved(weights: Path, to: Path, by: float) -> LiftingModel:
    """The same weights with something added to each parameter of the network."""
    model = load_model(weights)
    for parameter in model.network.parameters():
        parameter += by
    save_model(model, to, torch.float32)
    return model


def test_every_parameter_is_the_mean(small_weights: Path, tmp_path: Path) -> None:
    model = _moved(small_weights, tmp_path / "after.safetensors", 0.5)
    parts = [str(small_weights), str(tmp_path / "after.safetensors")]
    assert main([*parts, "--out", str(tmp_path / "mean.safetensors")]) == 0
    mean = load_model(tmp_path / "mean.safetensors")
    for own, after in zip(mean.network.parameters(), model.network.parameters(), strict=True):
        torch.testing.assert_close(own, after - 0.25, atol=2e-3, rtol=1e-3)
    assert mean.profile.joints == model.profile.joints
    assert len(mean.profile.record["mean_of"]) == 2
    assert torch.equal(mean.output_deviation, model.output_deviation)


def test_weights_of_other_runs_are_refused(
    small_weights: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = load_model(small_weights)
    model.input_mean += 1
    save_model(model, tmp_path / "other.safetensors")
    parts = [str(small_weights), str(tmp_path / "other.safetensors")]
    assert main([*parts, "--out", str(tmp_path / "mean.safetensors")]) == 2
    assert "do not go on with each other's" in caplog.text
    assert not (tmp_path / "mean.safetensors").exists()
