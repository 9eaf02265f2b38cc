"""The training loop: from batches to fitted weights, whole checkpoints, and going on where it stopped."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole
from lifting_core.lifting.weights import LiftingModel
from lifting_core.skeleton import JOINT_PARENTS, JOINTS
from training.fitting.batches import Batches, Source
from training.fitting.cuda_graph import CapturedSteps
from training.fitting.processes import ALONE, Processes, share_batch_norm
from training.fitting.recipe import Recipe

BLOCK = 50
"""Steps whose batches are drawn at once for a CUDA graph, which holds so many."""
_BLOCK_WITHOUT_GRAPH = 10


@dataclass(frozen=True)
class Outcome:
    """What some steps of training came to."""

    loss: float
    """Mean of the steps."""
    error: float
    """Millimetres between predicted and true joints in the last step, dropout at work."""


class Fit:
    """A training run of a fixed number of steps that can stop and go on bit for bit.

    The model is on its device already; the source's batches must be too.
    """

    def __init__(
        self,
        model: LiftingModel,
        recipe: Recipe,
        source: Source,
        steps_per_epoch: int,
        processes: Processes = ALONE,
    ) -> None:
        self.model = model
        self.step = 0
        self._recipe = recipe
        self._source = source
        self._steps_per_epoch = steps_per_epoch
        self._processes = processes
        self._device = model.input_mean.device
        self._network: nn.Module = model
        if processes.count > 1:
            share_batch_norm(model)
            self._network = DistributedDataParallel(model)
        self._bones = _bones(model.profile.joints)
        on_cuda = self._device.type == "cuda"
        self._learning_rate = torch.tensor(recipe.learning_rate, device=self._device)
        self._optimiser = torch.optim.Adam(
            model.network.parameters(),
            lr=self._learning_rate if on_cuda else recipe.learning_rate,
            capturable=on_cuda,
            fused=True,
        )
        # A reduction among processes inside a graph is not worth its hazards.
        self._captured = CapturedSteps(self._set_rate_and_step) if on_cuda and processes.count == 1 else None

    def run(self, steps: int) -> Outcome:
        """Train for so many steps, which must not reach beyond the epoch."""
        self.model.train()
        self._set_momentum(self._recipe.batch_norm_momentum_at(self.step // self._steps_per_epoch))
        total = torch.zeros((), device=self._device)
        error = torch.zeros((), device=self._device)
        block = _BLOCK_WITHOUT_GRAPH if self._captured is None else BLOCK
        for first in range(0, steps, block):
            count = min(block, steps - first)
            loss, error = self._run_block(self._source.draw(self.step, count), count)
            total += loss
            self.step += count
        self.model.eval()
        total, error = self._processes.mean(total), self._processes.mean(error)
        return Outcome(float(total) / steps, 1000 * float(error))

    def _run_block(self, batches: Batches, count: int) -> tuple[Tensor, Tensor]:
        """Sum of the losses, and the joints' error in metres in the last step."""
        rates = [self._recipe.learning_rate_at(self.step + i, self._steps_per_epoch) for i in range(count)]
        if self._captured is not None and count == BLOCK:
            return self._captured.run(self._state_tensors, *batches, torch.tensor(rates))
        total = torch.zeros((), device=self._device)
        error = total
        for features, joints, rate in zip(*batches, rates, strict=True):
            loss, error = self._set_rate_and_step(features, joints, rate)
            total += loss
        return total, error

    def _set_rate_and_step(
        self, features: Tensor, joints: Tensor, rate: float | Tensor
    ) -> tuple[Tensor, Tensor]:
        if self._device.type == "cuda":
            if isinstance(rate, Tensor):
                self._learning_rate.copy_(rate)
            else:
                self._learning_rate.fill_(rate)
        else:
            self._optimiser.param_groups[0]["lr"] = rate
        with torch.autocast(
            self._device.type,
            torch.bfloat16,
            enabled=self._recipe.precision == "bfloat16",
            cache_enabled=False,
        ):
            predicted = self._network(features)
        distance = predicted.float() - joints
        loss = self._loss(distance)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return loss.detach(), distance.detach().norm(dim=-1).mean()

    def _loss(self, distance: Tensor) -> Tensor:
        if self._recipe.loss == "mpjpe":
            loss: Tensor = distance.norm(dim=-1).mean()
        else:
            loss = (distance / self.model.output_deviation.view(-1, 3)).square().mean()
        if self._recipe.bone_loss:
            bones = distance[:, self._bones[0]] - distance[:, self._bones[1]]
            loss = loss + self._recipe.bone_loss * bones.norm(dim=-1).mean()
        return loss

    def _set_momentum(self, momentum: float) -> None:
        for module in self.model.modules():
            if isinstance(module, nn.BatchNorm1d) and module.momentum != momentum:
                module.momentum = momentum
                if self._captured is not None:
                    self._captured.forget()  # the number is written into the graph

    def _state_tensors(self) -> list[Tensor]:
        """Everything that a step changes, in place."""
        optimised = [value for state in self._optimiser.state.values() for value in state.values()]
        return [*self.model.state_dict().values(), *optimised]

    def save(self, path: Path, history: list[dict[str, Any]]) -> None:
        """Write a checkpoint, whole or not at all; all processes must call this.

        Raises LiftPoseError when it cannot be written; a former checkpoint stays.
        """
        generators = self._processes.gather(_generator_states(self._device))
        if not self._processes.leads:
            return
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "generators": generators,
            "history": history,
        }
        whole = io.BytesIO()  # a full disk stops the plain write below with an error that says so
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
            _restore_generators(state["generators"][self._processes.rank], self._device)
        except (RuntimeError, OSError, pickle.UnpicklingError, KeyError, ValueError, EOFError) as error:
            raise InvalidInput(
                f"The checkpoint {path} is damaged or of another run.", "Remove it to begin again."
            ) from error
        self.step = state["step"]
        if self._device.type == "cuda":  # loading has put a tensor of its own in place of ours
            self._optimiser.param_groups[0]["lr"] = self._learning_rate
        history: list[dict[str, Any]] = state["history"]
        return history


def _bones(joints: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """Columns of joints whose parents are among the joints, and of these parents."""
    parents = {name: JOINTS[parent] for name, parent in zip(JOINTS, JOINT_PARENTS, strict=True)}
    bones = [name for name in joints if parents[name] in joints]
    return [joints.index(name) for name in bones], [joints.index(parents[name]) for name in bones]


def _generator_states(device: torch.device) -> dict[str, Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def _restore_generators(states: dict[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(states["cpu"].cpu())
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"].cpu(), device)
