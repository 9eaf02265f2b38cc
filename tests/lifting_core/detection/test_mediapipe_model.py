from __future__ import annotations

import io
import platform
import subprocess
import sys
import zipfile
from itertools import islice
from pathlib import Path
from typing import get_args

import mediapipe
import numpy as np
import pytest
from mediapipe.tasks.python.metadata.metadata import MetadataDisplayer

from lifting_core.detection.mediapipe_model import (
    KEYPOINT_NAMES,
    OTHER_SIDES,
    Landmarker,
    PoseModel,
    model_bundle,
)
from lifting_core.detection.windows import Window
from lifting_core.errors import LiftPoseError
from lifting_core.media import open_media

CLIP = Path(__file__).parents[2] / "data" / "walk_and_wave.mp4"


@pytest.mark.parametrize("model", get_args(PoseModel))
def test_a_bundle_holds_both_networks_uncompressed_and_with_metadata(model: PoseModel) -> None:
    with zipfile.ZipFile(io.BytesIO(model_bundle(model))) as bundle:
        assert bundle.namelist() == ["pose_detector.tflite", "pose_landmarks_detector.tflite"]
        for entry in bundle.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            metadata = MetadataDisplayer.with_model_buffer(bundle.read(entry)).get_metadata_json()
            assert "NormalizationOptions" in metadata


@pytest.mark.parametrize("model", get_args(PoseModel))
def test_a_wheel_without_models_is_named(
    model: PoseModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(mediapipe, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(LiftPoseError, match=r"without the pose model .* Install mediapipe 0\.10\.21"):
        model_bundle.__wrapped__(model)


def test_the_names_are_mediapipes_own() -> None:
    landmarks = mediapipe.solutions.pose.PoseLandmark
    assert tuple(landmark.name.lower() for landmark in landmarks) == KEYPOINT_NAMES


def test_nothing_of_mediapipes_noise_reaches_stdout() -> None:
    code = (
        "import numpy as np\n"
        "from lifting_core.detection.mediapipe_model import Landmarker, Window\n"
        "landmarker = Landmarker('video', 'heavy')\n"
        "landmarker.find(np.zeros((64, 64, 3), np.uint8), Window(0, 0, 64, 64))\n"
        "landmarker.close()\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout == b""


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (7680, 4320)])
def test_pictures_of_any_size_without_people_hold_nobody(size: tuple[int, int]) -> None:
    landmarker = Landmarker("image", "heavy", people=3)
    assert landmarker.find(np.zeros((size[1], size[0], 3), np.uint8), Window(0, 0, *size)) == []
    landmarker.close()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep memory as they please")
def test_landmarkers_that_come_and_go_take_no_more_memory() -> None:
    code = (
        "import re\n"
        "from pathlib import Path\n"
        "from lifting_core.detection.mediapipe_model import Landmarker, Window\n"
        "from lifting_core.media import open_media\n"
        "image = next(iter(open_media(Path('tests/data/walk_and_wave.mp4')))).image\n"
        "def memory():\n"
        "    landmarker = Landmarker('video', 'heavy')\n"
        "    for _ in range(3):\n"
        "        assert landmarker.find(image, Window(0, 0, 848, 480))\n"
        "    landmarker.close()\n"
        "    status = Path('/proc/self/status').read_text()\n"
        "    return int(re.search(r'VmRSS:\\s*(\\d+) kB', status)[1]) / 1024\n"
        "memories = [memory() for _ in range(8)]\n"
        "assert max(memories[1:]) - memories[0] < 80, memories\n"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, stderr=subprocess.DEVNULL)


def test_a_mirror_shows_the_same_people_the_other_way_round() -> None:
    (frame,) = islice(open_media(CLIP), 1)
    height, width, _ = frame.image.shape
    window = Window(40, 0, width - 40, height)
    landmarkers = Landmarker("image", "full"), Landmarker("image", "full", in_mirror=True)
    reflection = np.ascontiguousarray(frame.image[:, ::-1])
    (plain,) = landmarkers[0].find(reflection, Window(0, 0, width - 40, height))
    (seen,) = landmarkers[1].find(frame.image, window)
    for landmarker in landmarkers:
        landmarker.close()
    expected = np.stack([width - plain.keypoints[:, 0], plain.keypoints[:, 1]], 1)[OTHER_SIDES]
    np.testing.assert_allclose(seen.keypoints, expected, atol=0.01)
    np.testing.assert_allclose(seen.confidence, plain.confidence[OTHER_SIDES], atol=1e-4)
