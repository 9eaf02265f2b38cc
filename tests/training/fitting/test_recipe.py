from __future__ import annotations

import pytest
import torch
from torch import nn

from lifting_core.lifting.weights import Profile
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.fitting.model import new_model, standardise
from training.fitting.recipe import MODERN, PAPER, SIMULATED, Recipe

PROFILE = Profile(
    tuple(name for name in HUMAN36M_JOINTS if name != "neck"), HUMAN36M_JOINTS[1:], 1.7, {}, "pixels"
)


def test_the_paper_s_rate_falls_continuously_by_4_percent_in_100_000_steps() -> None:
    assert PAPER.learning_rate_at(0, 24371) == 1e-3
    assert PAPER.learning_rate_at(50_000, 24371) == pytest.approx(1e-3 * 0.96**0.5)
    assert PAPER.learning_rate_at(100_000, 24371) == pytest.approx(0.96e-3)


def test_rates_by_epoch_fall_in_stairs_and_over_the_run_to_its_end() -> None:
    assert MODERN.learning_rate_at(99, 100) == 1e-3
    assert MODERN.learning_rate_at(100, 100) == pytest.approx(0.95e-3)
    assert SIMULATED.learning_rate_at(100 * SIMULATED.epochs, 100) == pytest.approx(1e-5)


def test_momentum_falls_exponentially() -> None:
    assert MODERN.batch_norm_momentum_at(0) == pytest.approx(0.1)
    assert MODERN.batch_norm_momentum_at(MODERN.epochs - 1) == pytest.approx(0.001)
    assert PAPER.batch_norm_momentum_at(100) == pytest.approx(0.01)


def test_the_paper_s_initialisation_is_a_cut_off_normal_for_weights_and_biases() -> None:
    torch.manual_seed(0)
    hidden = new_model(PROFILE, PAPER).network.blocks[0].first.linear
    for parameter in (hidden.weight.detach(), hidden.bias.detach()):
        deviation = (2 / 1024) ** 0.5
        assert parameter.abs().max() <= 2 * deviation
        # A normal cut off at two standard deviations keeps 0.8796 of its own.
        assert parameter.std() == pytest.approx(0.8796 * deviation, rel=0.06)


@pytest.mark.parametrize(("initialisation", "largest"), [("kaiming_weights", 0.045), ("pytorch", 0.045)])
def test_other_initialisations_leave_pytorch_s_biases(initialisation: str, largest: float) -> None:
    torch.manual_seed(0)
    recipe = Recipe(initialisation=initialisation, width=512)  # type: ignore[arg-type]
    bias = new_model(PROFILE, recipe).network.blocks[0].first.linear.bias
    assert bias.abs().max() <= largest  # uniform up to 1 / sqrt(512)


@pytest.mark.parametrize(
    ("change", "absent"),
    [
        ({"batch_norm": False}, nn.BatchNorm1d),
        ({"blocks": 0}, nn.ModuleList),
    ],
)
def test_ingredients_can_be_left_out(change: dict[str, bool], absent: type[nn.Module]) -> None:
    network = new_model(PROFILE, Recipe(width=32, **change)).network  # type: ignore[arg-type]
    assert not [m for m in network.modules() if isinstance(m, absent) and list(m.parameters())]


def test_normalisation_makes_every_dimension_standard() -> None:
    model = new_model(PROFILE, Recipe(width=32))
    features = 400 + torch.randn(5000, 16, 2, generator=torch.Generator().manual_seed(0)) * 80
    joints = torch.randn(5000, 16, 3, generator=torch.Generator().manual_seed(1)) * 0.2 + 0.1
    standardise(model, features, joints)
    inputs = (features.flatten(1) - model.input_mean) / model.input_deviation
    assert inputs.mean(0).abs().max() < 1e-4
    assert (inputs.std(0) - 1).abs().max() < 1e-3
    torch.testing.assert_close(model.output_mean, joints.flatten(1).mean(0), atol=1e-6, rtol=0)
