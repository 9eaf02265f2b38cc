from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from training.train import main

REPOSITORY = Path(__file__).parents[3]


def test_two_processes_train_as_one_with_twice_the_batch(
    standin: Callable[[str], Path], tmp_path: Path
) -> None:
    """Without dropout, whose masks each process draws for itself, the curves are the same to rounding."""
    shared = ["--data", str(standin("npz")), "--width", "32", "--epochs", "3", "--dropout", "0"]
    shared += ["--device", "cpu", "--checkpoint-every", "1"]
    assert main([*shared, "--out", str(tmp_path / "one"), "--batch-size", "128"]) == 0
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command += ["-m", "training.train", *shared, "--out", str(tmp_path / "two"), "--batch-size", "64"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    one, two = (json.loads((tmp_path / name / "history.json").read_text()) for name in ("one", "two"))
    assert [entry["step"] for entry in two] == [entry["step"] for entry in one]
    for entry, other in zip(one, two, strict=True):
        assert other["loss"] == pytest.approx(entry["loss"], rel=1e-3)
        assert other["test_mpjpe_mm"] == pytest.approx(entry["test_mpjpe_mm"], rel=5e-3)
    assert json.loads((tmp_path / "two" / "config.json").read_text())["processes"] == 2


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted by Linux's /proc")
def test_no_thread_outlives_the_process_group() -> None:
    script = """
        import os, sys, torch
        from training.fitting.processes import joined
        with joined(torch.device("cpu")) as (processes, _):
            layer = torch.nn.Linear(2, 2)
            torch.optim.Adam(layer.parameters())
            torch.nn.parallel.DistributedDataParallel(layer)(torch.ones(1, 2)).sum().backward()
            processes.gather(1)
            during = len(os.listdir("/proc/self/task"))
        # In one piece, as both processes write to the same pipe.
        sys.stdout.write(f"{during} {len(os.listdir('/proc/self/task'))}\\n")
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command += ["--no-python", sys.executable, "-c", textwrap.dedent(script)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines():
        during, after = map(int, line.split())
        assert during > 1
        assert after == 1
    assert len(done.stdout.splitlines()) == 2
