"""Splines, judged by Blender's evaluation of the F-Curves and by NumPy's least squares."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from blender_addon.animation.fcurves import Curves, Keys, write
from blender_addon.animation.spline import Samples, nearest_spline
from blender_addon.compatibility import new_animation

Array = NDArray[np.float64]


def _samples(values: Array, frames: Array | None = None) -> Samples:
    values = values.reshape(len(values), -1)
    every = np.arange(len(values), dtype=np.float64) if frames is None else frames
    return Samples(every, np.zeros(len(values), bool), values)


@st.composite
def _choices(draw: st.DrawFn) -> tuple[Samples, NDArray[np.int64]]:
    """Samples of anything at uneven frames, and some knots."""
    count = draw(st.integers(3, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frames = np.cumsum(random.uniform(0.2, 3, count))
    inner = draw(st.sets(st.integers(1, count - 2)))
    return _samples(random.normal(size=(count, 2)), frames), np.array(sorted({0, count - 1, *inner}))


@given(_choices())
def test_f_curve_that_is_written_is_the_spline(choice: tuple[Samples, NDArray[np.int64]]) -> None:
    samples, knots = choice
    spline = nearest_spline(samples, knots, 0.0)
    keys = Keys(samples.frames[knots], samples.holds[knots])
    action = new_animation(bpy.data.objects.new("Any", None), "Any")
    write(action, [Curves("location", "Any", (0, 2), keys, samples.values[knots], spline.slopes)])
    for column, curve in enumerate(action.curves):
        seen = [curve.evaluate(frame) for frame in samples.frames]
        np.testing.assert_allclose(seen, spline.values[:, column], atol=2e-3 * abs(spline.values).max())
    np.testing.assert_allclose(spline.values[knots], samples.values[knots], atol=1e-12)
    bpy.data.actions.remove(action.action)


def test_slopes_are_those_of_least_squares() -> None:
    random = np.random.default_rng(1)
    values = np.cumsum(random.normal(size=61))
    knots = np.array([0, 9, 15, 28, 36, 47, 60])
    samples = _samples(values)
    spline = nearest_spline(samples, knots, 0.0)
    unit = np.eye(len(knots))
    straight = _cubics(samples, knots, np.zeros(len(knots)))
    columns = [_cubics(samples, knots, slope) - straight for slope in unit]
    wanted = np.linalg.lstsq(np.column_stack(columns), values - straight, rcond=None)[0]
    np.testing.assert_allclose(spline.slopes[:, 0], wanted, atol=0.02 * abs(wanted).max())


def _cubics(samples: Samples, knots: NDArray[np.int64], slopes: Array) -> Array:
    """The cubic pieces with these slopes, by Hermite's formula."""
    followed = np.empty(len(samples.frames))
    for piece in range(len(knots) - 1):
        first, last = knots[piece], knots[piece + 1]
        x = samples.frames[first : last + 1]
        width = x[-1] - x[0]
        u = (x - x[0]) / width
        ends = samples.values[[first, last], 0]
        followed[first : last + 1] = (
            ends[0] * (2 * u**3 - 3 * u**2 + 1)
            + ends[1] * (3 * u**2 - 2 * u**3)
            + width * slopes[piece] * (u**3 - 2 * u**2 + u)
            + width * slopes[piece + 1] * (u**3 - u**2)
        )
    return followed


def test_standing_still_is_flat() -> None:
    values = np.concatenate([np.sin(np.arange(20)), np.full(20, np.sin(19)), np.cos(np.arange(20))])
    spline = nearest_spline(_samples(values), np.array([0, 10, 19, 39, 50, 59]), 1e-6)
    assert spline.slopes[2:4, 0].tolist() == [0, 0]
    np.testing.assert_array_equal(spline.values[19:40, 0], np.sin(19))
    assert spline.slopes[1, 0] != 0


def test_gaps_do_not_bend_what_is_beside_them() -> None:
    values = np.concatenate([0.1 * np.arange(20), 50 + 0.1 * np.arange(20)])
    holds = np.zeros(40, bool)
    holds[19] = True
    frames = np.concatenate([np.arange(20.0), 100 + np.arange(20.0)])
    samples = Samples(frames, holds, values[:, None])
    assert samples.required().tolist() == [0, 19, 20, 39]
    assert nearest_spline(samples, samples.required(), 0).slopes == pytest.approx(0.1)
