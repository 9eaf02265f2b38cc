"""The training loop: from batches to fitted weights, whole checkpoints, and resuming where it stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lifting_core.files import written_whole
from lifting_core.lifting.weights import LiftingModel
from training.recipe import Recipe

log = logging.getLogger(__name__)

Batch = tuple[Tensor, Tensor]
"""Features (N, K, 3) and joints (N, J, 3) in metres."""


class Fit:
    """A training run of a fixed number of steps that can stop and go on bit for bit."""

    def __init__(self, model: LiftingModel, recipe: Recipe, steps: int, generator: torch.Generator) -> None:
        self.model = model
        self.recipe = recipe
        self.steps = steps
        self.step = 0
        self._generator = generator
        self._optimiser = torch.optim.Adam(model.network.parameters(), lr=recipe.learning_rate, fused=True)
        decay = (recipe.final_learning_rate / recipe.learning_rate) ** (1 / steps)
        self._schedule = torch.optim.lr_scheduler.ExponentialLR(self._optimiser, decay)

    def run(self, draw: Callable[[], Batch], steps: int) -> float:
        """Train on `steps` batches; returns their mean loss."""
        self.model.train()
        total = torch.zeros(())
        for _ in range(steps):
            total += self._train_on(*draw())
        self.model.eval()
        return float(total) / steps

    def _train_on(self, features: Tensor, joints: Tensor) -> Tensor:
        with torch.autocast(features.device.type, torch.bfloat16, enabled=self.recipe.bfloat16):
            predicted = self.model(features)
        loss = self._loss(predicted.float(), joints)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self._schedule.step()
        self.step += 1
        return loss.detach().cpu()

    def _loss(self, predicted: Tensor, joints: Tensor) -> Tensor:
        if self.recipe.loss == "mpjpe":
            error: Tensor = (predicted - joints).norm(dim=-1)
        else:
            deviation = self.model.output_deviation.reshape(-1, 3)
            error = ((predicted - joints) / deviation).square()
        return error.mean()

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "samples": self._generator.get_state(),
            "dropout": torch.get_rng_state(),
        }
        with written_whole(path) as temporary:
            torch.save(state, temporary)

    def resume(self, path: Path) -> None:
        """Go on where a checkpoint of the same run stopped."""
        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self._generator.set_state(state["samples"])
        torch.set_rng_state(state["dropout"])
        log.info("Resuming after %d of %d steps.", self.step, self.steps)
