from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lifting_core.detection.hourglass.network import HourglassShape
from lifting_core.detection.hourglass.weights import (
    HourglassModel,
    HourglassProfile,
    load_hourglass,
    save_hourglass,
)
from lifting_core.detection.joint_sets import HUMAN36M_16, MPII
from lifting_core.detection.regions import Region
from training.datasets.mpii import AnnotatedPerson, entry_of
from training.heatmaps.fitting import HeatmapFit, heatmap_loss
from training.heatmaps.recipe import HourglassRecipe
from training.hourglass import main


@pytest.fixture(scope="module")
def people_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve people of sixteen coloured spots each; the file lies beside images/."""
    folder = tmp_path_factory.mktemp("people")
    (folder / "images").mkdir()
    random = np.random.default_rng(0)
    entries = []
    rows, columns = np.mgrid[:100, :100] + 0.5
    for number in range(12):
        places = random.uniform(20, 80, (16, 2)).astype(np.float32)
        picture = np.zeros((100, 100, 3))
        for (x, y), colour in zip(places, np.random.default_rng(1).uniform(0, 1, (16, 3)), strict=True):
            picture += np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18)[..., None] * colour
        path = folder / "images" / f"{number}.png"
        Image.fromarray((255 * picture.clip(0, 1)).astype(np.uint8)).save(path)
        entries.append(entry_of(AnnotatedPerson(path, Region(50, 50, 100, 100), places, 12.0)))
    (folder / "people.json").write_text(json.dumps(entries))
    return folder / "people.json"


def _train(people_file: Path, out: Path, iterations: int, *more: str) -> int:
    small = ["--stacks", "2", "--features", "16", "--input-size", "64", "--batch-size", "3"]
    data = ["--annotations", str(people_file), "--held-out", str(people_file), "--device", "cpu"]
    every = ["--checkpoint-every", str(3 if iterations < 20 else 20)]
    return main([*data, "--out", str(out), *small, "--iterations", str(iterations), *every, *more])


def test_a_run_that_was_stopped_goes_on_bit_for_bit(
    people_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _train(people_file, tmp_path / "whole", 6) == 0
    ends = iter([None, KeyboardInterrupt])
    run = HeatmapFit.run

    def interrupted(self: HeatmapFit, batches: object) -> float:
        end = next(ends)
        if end:
            raise end
        return run(self, batches)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(HeatmapFit, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            _train(people_file, tmp_path / "stopped", 6)
    assert _train(people_file, tmp_path / "stopped", 6) == 0
    first, second = (
        torch.load(tmp_path / run / "checkpoint.pt", weights_only=True) for run in ("whole", "stopped")
    )
    assert first["step"] == second["step"] == 6
    for name, tensor in first["model"].items():
        assert torch.equal(tensor, second["model"][name]), name
    history = json.loads((tmp_path / "stopped" / "history.json").read_text())
    assert [entry["step"] for entry in history] == [3, 6]
    assert history == json.loads((tmp_path / "whole" / "history.json").read_text())
    model = load_hourglass(tmp_path / "whole" / "weights.safetensors")
    assert model.profile.joints == MPII
    assert model.profile.record["recipe"]["features"] == 16


def test_it_learns(people_file: Path, tmp_path: Path) -> None:
    still = ["--rotation", "0", "--scale", "0", "--colour", "0", "--no-flip", "--learning-rate", "1e-3"]
    assert _train(people_file, tmp_path, 80, *still) == 0
    history = json.loads((tmp_path / "history.json").read_text())
    assert history[-1]["loss"] < 0.6 * history[0]["loss"]
    assert history[-1]["pixels"] < 0.9 * history[0]["pixels"]


def test_fine_tuning_begins_with_weights_and_changes_the_names(people_file: Path, tmp_path: Path) -> None:
    start = tmp_path / "start.safetensors"
    shape = HourglassShape(1, 16, 16, (4, 8, 16))
    save_hourglass(HourglassModel(HourglassProfile(MPII, 64), shape), start)
    data = ["--annotations", str(people_file), "--out", str(tmp_path / "run"), "--device", "cpu"]
    fine = ["--recipe", "human36m", "--iterations", "2", "--checkpoint-every", "2"]
    assert main([*data, *fine]) == 2  # without weights
    assert main([*data, *fine, "--start", str(start)]) == 0
    model = load_hourglass(tmp_path / "run" / "weights.safetensors")
    assert model.profile.joints == HUMAN36M_16
    assert (model.network.shape.stacks, model.profile.input_size) == (1, 64)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["recipe"]["batch_size"] == 3


def test_bad_requests_are_told(people_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert _train(tmp_path / "none.json", tmp_path / "run", 3) == 2
    assert "does not hold annotated people" in caplog.text
    assert _train(people_file, tmp_path / "run", 3, "--input-size", "100") == 2
    assert "cannot be a network" in caplog.text
    assert _train(people_file, tmp_path / "run", 3, "--batch-size", "50") == 2
    assert "do not fill a batch" in caplog.text
    assert _train(people_file, tmp_path / "run", 3, "--scale", "2") == 2
    assert _train(people_file, tmp_path / "run", 3, "--images", str(tmp_path)) == 2
    assert "missing or no picture" in caplog.text
    assert not (tmp_path / "run" / "weights.safetensors").exists()


def test_another_run_is_not_continued(
    people_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert _train(people_file, tmp_path / "run", 3) == 0
    assert _train(people_file, tmp_path / "run", 3, "--seed", "1") == 2
    assert "another seed" in caplog.text


def test_the_loss_is_the_sum_over_stacks_and_skips_what_is_not_annotated() -> None:
    targets = torch.zeros(2, 3, 4, 4)
    maps = [torch.full_like(targets, 1.0), torch.full_like(targets, 2.0)]
    known = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    assert heatmap_loss(maps, targets, known).item() == pytest.approx((1 + 4) / 2)


def test_the_rate_falls_when_the_recipe_says() -> None:
    recipe = HourglassRecipe(iterations=10, learning_rate=1.0, drop=0.5)
    assert [recipe.learning_rate_at(step) for step in (0, 4, 5, 9)] == [1, 1, 0.2, 0.2]
