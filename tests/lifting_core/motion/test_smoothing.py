from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lifting_core.motion.smoothing import cutoff, smooth

Array = NDArray[np.float64]


def _amplitude_and_lag(time: Array, values: Array, frequency: float) -> tuple[float, float]:
    """Least squares fit of a sine; the lag in seconds."""
    angle = 2 * np.pi * frequency * time
    sine, cosine = np.linalg.lstsq(np.column_stack([np.sin(angle), np.cos(angle)]), values, rcond=None)[0]
    return float(np.hypot(sine, cosine)), float(-np.arctan2(cosine, sine) / (2 * np.pi * frequency))


@pytest.mark.parametrize("fps", [25.0, 30.0, 60.0, 240.0])
@pytest.mark.parametrize(("strength", "kept"), [(0.25, 0.999), (0.5, 0.99), (1.0, 0.9)])
def test_keeps_a_2_hz_swing_without_lag(fps: float, strength: float, kept: float) -> None:
    time = np.arange(0, 8, 1 / fps)
    swing = np.sin(2 * np.pi * 2 * time)[:, None, None]
    smoothed = smooth(time, swing, np.ones((len(time), 1)), cutoff(strength))[:, 0, 0]
    inner = slice(int(fps), -int(fps))
    amplitude, lag = _amplitude_and_lag(time[inner], smoothed[inner], 2.0)
    assert kept < amplitude < 1.001
    assert amplitude == pytest.approx(1 / (1 + (2 / cutoff(strength)) ** 6), abs=0.01)
    assert abs(lag) < 1e-4


@pytest.mark.parametrize("strength", [0.5, 0.75, 1.0])
def test_takes_noise_away(strength: float) -> None:
    """White noise keeps the mean square of the frequency response: 5 pi / 18 of cut-off over Nyquist's."""
    left = math.sqrt(5 * math.pi / 18 * cutoff(strength) / 15)
    assert left < 0.6
    noise = np.random.default_rng(0).normal(size=(3000, 17, 3))
    smoothed = smooth(np.arange(3000) / 30, noise, np.ones((3000, 17)), cutoff(strength))
    assert smoothed.std() == pytest.approx(left, abs=0.03)


def test_noise_of_a_fast_camera_is_smoothed_as_much_in_time() -> None:
    noise = np.random.default_rng(0).normal(size=(4000, 4, 3))
    smoothed = smooth(np.arange(4000) / 240, noise, np.ones((4000, 4)), cutoff(0.5))
    assert smoothed.std() < 0.25


def test_strength_0_touches_nothing() -> None:
    values = np.random.default_rng(0).normal(size=(50, 2, 3))
    assert math.isinf(cutoff(0))
    np.testing.assert_array_equal(smooth(np.arange(50) / 30, values, np.ones((50, 2)), cutoff(0)), values)


def test_variable_frame_rate() -> None:
    random = np.random.default_rng(3)
    time = np.cumsum(random.choice([1 / 60, 1 / 30, 1 / 15], size=600))
    swing = np.sin(2 * np.pi * 1.5 * time)
    smoothed = smooth(time, swing[:, None, None], np.ones((600, 1)), cutoff(0.5))[:, 0, 0]
    assert np.abs(smoothed - swing)[20:-20].max() < 0.02


@given(
    st.lists(st.floats(0.002, 0.4), min_size=2, max_size=40),
    st.tuples(*[st.floats(-2, 2)] * 3),
    st.floats(0.05, 1),
)
def test_motion_of_constant_acceleration_passes_unchanged(
    intervals: list[float], polynomial: tuple[float, float, float], strength: float
) -> None:
    time = np.cumsum(intervals)
    values = np.polyval(polynomial, time - time.mean())[:, None, None]
    weights = np.random.default_rng(0).uniform(0, 1, (len(time), 1))
    np.testing.assert_allclose(smooth(time, values, weights, cutoff(strength)), values, atol=2e-4)


@pytest.mark.parametrize("fps", [30.0, 240.0, 1000.0])
def test_a_low_cutoff_at_a_high_frame_rate_is_exact(fps: float) -> None:
    time = np.arange(3000) / fps
    values = np.polyval([0.2, -1.0, 4.0], time)[:, None, None]
    np.testing.assert_allclose(smooth(time, values, np.zeros((3000, 1)), 0.4), values, rtol=1e-6)


def test_an_untrusted_value_is_replaced_by_its_neighbours() -> None:
    time = np.arange(60) / 30
    path = np.sin(2 * np.pi * time)
    values, weights = path.copy(), np.ones((60, 1))
    values[30], weights[30] = 5.0, 0.0
    smoothed = smooth(time, values[:, None, None], weights, cutoff(0.5))[:, 0, 0]
    assert np.abs(smoothed - path).max() < 0.1
    trusted = smooth(time, values[:, None, None], np.ones((60, 1)), cutoff(0.5))[:, 0, 0]
    assert abs(trusted[30] - path[30]) > 1


def test_frames_on_either_side_of_a_long_gap_do_not_touch() -> None:
    random = np.random.default_rng(0)
    time = np.concatenate([np.arange(20) / 30, 5 + np.arange(20) / 30])
    values, weights = random.normal(size=(40, 1, 3)), np.ones((40, 1))
    together = smooth(time, values, weights, cutoff(1))
    values[20:] += 100
    np.testing.assert_allclose(smooth(time, values, weights, cutoff(1))[:20], together[:20], atol=1e-9)
    np.testing.assert_allclose(
        smooth(time[:20], values[:20], weights[:20], cutoff(1)), together[:20], atol=1e-9
    )


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_very_short_clips(count: int) -> None:
    values = np.random.default_rng(0).normal(size=(count, 2, 3))
    smoothed = smooth(np.arange(count) / 30, values, np.ones((count, 2)), cutoff(1))
    assert np.isfinite(smoothed).all()
    if count < 4:
        np.testing.assert_array_equal(smoothed, values)
