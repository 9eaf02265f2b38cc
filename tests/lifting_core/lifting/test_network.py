from __future__ import annotations

import pytest
import torch

from lifting_core.lifting.network import LiftingNetwork, NetworkShape


def plain_forward(network: LiftingNetwork, x: torch.Tensor) -> torch.Tensor:
    """Figure 2 of the paper written out with bare tensors, in evaluation mode."""
    state = network.state_dict()

    def linear(name: str, value: torch.Tensor) -> torch.Tensor:
        weight = state[f"{name}.weight"]
        norm = weight.square().sum().sqrt()
        return value @ (weight / norm if norm > 1 else weight).T + state[f"{name}.bias"]

    def layer(name: str, value: torch.Tensor) -> torch.Tensor:
        value = linear(f"{name}.linear", value)
        mean, variance = (state[f"{name}.batch_norm.running_{part}"] for part in ("mean", "var"))
        value = (value - mean) / (variance + 1e-5).sqrt()
        value = value * state[f"{name}.batch_norm.weight"] + state[f"{name}.batch_norm.bias"]
        return value.clamp(min=0)

    x = layer("entry", x)
    for block in range(network.shape.blocks):
        x = x + layer(f"blocks.{block}.second", layer(f"blocks.{block}.first", x))
    return linear("exit", x)


def test_the_paper_s_network_has_4_29_million_parameters() -> None:
    network = LiftingNetwork(NetworkShape(inputs=32, outputs=48))
    assert sum(parameter.numel() for parameter in network.parameters()) == 4_291_632


def test_forward_equals_the_figure_written_out() -> None:
    torch.manual_seed(1)
    network = LiftingNetwork(NetworkShape(inputs=32, outputs=48, width=64))
    network.train()
    for _ in range(5):
        network(torch.randn(64, 32) * 2 + 1)  # moves the running statistics away from 0 and 1
    network.eval()
    x = torch.randn(7, 32)
    torch.testing.assert_close(network(x), plain_forward(network, x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "shape",
    [
        NetworkShape(6, 9, width=16, residual=False),
        NetworkShape(6, 9, width=16, batch_norm=False),
        NetworkShape(6, 9, width=16, max_norm=False, blocks=0),
    ],
)
def test_every_ingredient_can_be_left_out(shape: NetworkShape) -> None:
    network = LiftingNetwork(shape)
    assert network(torch.randn(4, 6)).shape == (4, 9)
    assert any("batch_norm" in name for name in network.state_dict()) == shape.batch_norm


def test_max_norm_holds_whole_matrices_and_lets_small_ones_be() -> None:
    network = LiftingNetwork(NetworkShape(inputs=4, outputs=2, width=8, blocks=0, batch_norm=False)).eval()
    with torch.no_grad():
        network.entry.linear.weight.copy_(torch.full((8, 4), 0.01))
        network.entry.linear.bias.fill_(1.0)
        network.exit.weight.copy_(torch.ones(2, 8))
        network.exit.bias.zero_()
    hidden = 1 + 0.04
    torch.testing.assert_close(network(torch.ones(1, 4)), torch.full((1, 2), 8 * hidden / 4))
