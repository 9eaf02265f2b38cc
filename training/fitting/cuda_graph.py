"""Training steps captured as a CUDA graph: one launch in place of some thousand.

A step at batch 64 is so short that a GPU waits for Python most of the time. A graph of many steps leaves
the GPU alone with them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Step = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""Features and joints of a batch and the learning rate to the loss and the joints' error."""

_WARM_UP = 3


class CapturedSteps:
    """Runs blocks of steps of always the same shape as one graph."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, ...] = ()
        self._outputs: tuple[Tensor, Tensor]

    def forget(self) -> None:
        """Capture anew next time: a number that is part of the graph has changed."""
        self._graph = None

    def run(self, state: Callable[[], list[Tensor]], *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Train on features (C, B, ...), joints (C, B, ...) with learning rates (C,).

        `state` lists all tensors that a step changes. Returns the sum of the losses and the last error.
        """
        if self._graph is None:
            self._inputs = tuple(tensor.to("cuda", copy=True) for tensor in inputs)
            self._capture(state)
            assert self._graph is not None
        for static, tensor in zip(self._inputs, inputs, strict=True):
            static.copy_(tensor, non_blocking=True)
        self._graph.replay()
        loss, error = self._outputs
        return loss.clone(), error.clone()

    def _capture(self, state: Callable[[], list[Tensor]]) -> None:
        """Capture the steps and leave weights, optimiser and random numbers as they were.

        PyTorch asks for some steps outside the graph first, on a stream of their own. They change the state,
        which is put back in place, since the graph holds on to where it lies. State that they bring about
        (the optimiser's moments) begins with 0.
        """
        random_numbers = torch.cuda.get_rng_state()
        before = [(tensor, tensor.clone()) for tensor in state()]
        known = {tensor.data_ptr() for tensor, _ in before}
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                self._step(*(tensor[0] for tensor in self._inputs))
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            total = torch.zeros((), device="cuda")
            error = total
            for features, joints, rate in zip(*self._inputs, strict=True):
                loss, error = self._step(features, joints, rate)
                total = total + loss
        self._outputs = (total, error)
        for tensor, value in before:
            tensor.copy_(value)
        for tensor in state():
            if tensor.data_ptr() not in known:
                tensor.zero_()
        torch.cuda.set_rng_state(random_numbers)
