from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from lifting_core.lifting.folding import folded
from lifting_core.lifting.weights import LiftingModel


@torch.no_grad()
def experienced(model: LiftingModel) -> LiftingModel:
    """The model with statistics as training leaves them."""
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.3, 2)
            module.weight.uniform_(0.5, 1.5)
            module.bias.normal_(0, 0.2)
    return model


@pytest.mark.parametrize("rows", [1, 7, 8, 500])
@pytest.mark.parametrize("max_norm", [True, False])
def test_folded_networks_give_the_same(rows: int, max_norm: bool, video_model: LiftingModel) -> None:
    model = experienced(video_model)
    shape = dataclasses.replace(model.network.shape, max_norm=max_norm)
    single = experienced(LiftingModel(model.profile, shape)).eval().requires_grad_(False)
    made = folded(single)
    features = torch.randn(rows, shape.inputs)
    with torch.inference_mode():
        for one, other in zip(made.with_spread(features), single.with_spread(features), strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
    assert model.temporal is not None
    temporal = folded(model).temporal
    assert temporal is not None
    windows = torch.randn(rows, 9, model.temporal.network.shape.inputs)
    with torch.inference_mode():
        torch.testing.assert_close(temporal(windows), model.temporal(windows), atol=1e-5, rtol=0)


def test_the_model_itself_stays_as_it_is(model: LiftingModel) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    made = folded(model)
    assert not any(isinstance(module, nn.BatchNorm1d) for module in made.modules())
    assert any(isinstance(module, nn.BatchNorm1d) for module in model.modules())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
