from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lifting_core.lifting.weights import DEFAULT_WEIGHTS, load_model
from training import ablate, evaluate, train
from training.datasets.human36m.loading import load_human36m
from training.datasets.human36m.names import ACTIONS

SMALL = ["--width", "32", "--epochs", "3", "--device", "cpu"]


@pytest.fixture(scope="module")
def weights(standin: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    assert train.main(["--data", str(standin("npz")), "--out", str(run), *SMALL]) == 0
    return run / "weights.safetensors"


def report(arguments: list[str], tmp_path: Path) -> dict[str, dict[str, dict[str, float]]]:
    assert evaluate.main([*arguments, "--json", str(tmp_path / "report.json")]) == 0
    found: dict[str, dict[str, dict[str, float]]] = json.loads((tmp_path / "report.json").read_text())
    return found


def test_protocol_1_agrees_with_a_plain_computation(
    weights: Path, standin: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = report([str(weights), "--data", str(standin("npz"))], tmp_path)
    score = found["scores"]["protocol_1"]
    assert list(score["per_action"]) == list(ACTIONS)
    model = load_model(weights)
    errors: dict[str, list[float]] = {}
    for seen in load_human36m(standin("npz")):
        if seen.subject in ("S9", "S11"):
            keypoints = np.delete(seen.keypoints, 9, axis=1)  # neck/nose
            predicted = model(torch.from_numpy(keypoints)).numpy()
            truth = seen.joints[:, 1:] - seen.joints[:, :1]
            distances = np.linalg.norm(predicted - truth, axis=-1).sum(1) / 17 * 1000
            errors.setdefault(seen.action, []).extend(distances)
    for action, values in errors.items():
        assert score["per_action"][action] == pytest.approx(np.mean(values), rel=1e-4)
    assert score["average"] == pytest.approx(np.mean([np.mean(v) for v in errors.values()]), rel=1e-4)
    assert score["average"] == pytest.approx(model.profile.record["test_mpjpe_mm"], abs=1e-3)
    assert score["difference"]["Eating"] == pytest.approx(score["per_action"]["Eating"] - 40.3)
    assert found["scores"]["protocol_2"]["average"] < score["average"]
    printed = capsys.readouterr().out
    assert "WalkT" in printed
    assert "paper" in printed


def test_noise_detections_and_pictures(weights: Path, standin: Callable[[str], Path], tmp_path: Path) -> None:
    arguments = [str(weights), "--data", str(standin("npz")), "--keypoints", "sh_ft"]
    pictures = tmp_path / "pictures"
    found = report([*arguments, "--noise", "--pictures", str(pictures)], tmp_path)
    clean = report([str(weights), "--data", str(standin("npz")), "--noise"], tmp_path)
    parts = found["detection"]["protocol_1"]
    assert parts["total"] == pytest.approx(found["scores"]["protocol_1"]["average"])
    assert parts["lifting"] == pytest.approx(clean["scores"]["protocol_1"]["average"])
    assert parts["lifting"] + parts["detection"] == pytest.approx(parts["total"])
    noise = [errors["protocol_1"] for errors in clean["noise"].values()]
    assert list(clean["noise"]) == ["0", "5", "10", "15", "20"]
    assert noise[0] == pytest.approx(clean["scores"]["protocol_1"]["average"])
    assert noise[-1] > noise[0]
    names = {"actions.png", "joints.png", "skeletons.png", "noise.png", "training.png"}
    assert {path.name for path in pictures.iterdir()} == names


def test_detections_are_standardised_by_their_own_statistics_unless_told_otherwise(
    weights: Path, standin: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = [str(weights), "--data", str(standin("npz")), "--keypoints", "sh"]
    caplog.set_level("INFO")
    own = report(arguments, tmp_path)["scores"]["protocol_1"]["average"]
    assert "their own statistics" in caplog.text
    models = report([*arguments, "--model-statistics"], tmp_path)["scores"]["protocol_1"]["average"]
    assert own != models


def test_models_of_single_actions_make_one_table(
    weights: Path, standin: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data, paths = ["--data", str(standin("npz"))], []
    for action in ("Walking", "Eating"):
        run = tmp_path / action
        assert train.main([*data, "--out", str(run), *SMALL, "--action", action, "--batch-size", "16"]) == 0
        paths.append(str(run / "weights.safetensors"))
    found = report([*paths, *data], tmp_path)
    assert list(found["scores"]["protocol_1"]["per_action"]) == ["Eating", "Walking"]
    assert evaluate.main([*paths, str(weights), *data]) == 2
    assert "single action" in caplog.messages[-1]


def test_the_weights_that_ship_are_tested_through_the_engine(
    standin: Callable[[str], Path], tmp_path: Path
) -> None:
    found = report([str(DEFAULT_WEIGHTS), "--data", str(standin("npz"))], tmp_path)
    assert found["scores"]["protocol_1"]["average"] < 130


def test_keypoints_that_lack_what_the_weights_read_are_refused(
    standin: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = ["--data", str(standin("npz"))]
    assert train.main([*data, "--out", str(tmp_path), *SMALL, "--recipe", "modern"]) == 0
    path = str(tmp_path / "weights.safetensors")
    assert evaluate.main([path, *data, "--keypoints", "sh"]) == 2
    assert "lack: neck" in caplog.messages[-1]


def test_the_ablation_trains_every_variant(
    standin: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(standin("npz")), "--out", str(tmp_path), *SMALL, "--epochs", "1"]
    variants = ["full", "without batch norm", "without the camera frame"]
    assert ablate.main([*arguments, "--variants", *variants]) == 0
    results = json.loads((tmp_path / "ablation.json").read_text())
    assert list(results) == variants
    config = json.loads((tmp_path / "without-batch-norm" / "config.json").read_text())
    assert not config["recipe"]["batch_norm"]
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].startswith("full")
    gap = results["without batch norm"]["protocol_1"] - results["full"]["protocol_1"]
    assert f"{gap:+.1f}" in printed[2]
