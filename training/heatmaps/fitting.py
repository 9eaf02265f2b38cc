"""The training loop of the stacked hourglass."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lifting_core.detection.hourglass.weights import HourglassModel
from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole
from training.heatmaps.recipe import HourglassRecipe
from training.heatmaps.samples import Sample


class HeatmapFit:
    """A run of a fixed number of steps that can stop and go on bit for bit. The model is on its device."""

    def __init__(self, model: HourglassModel, recipe: HourglassRecipe) -> None:
        self.model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.step = 0
        self._recipe = recipe
        self._device = next(model.network.parameters()).device
        # Torch7's defaults, with which the authors trained.
        self._optimiser = torch.optim.RMSprop(
            self.model.requires_grad_().network.parameters(), recipe.learning_rate, alpha=0.99, eps=1e-8
        )

    def run(self, batches: Iterable[Sample]) -> float:
        """Train on some batches; returns the mean loss."""
        self.model.train()
        total, count = torch.zeros((), device=self._device), 0
        for batch in batches:
            total += self._train(*(tensor.to(self._device, non_blocking=True) for tensor in batch))
            count += 1
        self.model.eval()
        return float(total) / count

    def _train(self, images: Tensor, targets: Tensor, known: Tensor) -> Tensor:
        self._optimiser.param_groups[0]["lr"] = self._recipe.learning_rate_at(self.step)
        bfloat16 = self._recipe.precision == "bfloat16"
        with torch.autocast(self._device.type, torch.bfloat16, enabled=bfloat16):
            predicted = self.model(images.contiguous(memory_format=torch.channels_last))
        loss = heatmap_loss(predicted, targets, known)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self.step += 1
        return loss.detach()

    def save(self, path: Path, history: list[dict[str, Any]]) -> None:
        """Write a checkpoint, whole or not at all. Raises LiftPoseError when it cannot be written."""
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "history": history,
        }
        whole = io.BytesIO()
        torch.save(state, whole)
        with written_whole(path) as temporary:
            temporary.write_bytes(whole.getbuffer())

    def resume(self, path: Path) -> list[dict[str, Any]]:
        """Go on where a checkpoint of the same run stopped; returns its history.

        Raises InvalidInput when the file is damaged.
        """
        try:
            state = torch.load(path, map_location=self._device, weights_only=True)
            self.model.load_state_dict(state["model"])
            self._optimiser.load_state_dict(state["optimiser"])
        except (RuntimeError, OSError, pickle.UnpicklingError, KeyError, ValueError, EOFError) as error:
            raise InvalidInput(
                f"The checkpoint {path} is damaged or of another run.", "Remove it to begin again."
            ) from error
        self.step = state["step"]
        history: list[dict[str, Any]] = state["history"]
        return history


def heatmap_loss(predicted: list[Tensor], targets: Tensor, known: Tensor) -> Tensor:
    """The sum over the stacks of the mean squared error of heat maps (Newell et al., section 4.1).

    Maps of joints that are not annotated, 0 in `known` (N, J), count as right.
    """
    losses = [((maps.float() - targets).square() * known[..., None, None]).mean() for maps in predicted]
    return torch.stack(losses).sum()
