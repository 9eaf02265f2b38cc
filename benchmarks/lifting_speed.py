"""Poses a second of the lifting network against onnxruntime running the same, in one run.

    python benchmarks/lifting_speed.py [--weights FILE] [--threads N]

All take turns, round by round, so that other work on the machine strikes them alike; ratios are those of the
rounds' medians, above 1 where Lift Pose is faster.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import onnxruntime
import torch
from torch import Tensor, nn

from lifting_core.lifting.device import choose_device, device_name
from lifting_core.lifting.folding import FoldedModel, folded
from lifting_core.lifting.weights import DEFAULT_WEIGHTS, load_model

_SECONDS = 0.2
"""Of a round, at least one batch."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4096])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--device", default="cpu", help="onnxruntime stays on the CPU")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = choose_device(options.device)
    print(f"{device_name(device)}, {options.threads} threads")
    model = load_model(options.weights)
    quick = folded(model).to(device)
    session = exported(model, torch.randn(2, model.profile.features), options.threads)
    for batch in options.batches:
        rows = torch.randn(batch, model.profile.features)
        compare(batch, contenders(model, quick, session, rows, device), options.rounds)


def exported(network: nn.Module, example: Tensor, threads: int) -> onnxruntime.InferenceSession:
    """The network in onnxruntime, with all of its optimisations."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/network.onnx"
        shapes = ({0: torch.export.Dim("batch")},)
        torch.onnx.export(network, (example,), path, dynamo=True, dynamic_shapes=shapes, verbose=False)
        return onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])


def contenders(
    plain: nn.Module,
    ours: FoldedModel,
    session: onnxruntime.InferenceSession,
    rows: Tensor,
    device: torch.device,
) -> dict[str, Callable[[], object]]:
    there = rows.to(device)
    inputs = {session.get_inputs()[0].name: rows.numpy()}
    found = {
        "onnxruntime": lambda: session.run(None, inputs),
        "as trained": lambda: plain(rows),
        "Lift Pose": lambda: ours(there).cpu(),
    }
    off = (ours(there).cpu() - plain(rows)).abs().max()
    assert off < 1e-4, f"the networks differ by {float(off)} m"
    return found


@torch.inference_mode()
def compare(batch: int, runs: dict[str, Callable[[], object]], rounds: int) -> None:
    """Print poses a second, and how many times as many as onnxruntime's."""
    times: dict[str, list[float]] = {what: [] for what in runs}
    for _ in range(rounds):
        for what, run in runs.items():
            run()
            count, begin = 0, time.perf_counter()
            while count == 0 or time.perf_counter() - begin < _SECONDS:
                run()
                count += 1
            times[what].append((time.perf_counter() - begin) / count)
    reference = statistics.median(times["onnxruntime"])
    for what, taken in times.items():
        middle = statistics.median(taken)
        print(f"batch {batch:5} {what:12} {batch / middle:10.0f} poses/s  x{reference / middle:.2f}")


if __name__ == "__main__":
    main()
