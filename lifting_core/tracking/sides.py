"""Left and right, where a detector has taken one for the other for a while.

From behind or from the side a body looks much like its mirror image, and a detector judges every frame anew.
Where it changes its mind, every left keypoint leaps to where the right one was in the frame before; where it
cannot make up its mind both lie in the middle. Of all ways to keep the sides or to exchange them in some
sightings, and to leave others out, the one is taken in which left and right move relative to each other with
the least acceleration (Viterbi, IEEE Transactions on Information Theory 13, 1967).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.skeleton import unsided

_LEGS = ("hip", "knee", "ankle", "heel", "foot_index", "small_toe")
"""Keypoints without their side. A detector often confuses the legs alone, or all but the legs."""
_SLOWEST, _LONGEST_STEP = 0.06, 0.15
"""Seconds from sighting to sighting: where they are more as a rule, quick limbs look as confused sides do;
over a single longer pause, limbs may have changed places."""
_REACH = 3
"""Of so many sightings in a row one must count."""

# Costs. To be off by as much as this, in body sizes, costs 1: how far keypoints jump, and how fast limbs move
# and accelerate, in body sizes per second and per second squared.
_NOISE, _SPEED, _ACCELERATION = 0.03, 2.0, 9.0
_MOST = 10.0
"""Of a sighting that is nowhere near where it should be."""
_CHANGE = 2.5
"""Of saying that the detector changed its mind."""
_OMISSION = 8.0
"""Of leaving out a sighting."""
_DOUBT, _APART = 0.1, 0.4
"""Of exchanging the sides in a sighting of which the detector is sure, and of exchanging those of the legs in
another way than those of the trunk."""

_CALLED_EVERY = 500
"""Sightings: these take a twentieth of a second."""
_SIGNS = np.array([1.0, -1.0])
_Array = NDArray[np.float64]


def consistent_sides(
    names: Sequence[str],
    time: NDArray[Any],
    keypoints: NDArray[np.float32],
    confidence: NDArray[np.float32],
    going_on: Callable[[], None] = lambda: None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One person's keypoints with left and right exchanged where the detector confused them.

    Arguments: time (N,) seconds, ascending; keypoints (N, K, 2) pixels; confidence (N, K); going_on, called
    several times a second, may raise to stop the work.
    Returns keypoints and confidence of the same shapes, the latter 0 where the sides cannot be told. The legs
    may be confused while the rest of the body is not.
    """
    keypoints, confidence = keypoints.copy(), confidence.copy()
    if len(time) < 3 or np.median(np.diff(time)) > _SLOWEST:
        return keypoints, confidence
    size = max(float(np.median(np.ptp(keypoints, axis=1).max(axis=1))), 1.0)
    cuts = np.flatnonzero(np.diff(time) > _LONGEST_STEP) + 1
    expected = np.zeros(len(time), np.bool_)
    for left, right in _parts(names):
        apart = np.asarray(keypoints[:, left] - keypoints[:, right], np.float64) / size
        trust = np.minimum(confidence[:, left], confidence[:, right]).astype(np.float64)
        wrong, omitted = np.zeros((2, len(time)), np.bool_)
        for rows in np.split(np.arange(len(time)), cuts):
            wrong[rows], omitted[rows] = _judged(
                time[rows], apart[rows], trust[rows], expected[rows], going_on
            )
        for values in (keypoints, confidence):
            there = np.ix_(wrong, left), np.ix_(wrong, right)
            values[there[0]], values[there[1]] = values[there[1]], values[there[0]]
        confidence[np.ix_(omitted, np.concatenate([left, right]))] = 0
        expected = wrong
    return keypoints, confidence


