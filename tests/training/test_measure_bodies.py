from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.measure_bodies import _in_hand, main, segments

# A body 2 m tall whose segments have lengths that can be told without a calculator; left side.
_BODY = {
    "hip": (0.1, 0, 1.0),
    "knee": (0.1, -0.3, 0.6),
    "ankle": (0.1, -0.3, 0.2),
    "heel": (0.1, 0.0, 0.0),
    "toe": (0.1, -0.2, 0.0),
    "shoulder": (0.2, 0, 1.47),
    "elbow": (0.5, 0, 1.07),
    "wrist": (0.5, -0.2, 1.07),
    "index": (0.5, -0.3, 1.11),
    "pinky": (0.5, -0.3, 1.03),
    "thumb": (0.53, -0.25, 1.1),
    "ear": (0.07, 0, 1.8),
    "crown": (0, 0, 2.0),
}


def test_segments_are_shares_of_the_stature() -> None:
    lengths = segments({name: np.array(place, float) for name, place in _BODY.items()})
    thorax = np.hypot(0.2, 0.03)
    expected = [0.1, 0.5, 0.4, 0.2, 0.5, thorax, 0.5, 0.2, 0.1, 0.3, 0.2]
    np.testing.assert_allclose(lengths, np.array(expected) / 2, atol=1e-9)


def test_knuckles_in_the_axes_of_a_left_hand() -> None:
    """The hand points along -y, its thumb's side is up: the back of a left hand then faces +x."""
    at = _in_hand({name: np.array(place, float) for name, place in _BODY.items()})
    np.testing.assert_allclose(at["index"], [0.1, 0.04, 0], atol=1e-9)
    np.testing.assert_allclose(at["pinky"], [0.1, -0.04, 0], atol=1e-9)
    assert at["thumb"] == pytest.approx([0.05, 0.03, 0.03])


def test_a_folder_without_the_data_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main([str(tmp_path)]) == 2
    assert "Give the folder mpfb2" in caplog.text
