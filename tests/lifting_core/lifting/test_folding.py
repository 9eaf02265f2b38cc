from __future__ import annotations

import copy
import dataclasses

import pytest
import torch
from torch import nn

from lifting_core.lifting import folding
from lifting_core.lifting.folding import FoldedLinear, folded
from lifting_core.lifting.weights import LiftingModel

BY_HALVES, BY_ONEDNN = folding._by_halves, folding._by_onednn
CPU = torch.device("cpu")


@torch.no_grad()
def experienced(model: LiftingModel) -> LiftingModel:
    """The model with statistics as training leaves them."""
    torch.manual_seed(1)
    for name, tensor in model.named_buffers():
        if name.endswith("mean"):
            tensor.normal_(0, 0.3)
        elif name.endswith(("var", "deviation")):
            tensor.uniform_(0.3, 2)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.weight.uniform_(-0.5, 1.5)
            module.bias.normal_(0, 0.2)
    return model.eval().requires_grad_(False)


def assert_same(model: LiftingModel, rows: int) -> None:
    """Folded, a model gives the same to 0.01 mm."""
    made = folded(model)
    features = torch.randn(rows, model.network.shape.inputs)
    with torch.inference_mode():
        joints, spread = model.with_spread(features)
        again, spread_again = made.with_spread(features)
        torch.testing.assert_close(again, joints, atol=1e-5, rtol=0)
        torch.testing.assert_close(spread_again, spread, atol=1e-5, rtol=0)
        torch.testing.assert_close(made(features), joints, atol=1e-5, rtol=0)


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 8, 300, 4096])
@pytest.mark.parametrize(
    "working", [{BY_HALVES, BY_ONEDNN}, {BY_ONEDNN}, set()], ids=["both", "onednn", "none"]
)
@pytest.mark.parametrize("halves", [True, False])
def test_folded_networks_give_the_same(
    rows: int,
    working: set[folding._Way],
    halves: bool,
    spread_model: LiftingModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folding, "_WORKING", working & folding._WORKING)
    model = experienced(spread_model)
    assert_same(model.half().float() if halves else model, rows)


@pytest.mark.parametrize("change", [{"max_norm": False}, {"residual": False}, {"batch_norm": False}])
def test_other_ingredients_are_folded_too(change: dict[str, bool], spread_model: LiftingModel) -> None:
    shape = dataclasses.replace(spread_model.network.shape, **change)
    other = LiftingModel(spread_model.profile, shape)
    assert_same(experienced(other), 3)


@pytest.mark.parametrize(
    ("rows", "halves", "way"), [(1, True, 0), (16, True, 0), (17, True, 1), (16, False, 1)]
)
def test_products_go_the_quickest_way(rows: int, halves: bool, way: int, model: LiftingModel) -> None:
    quickest = (BY_HALVES, BY_ONEDNN)[way]
    if quickest not in folding._WORKING:
        pytest.skip("this PyTorch or this CPU does not offer it")
    made = folded(model.half().float() if halves else model)
    made(torch.randn(rows, model.network.shape.inputs))
    assert list(made._packed) == [quickest]


def test_functions_that_pytorch_lacks_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert folding._works(folding._by_pytorch)
    monkeypatch.delattr(torch, "fbgemm_pack_gemm_matrix_fp16")
    assert not folding._works(BY_HALVES)
    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", None)
    assert not folding._works(BY_ONEDNN)


def test_functions_that_the_cpu_does_not_run_are_not_used() -> None:
    def refusing(layer: FoldedLinear) -> folding._Product:
        raise RuntimeError("This CPU has no AVX2.")

    assert not folding._works(refusing)


@pytest.mark.parametrize("rows", [1, 300])
def test_copies_give_the_same(rows: int, model: LiftingModel) -> None:
    made = folded(experienced(model).half().float())
    features = torch.randn(rows, model.network.shape.inputs)
    joints = made(features)
    assert torch.equal(copy.deepcopy(made)(features), joints)
    assert torch.equal(made.to(CPU)(features), joints)
    assert made.to(torch.device("meta"))(features.to("meta")).shape == joints.shape


def test_the_model_itself_stays_as_it_is(model: LiftingModel) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    features = torch.randn(1, model.network.shape.inputs)
    made = folded(model)
    joints = made(features)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    assert torch.equal(made.to(CPU)(features), joints), "nor does what became of it change with it"