def _parts(names: Sequence[str]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Columns of left and right keypoints: of all but the legs, and of the legs."""
    # Not by `skeleton.mirrored`: detectors also have a "mouth_left".
    others = {name: name.replace("left", "right") for name in names if "left" in name}
    pairs = [
        (name, names.index(name), names.index(other)) for name, other in others.items() if other in names
    ]
    parts = []
    for legs in (False, True):
        columns = [pair for name, *pair in pairs if (unsided(name) in _LEGS) == legs]
        if columns:
            left, right = np.array(columns, np.intp).T
            parts.append((left, right))
    return parts


def _judged(
    time: _Array,
    apart: _Array,
    trust: _Array,
    expected: NDArray[np.bool_],
    going_on: Callable[[], None] = lambda: None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N,) in which sightings the sides are to be exchanged, and which are to be left out.

    Arguments: time (N,) seconds; apart (N, P, 2) from right to left keypoints in body sizes; trust (N, P);
    expected (N,) where they are exchanged in the part of the body that was judged before.
    A state of the way is: which sighting counts last, how many sightings before it the one before counts, and
    whether the sides are exchanged in the latter and in the former: (N, _REACH, 2, 2).
    """
    count = len(time)
    if count < 3:
        return np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    first, second = _costs(time, apart, trust)
    doubt = trust.mean(axis=1)[:, None] * [0, _DOUBT] + _APART * (expected[:, None] != [False, True])
    gaps = np.arange(_REACH)
    added = doubt[:, None, None] + _CHANGE * (1 - np.eye(2)) + _OMISSION * gaps[:, None, None]
    number = np.arange(count)
    earlier = number[:, None] - 1 - gaps
    first += (_OMISSION * earlier)[..., None, None] + doubt[earlier][..., None]
    least = np.full((count + _REACH, _REACH, 2, 2), np.inf)  # after as many rows that do not exist
    origins = np.zeros((count, _REACH, 2, 2), np.int64)
    for now in range(1, count):
        if now % _CALLED_EVERY == 0:
            going_on()
        before = least[now + _REACH - 1 - gaps].transpose(1, 2, 0, 3)
        ways = (before[..., None] + second[now]).reshape(2 * _REACH, _REACH, 2, 2)
        best = ways.min(axis=0)
        origins[now] = np.where(first[now] <= best, -1, ways.argmin(axis=0))
        least[now + _REACH] = np.minimum(first[now], best) + added[now]
    return _followed(least[_REACH:] + _OMISSION * (count - 1 - number)[:, None, None, None], origins)


def _followed(ends: _Array, origins: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The way that ends at the least cost, back to its beginning."""
    exchanged, omitted = np.zeros(len(ends), np.bool_), np.ones(len(ends), np.bool_)
    now, gap, before, state = (int(i) for i in np.unravel_index(ends.argmin(), ends.shape))
    while True:
        exchanged[now], omitted[now] = state, False
        origin = int(origins[now, gap, before, state])
        now -= gap + 1
        if origin < 0:
            exchanged[now], omitted[now] = before, False
            return exchanged, omitted
        (gap, before), state = divmod(origin, 2), before


def _costs(time: _Array, apart: _Array, trust: _Array) -> tuple[_Array, _Array]:
    """How unlikely steps from sighting to sighting are.

    Returns (N, R, 2, 2) for the first step of a way, to each sighting from each of the R before it, by
    whether the sides are exchanged there and here; (N, R, 2, R, 2, 2) for the others, by the gap to the
    sighting before the last, whether it is exchanged, the gap to the last, whether that is, and whether this
    one is. Infinite where there is no such sighting.
    """
    count = len(time)
    first = np.full((count, _REACH, 2, 2), np.inf)
    second = np.full((count, _REACH, 2, _REACH, 2, 2), np.inf)
    weight = (trust + 1e-6) / (trust + 1e-6).sum(axis=1, keepdims=True)
    earlier, last, now = np.indices((2, 2, 2))
    for gap in range(1, min(_REACH, count - 1) + 1):
        step = time[gap:] - time[:-gap]
        usual = _NOISE + _SPEED * step
        kept, exchanged = (_off(apart[gap:] - sign * apart[:-gap], weight[gap:], usual) for sign in (1, -1))
        first[gap:, gap - 1] = np.stack([kept, exchanged, exchanged, kept], 1).reshape(-1, 2, 2)
        for earlier_gap in range(1, min(_REACH, count - 1 - gap) + 1):
            both = gap + earlier_gap
            before, after = time[earlier_gap:-gap] - time[:-both], step[earlier_gap:]
            usual = _NOISE + _ACCELERATION * ((before + after) / 2) ** 2
            pace = (after / before)[:, None, None]
            costs = np.empty((count - both, 2, 2))  # by whether sides are as they are now, which alone counts
            for (i, j), _ in np.ndenumerate(costs[0]):
                expected = _SIGNS[j] * (1 + pace) * apart[earlier_gap:-gap] - _SIGNS[i] * pace * apart[:-both]
                costs[:, i, j] = _off(apart[both:] - expected, weight[both:], usual)
            second[both:, earlier_gap - 1, :, gap - 1] = costs[:, earlier ^ now, last ^ now]
    return first, second


def _off(differences: _Array, weight: _Array, usual: _Array) -> _Array:
    """(M,) costs of differences (M, P, 2), whose weights (M, P) are 1 together."""
    mean = (weight * np.linalg.norm(differences, axis=-1)).sum(axis=1)
    costs: _Array = np.minimum(mean / usual, _MOST)
    return costs
