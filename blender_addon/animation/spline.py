"""Smooth curves through some of many samples: cubic Hermite splines, which is what Bezier F-Curves are.

A Bezier F-Curve whose handles go a third of the way to the next key is a cubic polynomial of time, given by
the values and the slopes at the keys. The values are the samples' own; the slopes are those that come
nearest to all samples between, the curve having no corners.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Knots = NDArray[np.int64]

_ITERATIONS = 12
_PULL = 1e-4
"""How much the slope of the samples beside a knot counts against all samples, which may be too few."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What a spline is to follow."""

    frames: Array
    """(N,) increasing."""
    holds: NDArray[np.bool_]
    """(N,) True where nothing is known until the next sample: there every spline has knots and may jump."""
    values: Array
    """(N, C)."""

    def required(self) -> Knots:
        """The knots that every spline has: the ends and both sides of each gap, by index."""
        gaps = np.flatnonzero(self.holds[:-1])
        required: Knots = np.unique(np.concatenate([[0, len(self.frames) - 1], gaps, gaps + 1]))
        return required

    @cached_property
    def channels(self) -> Array:
        """(C, N) the values; NumPy is quicker along long rows."""
        return np.ascontiguousarray(self.values.T)

    @cached_property
    def local(self) -> Array:
        """(C, N) the slope beside each sample, gaps left out."""
        counts = (~self.holds[:-1]).astype(np.float64)
        steps = np.diff(self.frames) * counts
        changes = np.diff(self.channels) * counts
        mean: Array = _at_knots(changes, changes) / np.maximum(_at_knots(steps, steps), 1e-9)
        return mean


@dataclass(frozen=True, eq=False)
class Spline:
    """A spline that follows samples."""

    slopes: Array
    """(K, C) at the knots; the values there are the samples' own."""
    values: Array
    """(N, C) at all samples."""


def nearest_spline(samples: Samples, knots: Knots, still: float) -> Spline:
    """The spline with these knots that is nearest to the samples, by least squares.

    Where the samples between two knots stay within `still`, both ends are flat. The normal equations, which
    are tridiagonal and diagonally dominant, are solved by Jacobi's iteration, for all knots at once.
    """
    segment = _segment(knots)
    inner, start, end = _basis(samples.frames, knots, segment)
    values = samples.channels
    ends = values[:, knots]
    straight = _spread(ends, segment) + inner * _spread(np.diff(ends), segment)
    rest = values - straight
    own_start, own_end, both = (_sums(a * b, knots) for a, b in ((start, start), (end, end), (start, end)))
    pull = _PULL * np.diff(samples.frames[knots]) ** 2
    free = ~_flat(values, knots, still)
    inverse = free / _at_knots(own_start + pull, own_end + pull)
    local = samples.local[:, knots]
    wanted = _at_knots(_sums(start * rest, knots), _sums(end * rest, knots)) + _at_knots(pull, pull) * local
    slopes: Array = local * free
    for _ in range(_ITERATIONS):
        coupled = wanted.copy()
        coupled[:, :-1] -= both * slopes[:, 1:]
        coupled[:, 1:] -= both * slopes[:, :-1]
        slopes = inverse * coupled
    straight += start * _spread(slopes, segment) + end * _spread(slopes[:, 1:], segment)
    return Spline(slopes.T, straight.T)


def _segment(knots: Knots) -> NDArray[np.int64]:
    """(N,) between which knots each sample is; the last one counts to the last segment."""
    lengths = np.diff(knots)
    lengths[-1] += 1
    return np.repeat(np.arange(len(lengths)), lengths)


def _spread(rows: Array, segment: NDArray[np.int64]) -> Array:
    """(C, N) what each sample's segment has in (C, S); `take` is many times quicker than an index."""
    return np.take(rows, segment, axis=1)


def _basis(frames: Array, knots: Knots, segment: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """(N,) each: the weights of the value at the end of the segment, of the slopes at its start and end."""
    length = np.diff(frames[knots])[segment]
    u = (frames - frames[knots][segment]) / length
    return u * u * (3 - 2 * u), length * u * (1 - u) ** 2, length * u * u * (u - 1)


def _sums(values: Array, knots: Knots) -> Array:
    """(..., K - 1) over the samples (..., N) of each segment; those at the knots weigh nothing."""
    sums: Array = np.add.reduceat(values, knots[:-1], axis=-1)
    return sums


def _at_knots(after: Array, before: Array) -> Array:
    """(..., K) what the segments (..., K - 1) after and before each knot add up to."""
    total: Array = np.zeros((*after.shape[:-1], after.shape[-1] + 1))
    total[..., :-1] += after
    total[..., 1:] += before
    return total


def _flat(values: Array, knots: Knots, still: float) -> NDArray[np.bool_]:
    """(C, K) whether the samples (C, N) stand still on either side of a knot."""
    starts = knots[:-1]
    ends = values[:, knots[1:]]
    high = np.maximum(np.maximum.reduceat(values, starts, axis=1), ends)
    low = np.minimum(np.minimum.reduceat(values, starts, axis=1), ends)
    stands = ((high - low <= still) & (np.diff(knots) > 1)).astype(np.float64)
    flat: NDArray[np.bool_] = _at_knots(stands, stands) > 0
    return flat
