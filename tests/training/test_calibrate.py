from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from lifting_core.lifting.weights import LiftingModel, load_model
from training.calibrate import check, fit_spread, main, widen
from training.tasks.simulated import full_body_model


@pytest.fixture
def model(small_weights: Path) -> LiftingModel:
    return full_body_model(small_weights)


def off_by(model: LiftingModel, metres: Callable[[Tensor], Tensor]) -> Callable[[int], tuple[Tensor, Tensor]]:
    """Truth that lies so far from what the model says, in any direction; exponentially distributed."""
    random = torch.Generator().manual_seed(0)

    def draw(step: int) -> tuple[Tensor, Tensor]:
        features = torch.randn(256, len(model.input_mean), generator=random)
        joints = model(features)
        mean = metres(features).expand(joints.shape[:2])
        away = torch.nn.functional.normalize(torch.randn(joints.shape, generator=random), dim=-1)
        distance = -mean * torch.rand(mean.shape, generator=random).clamp(min=1e-6).log()
        return features, joints + distance[..., None] * away

    return draw


def test_joints_are_said_to_be_as_far_off_as_they_are(model: LiftingModel) -> None:
    """The likeliest spread is the mean distance, joint by joint."""
    means = torch.linspace(0.035, 0.07, len(model.profile.joints))
    draw = off_by(model, lambda _: means)
    fit_spread(model, draw, steps=1000)
    _, told = model.with_spread(draw(0)[0])
    assert told is not None
    torch.testing.assert_close(told.mean(0), means, rtol=0.1, atol=0)
    assert model.network.shape.spread == len(means)


def test_the_surest_fifth_comes_first(model: LiftingModel) -> None:
    """A network that says what it is told is checked on truth of which it is told half."""
    fit_spread(model, off_by(model, lambda _: torch.tensor(0.05)), steps=1)
    assert model.network.spread is not None
    model.network.spread.bias.copy_(torch.linspace(-4, -2, len(model.profile.joints)))
    model.network.spread.weight.zero_()
    means = 2 * torch.linspace(-4, -2, len(model.profile.joints)).exp()
    table = check(model, off_by(model, lambda _: means))
    assert len(table) == 5
    assert table == sorted(table)
    for told, true in table:
        assert true / told == pytest.approx(2, rel=0.05)


def test_spreads_become_as_large_as_other_people_ask_for(model: LiftingModel) -> None:
    means = torch.linspace(0.035, 0.07, len(model.profile.joints))
    fit_spread(model, off_by(model, lambda _: means), steps=1000)
    draw = off_by(model, lambda _: 1.5 * means)
    widen(model, draw)
    _, told = model.with_spread(draw(0)[0])
    assert told is not None
    torch.testing.assert_close(told.mean(0), 1.5 * means, rtol=0.1, atol=0)


def test_weights_learn_their_spreads(
    cmu_bvh: Callable[[Path, int], None],
    small_weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(5):
        cmu_bvh(tmp_path / "mocap" / f"subject{number}" / "walk.bvh", 20)
    data = ["--data", str(tmp_path / "mocap")]
    out = tmp_path / "calibrated.safetensors"
    assert main([str(small_weights), *data, "--out", str(out), "--steps", "2"]) == 0
    before, after = load_model(small_weights), load_model(out)
    assert before.network.spread is None
    features = torch.randn(4, len(before.input_mean))
    torch.testing.assert_close(after(features), before(features))
    joints, spread = after.with_spread(features)
    assert spread is not None
    assert spread.shape == joints.shape[:2]
    rows = re.search(r"told and true.*\n((?:  +\d+ +\d+\n){5})", capsys.readouterr().out)
    assert rows
    told = [int(row.split()[0]) for row in rows[1].splitlines()]
    assert told == sorted(told)


def test_weights_of_another_kind_are_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    arguments = [str(tmp_path / "none"), "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "do not exist" in caplog.messages[-1]
    assert not (tmp_path / "out").exists()
