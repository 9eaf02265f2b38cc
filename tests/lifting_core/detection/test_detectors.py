from __future__ import annotations

import subprocess
import sys

import pytest

from lifting_core.detection import DETECTORS, open_detector
from lifting_core.errors import InvalidInput


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="no detector named 'openpose'") as error:
        open_detector("openpose")
    assert all(name in error.value.advice for name in DETECTORS)


def test_asking_for_the_names_loads_no_detector() -> None:
    code = "import sys, lifting_core.detection; print('mediapipe' in sys.modules, 'torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert result.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", DETECTORS)
def test_every_named_detector_opens(name: str) -> None:
    with open_detector(name) as detector:
        assert {"left_shoulder", "right_hip", "left_ankle"} <= set(detector.keypoint_names)
