from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from training.check_data import given_pixels, main, projection_error
from training.datasets.human36m.loading import find_copy


@pytest.mark.parametrize(
    ("layout", "name"), [("cdf", "official CDF"), ("h5", "3d-pose-baseline"), ("npz", "VideoPose3D")]
)
def test_a_whole_copy(
    layout: str, name: str, standin: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(standin(layout))]) == 0
    lines = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert name in lines["layout"]
    assert lines["missing"] == "nothing"
    assert lines["training poses"] == "1,800 of 1,559,752"
    assert lines["test poses"] == "720"
    worst = max(float(text.split()[2]) for key, text in lines.items() if key.startswith("cameras"))
    assert worst < 1e-9
    if layout == "h5":
        assert "no 2D positions" in lines["projection"]
    else:
        assert float(lines["projection"].split()[2]) < 1e-3


def test_2d_positions_of_another_camera_model_are_noticed(standin: Callable[[str], Path]) -> None:
    folder = standin("cdf")
    given = {name: partial(np.add, read(), [0.3, -0.4]) for name, read in given_pixels(folder).items()}
    assert projection_error(find_copy(folder), given) == pytest.approx(0.5, abs=1e-3)


def test_what_is_missing_and_what_differs_is_told(
    standin: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(standin("h5"), tmp_path / "h5"))
    shutil.rmtree(folder / "S6" / "MyPoses")
    with h5py.File(folder / "cameras.h5", "r+") as file:
        file["subject9/camera1/f"][...] += 1
    assert main([str(folder)]) == 0
    out = capsys.readouterr().out
    assert "missing: S6\n" in out
    assert "cameras, focal: at most 1.0e+00" in out


def test_another_folder_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main([str(tmp_path)]) == 2
    assert "in no layout known here" in caplog.text
