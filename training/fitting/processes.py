"""Several processes that train one model, started by torchrun."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed

# Its functions take the process group of the moment of its import as their default. Imported by an optimiser
# later on, it would keep Gloo's threads alive beyond the group's end, and one of them that still held a
# tensor when Python ended would bring the process down.
import torch.distributed.nn
from torch import Tensor, nn


@dataclass(frozen=True)
class Processes:
    """This process among all."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and speaks to the user."""
        return self.rank == 0

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a tensor over all processes."""
        if self.count > 1:
            torch.distributed.all_reduce(value)
            value = value / self.count
        return value

    def gather(self, value: Any) -> list[Any]:
        """Everybody's value, by rank."""
        if self.count == 1:
            return [value]
        values: list[Any] = [None] * self.count
        torch.distributed.all_gather_object(values, value)
        return values


ALONE = Processes()


@contextmanager
def joined(device: torch.device) -> Iterator[tuple[Processes, torch.device]]:
    """Join the other processes if torchrun started this one; tells the device of each on a machine.

    Processes on GPUs speak over NCCL, on CPUs over Gloo.
    """
    if "LOCAL_RANK" not in os.environ:
        yield ALONE, device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(torch.distributed.get_rank(), torch.distributed.get_world_size()), device
    finally:
        torch.distributed.destroy_process_group()


class SharedBatchNorm(nn.BatchNorm1d):
    """Batch normalisation by the statistics of the batches of all processes together.

    PyTorch's own SyncBatchNorm runs on GPUs only.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name of nn.BatchNorm1d's parameter)
        if not self.training:
            return super().forward(input)
        variance, mean = torch.var_mean(input.float(), dim=0, correction=0)
        moments = torch.stack([mean, variance + mean.square()])
        mean, square = _MeanOfAll.apply(moments)  # type: ignore[no-untyped-call]
        variance = (square - mean.square()).clamp(min=0.0)
        with torch.no_grad():
            size = len(input) * torch.distributed.get_world_size()
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.momentum is not None
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (size / (size - 1)), self.momentum)
        normalised: Tensor = (input - mean) * (variance + self.eps).rsqrt() * self.weight + self.bias
        return normalised.to(input.dtype)


class _MeanOfAll(torch.autograd.Function):
    """The mean of a tensor over the processes, through which gradients flow back to all of them."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        return _mean_of_all(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _mean_of_all(gradients[0])


def _mean_of_all(value: Tensor) -> Tensor:
    total = value.clone()
    torch.distributed.all_reduce(total)
    mean: Tensor = total / torch.distributed.get_world_size()
    return mean


def share_batch_norm(network: nn.Module) -> None:
    """Replace every batch normalisation in a network by one over all processes."""
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.BatchNorm1d):
            shared = SharedBatchNorm(module.num_features, module.eps)
            shared.load_state_dict(module.state_dict())
            network.set_submodule(name, shared.to(module.weight.device))
