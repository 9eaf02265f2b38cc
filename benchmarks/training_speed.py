"""Training steps a second against a plain PyTorch loop with a DataLoader, in one run: `training_speed.py`.

Both train the paper's network, max-norm and all, on the same random poses in batches of 64. The plain loop
is what ports of the paper do: a Dataset, a DataLoader with workers, Adam as it comes, single precision. All
take turns, round by round, so that other work on the machine strikes them alike; the ratio is that of the
rounds' medians. A bfloat16 run trains as well as one in single precision (`training.train --precision`).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from lifting_core.lifting.device import choose_device, device_name
from lifting_core.lifting.weights import Profile
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.fitting.batches import Shuffled
from training.fitting.loop import BLOCK, Fit
from training.fitting.model import new_model
from training.fitting.recipe import PAPER, Precision

BATCH = 64
STEPS_OF_THE_PAPER = 200 * 24_371


class PlainLinear(nn.Linear):
    """Clips its weights by their norm in every pass."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight / self.weight.norm().clamp(min=1.0), self.bias)


class PlainBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_layer(1024), *_layer(1024))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.layers(x)
        return y


def _layer(inputs: int) -> tuple[nn.Module, ...]:
    return PlainLinear(inputs, 1024), nn.BatchNorm1d(1024), nn.ReLU(), nn.Dropout(0.5)


class Poses(Dataset[tuple[Tensor, Tensor]]):
    """One pose at a time, as ports hold them."""

    def __init__(self, features: Tensor, joints: Tensor) -> None:
        self._features, self._joints = features.flatten(1).numpy(), joints.flatten(1).numpy()

    def __len__(self) -> int:
        return len(self._features)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self._features[index]), torch.from_numpy(self._joints[index])


def plain_loop(features: Tensor, joints: Tensor, device: torch.device, workers: int) -> Callable[[int], None]:
    """Trains for so many steps."""
    network = nn.Sequential(*_layer(32), PlainBlock(), PlainBlock(), PlainLinear(1024, 48)).to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    loader = DataLoader(Poses(features, joints), BATCH, shuffle=True, drop_last=True, num_workers=workers)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from loader

    stream = batches()

    def run(steps: int) -> None:
        for _ in range(steps):
            x, y = (tensor.to(device) for tensor in next(stream))
            optimiser.zero_grad()
            functional.mse_loss(network(x), y).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        _finish(device)

    return run


def our_loop(
    features: Tensor, joints: Tensor, device: torch.device, precision: Precision
) -> Callable[[int], None]:
    """Trains for so many steps, which do not reach beyond the data."""
    names = tuple(name for name in HUMAN36M_JOINTS if name != "neck")
    recipe = replace(PAPER, precision=precision)
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    model = new_model(Profile(names, HUMAN36M_JOINTS[1:], 1.7, {}, "pixels"), recipe).to(device)
    source = Shuffled(features.to(device), joints.to(device), BATCH, 0)
    fit = Fit(model, recipe, source, source.steps_per_epoch)

    def run(steps: int) -> None:
        fit.step -= fit.step % source.steps_per_epoch
        fit.run(steps)
        _finish(device)

    return run


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=2 * BLOCK, help=f"in a round, a multiple of {BLOCK}")
    parser.add_argument("--workers", type=int, default=2, help="of the DataLoader")
    options = parser.parse_args()
    device = choose_device(options.device)
    random = torch.Generator().manual_seed(0)
    poses = max(options.steps, 1000) * BATCH
    features = torch.randn(poses, 16, 2, generator=random)
    joints = torch.randn(poses, 16, 3, generator=random)
    loops = {
        "plain": plain_loop(features, joints, device, options.workers),
        "float32": our_loop(features, joints, device, "float32"),
        "bfloat16": our_loop(features, joints, device, "bfloat16"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for round_number in range(options.rounds + 1):
        for name, run in loops.items():
            began = time.perf_counter()
            run(options.steps)
            if round_number > 0:  # the first warms up
                seconds[name].append(time.perf_counter() - began)
    rates = {name: options.steps / statistics.median(times) for name, times in seconds.items()}
    result = {
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "steps_per_second": {name: round(rate, 1) for name, rate in rates.items()},
        "ratio": {name: round(rate / rates["plain"], 2) for name, rate in rates.items()},
        "hours_for_the_paper": {
            name: round(STEPS_OF_THE_PAPER / rate / 3600, 2) for name, rate in rates.items()
        },
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
