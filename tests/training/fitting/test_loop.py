from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.lifting.weights import LiftingModel, Profile
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.fitting.batches import Shuffled
from training.fitting.loop import Fit
from training.fitting.model import new_model, standardise
from training.fitting.recipe import MODERN, PAPER, Recipe

SMALL = replace(PAPER, width=32, epochs=3, batch_size=32)
NAMES = tuple(name for name in HUMAN36M_JOINTS if name != "neck")


@pytest.fixture(scope="module")
def poses() -> tuple[Tensor, Tensor]:
    """(320, 16, 2) pixels and the (320, 16, 3) joints that they depend on."""
    random = torch.Generator().manual_seed(0)
    shapes = torch.randn(4, 48, generator=random)
    joints = (0.15 * torch.randn(320, 4, generator=random) @ shapes).view(320, 16, 3)
    return 500 + 230 * joints[..., :2] * (1 - 0.2 * joints[..., 2:]), joints


def fit(poses: tuple[Tensor, Tensor], recipe: Recipe = SMALL, device: str = "cpu") -> Fit:
    torch.manual_seed(0)
    model = new_model(Profile(NAMES, HUMAN36M_JOINTS[1:], 1.7, {}, "pixels"), recipe)
    standardise(model, *poses)
    model = model.to(device)
    source = Shuffled(*(tensor.to(device) for tensor in poses), recipe.batch_size, 0)
    return Fit(model, recipe, source, source.steps_per_epoch)


def weights(model: LiftingModel) -> Tensor:
    return torch.cat([p.flatten().float().cpu() for p in model.state_dict().values()])


def test_steps_equal_a_plain_loop(poses: tuple[Tensor, Tensor]) -> None:
    """The paper's update written out: standardised MSE, Adam, decaying rate, weights of norm 1 at most."""
    recipe = replace(SMALL, dropout=0.0, batch_norm=False, decay_over=3)
    fitted = fit(poses, recipe)
    plain = {name: p.detach().clone() for name, p in fitted.model.network.named_parameters()}
    features, joints = fitted._source.draw(0, 5)
    moments = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in plain.items()}
    model = fitted.model

    def forward(x: Tensor, p: dict[str, Tensor]) -> Tensor:
        def linear(name: str, x: Tensor) -> Tensor:
            weight, norm = p[f"{name}.weight"], p[f"{name}.weight"].square().sum().sqrt()
            return x @ (weight / norm if norm > 1 else weight).T + p[f"{name}.bias"]

        x = linear("entry.linear", x).relu()
        for block in ("blocks.0", "blocks.1"):
            x = x + linear(f"{block}.second.linear", linear(f"{block}.first.linear", x).relu()).relu()
        return linear("exit", x)

    for step in range(5):
        leaves = {name: p.requires_grad_() for name, p in plain.items()}
        x = (features[step].flatten(1) - model.input_mean) / model.input_deviation
        y = (joints[step].flatten(1) - model.output_mean) / model.output_deviation
        gradients = torch.autograd.grad((forward(x, leaves) - y).square().mean(), list(leaves.values()))
        rate = 1e-3 * 0.96 ** (step / 3)
        for (name, p), gradient in zip(leaves.items(), gradients, strict=True):
            first, second = moments[name]
            first.mul_(0.9).add_(0.1 * gradient)
            second.mul_(0.999).add_(0.001 * gradient**2)
            unbiased = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.999 ** (step + 1))
            plain[name] = p.detach() - rate * unbiased[0] / (unbiased[1].sqrt() + 1e-8)
    fitted.run(5)
    for name, p in fitted.model.network.named_parameters():
        torch.testing.assert_close(p.detach(), plain[name], atol=2e-5, rtol=1e-4)


def test_the_same_seed_gives_the_same_weights_and_the_error_falls(poses: tuple[Tensor, Tensor]) -> None:
    runs, outcomes = [], []
    for _ in range(2):
        runs.append(fit(poses))
        outcomes.append(runs[-1].run(10))
    assert outcomes[0] == outcomes[1]
    assert torch.equal(weights(runs[0].model), weights(runs[1].model))
    for _ in range(30):
        last = runs[0].run(10)
    assert last.error < 0.8 * outcomes[0].error


def test_a_resumed_run_ends_with_the_same_bits(poses: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    whole = fit(poses)
    for _ in range(3):
        whole.run(10)
    begun = fit(poses)
    begun.run(10)
    begun.save(tmp_path / "checkpoint.pt", [{"epoch": 1, "loss": 0.5}])
    torch.manual_seed(99)
    torch.rand(5)  # whatever another process did
    resumed = fit(poses)
    assert resumed.resume(tmp_path / "checkpoint.pt") == [{"epoch": 1, "loss": 0.5}]
    resumed.run(10)
    resumed.run(10)
    assert torch.equal(weights(resumed.model), weights(whole.model))


@pytest.mark.parametrize("recipe", [SMALL, replace(MODERN, width=32, epochs=3, batch_size=32)])
def test_bfloat16_fits_about_as_well(poses: tuple[Tensor, Tensor], recipe: Recipe) -> None:
    errors = []
    for precision in ("float32", "bfloat16"):
        run = fit(poses, replace(recipe, precision=precision, dropout=0.1))
        for _ in range(10):
            outcome = run.run(10)
        errors.append(outcome.error)
    assert errors[1] == pytest.approx(errors[0], rel=0.05)


def test_a_full_disk_keeps_the_former_checkpoint(poses: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    run, path = fit(poses), tmp_path / "checkpoint.pt"
    run.save(path, [])
    before = path.read_bytes()
    run.run(1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))  # a write beyond fails
    try:
        with pytest.raises(LiftPoseError, match="cannot be written"):
            run.save(path, [])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"\x80\x04" + b])
def test_a_damaged_checkpoint_is_refused(poses: tuple[Tensor, Tensor], tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    run, path = fit(poses), tmp_path / "checkpoint.pt"
    run.save(path, [])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InvalidInput, match="damaged"):
        run.resume(path)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")
def test_captured_steps_equal_plain_ones(poses: tuple[Tensor, Tensor]) -> None:
    recipe = replace(SMALL, dropout=0.0, batch_size=4)  # 80 steps an epoch: a block of 50, and 30 without
    captured, plain = fit(poses, recipe, "cuda"), fit(poses, recipe, "cuda")
    plain._captured = None
    for _ in range(2):
        outcomes = [captured.run(80), plain.run(80)]
        assert outcomes[0].loss == pytest.approx(outcomes[1].loss, rel=1e-4)
    torch.testing.assert_close(weights(captured.model), weights(plain.model), rtol=1e-3, atol=1e-4)
