from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lifting_core.detection import DETECTORS, DetectorOptions, open_detector
from lifting_core.errors import InvalidInput


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="no detector named 'openpose'") as error:
        open_detector("openpose")
    assert all(name in error.value.advice for name in DETECTORS)


def test_asking_for_the_names_loads_no_detector() -> None:
    code = "import sys, lifting_core.detection; print('mediapipe' in sys.modules, 'torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert result.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", ["mediapipe", "mediapipe-full"])
def test_those_that_come_with_the_engine_open_by_themselves(name: str) -> None:
    with open_detector(name) as detector:
        assert {"left_shoulder", "right_hip", "left_ankle"} <= set(detector.keypoint_names)


@pytest.mark.parametrize("name", DETECTORS[2:])
def test_the_others_ask_for_the_file_they_need(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=f"The detector {name} needs a file") as error:
        open_detector(name)
    assert "--detector-weights" in error.value.advice
    with pytest.raises(InvalidInput, match="There is no"):
        open_detector(name, options=DetectorOptions(tmp_path / "none"))
