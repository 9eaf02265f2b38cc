from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lifting_core.lifting.weights import load_model
from training.datasets.human36m.writing import Take, write_npz
from training.train import main

SMALL = ["--width", "32", "--epochs", "2", "--checkpoint-every", "1", "--device", "cpu"]
REPOSITORY = Path(__file__).parents[2]


def tensors(run: Path) -> list[torch.Tensor]:
    return list(load_file(run / "weights.safetensors").values())


def test_a_run_s_folder_holds_what_is_needed_to_repeat_it(
    standin: Callable[[str], Path], tmp_path: Path
) -> None:
    arguments = ["--data", str(standin("npz")), *SMALL]
    for name in ("first", "second"):
        assert main([*arguments, "--out", str(tmp_path / name)]) == 0
    first, second = tensors(tmp_path / "first"), tensors(tmp_path / "second")
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    config = json.loads((tmp_path / "first" / "config.json").read_text())
    assert config["recipe"]["width"] == 32
    assert config["recipe"]["dropout"] == 0.5
    assert config["versions"]["torch"] == torch.__version__
    assert config["data"]["training_poses"] == 5 * 15 * 2 * 4 * 3
    history = json.loads((tmp_path / "first" / "history.json").read_text())
    assert [entry["epoch"] for entry in history] == [1, 2]
    assert history[1]["loss"] < history[0]["loss"]
    record = load_model(tmp_path / "first" / "weights.safetensors").profile.record
    assert record["test_mpjpe_mm"] == history[-1]["test_mpjpe_mm"]
    assert list((tmp_path / "first" / "tensorboard").glob("events.*"))


def start(arguments: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "training.train", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True)


def test_a_killed_run_goes_on_to_the_same_weights(standin: Callable[[str], Path], tmp_path: Path) -> None:
    options = [*SMALL, "--epochs", "40", "--batch-size", "256", "--data", str(standin("npz"))]
    assert main([*options, "--out", str(tmp_path / "whole")]) == 0
    killed = start([*options, "--out", str(tmp_path / "killed")])
    checkpoint = tmp_path / "killed" / "checkpoint.pt"
    while not checkpoint.exists():
        assert killed.poll() is None, killed.communicate()[1]
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    step = torch.load(checkpoint, weights_only=True)["step"]
    assert 0 < step < 40 * (1800 // 256)
    assert main([*options, "--out", str(tmp_path / "killed")]) == 0
    for a, b in zip(tensors(tmp_path / "killed"), tensors(tmp_path / "whole"), strict=True):
        assert torch.equal(a, b)
    histories = [(tmp_path / name / "history.json").read_text() for name in ("killed", "whole")]
    assert histories[0] == histories[1]


def test_a_full_disk_ends_a_run_with_one_sentence(
    standin: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = ["--data", str(standin("npz")), "--out", str(tmp_path), *SMALL]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # a checkpoint takes 120 kB
    try:
        assert main(arguments) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "checkpoint.pt cannot be written" in caplog.messages[-1]
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "tensorboard"}
    assert main(arguments) == 0


def test_another_run_s_folder_is_left_alone(
    standin: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = ["--data", str(standin("npz")), "--out", str(tmp_path), *SMALL]
    assert main(arguments) == 0
    before = (tmp_path / "weights.safetensors").read_bytes()
    assert main([*arguments, "--no-max-norm", "--seed", "1"]) == 2
    assert "another max_norm, seed" in caplog.text
    assert main(arguments) == 0  # finished already
    assert (tmp_path / "weights.safetensors").read_bytes() == before


@pytest.mark.parametrize("options", [["--action", "Eating", "--batch-size", "16"], ["--recipe", "modern"]])
def test_other_ways_to_train(options: list[str], standin: Callable[[str], Path], tmp_path: Path) -> None:
    arguments = ["--data", str(standin("npz")), "--out", str(tmp_path), *SMALL, "--keypoints", "cpn"]
    assert main([*arguments, *options]) == 0
    record = load_model(tmp_path / "weights.safetensors").profile.record
    assert record["data"]["keypoints"] == "cpn"
    assert record["data"]["action"] == ("Eating" if "Eating" in options else None)
    assert record["recipe"]["flips"] == ("modern" in options)


def test_motion_capture_is_seen_by_random_cameras(
    cmu_bvh: Callable[[Path, int], None], tmp_path: Path
) -> None:
    for number in range(9):
        cmu_bvh(tmp_path / "mocap" / f"subject{number}" / "walk.bvh", 12)
    arguments = ["--data", str(tmp_path / "mocap"), "--out", str(tmp_path / "run"), *SMALL]
    assert main([*arguments, "--batch-size", "8"]) == 0
    model = load_model(tmp_path / "run" / "weights.safetensors")
    assert model.profile.input == "view"
    assert model.profile.record["data"]["held_out_subjects"] == ["subject3"]


def damaged(takes: list[Take], what: str) -> list[Take]:
    if what == "subject":
        return [take for take in takes if take.subject != "S7"]
    positions = takes[5].positions.copy()
    positions[1, 3, 0] = np.nan
    broken = Take(takes[5].subject, takes[5].action, takes[5].number, positions, takes[5].detections)
    return [*takes[:5], broken, *takes[6:]]


@pytest.mark.parametrize(("what", "message"), [("subject", "lacks.*S7"), ("nan", "not.*number|NaN|finite")])
def test_data_with_holes_are_refused(
    what: str, message: str, takes: list[Take], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").mkdir()
    write_npz(tmp_path / "data", damaged(takes, what))
    assert main(["--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"), *SMALL]) == 2
    assert len(caplog.messages[-1].splitlines()) == 1
    assert re.search(message, caplog.text)
    if what == "subject":
        partial = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"), *SMALL, "--partial"]
        assert main(partial) == 0


def test_a_truncated_file_is_named(
    standin: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    shutil.copytree(standin("npz"), data, ignore=shutil.ignore_patterns(".*"))
    file = data / "data_3d_h36m.npz"
    file.write_bytes(file.read_bytes()[:5000])
    assert main(["--data", str(data), "--out", str(tmp_path / "run"), *SMALL]) == 2
    assert "data_3d_h36m.npz" in caplog.messages[-1]


def test_bad_options_are_explained(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "empty").mkdir()
    for arguments, message in [
        (["--data", str(tmp_path / "none")], "no folder"),
        (["--data", str(tmp_path / "empty")], "no layout known"),
        (["--data", str(tmp_path / "empty"), "--batch-size", "1"], "batch size"),
        (["--data", str(tmp_path / "empty"), "--dropout", "1.5"], "Dropout"),
    ]:
        assert main([*arguments, "--out", str(tmp_path / "run")]) == 2
        assert message in caplog.messages[-1]
    (tmp_path / "file").touch()
    assert main(["--data", str(tmp_path / "empty"), "--out", str(tmp_path / "file" / "run")]) == 2
    assert "cannot be made" in caplog.messages[-1]
