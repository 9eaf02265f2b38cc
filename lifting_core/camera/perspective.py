"""How a camera is turned, and how wide it sees, by the straight lines in its picture.

What people build is upright or level, and most of what is level meets at right angles. So the lines of a room
or a street lead to three vanishing points, and the most probable three tell which way is up: the "Manhattan
world" of Coughlan and Yuille (ICCV 1999), here by line segments in place of single edge points. Where they
are seen at a slant they tell the focal length as well.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.camera.pinhole import rays

Array = NDArray[np.float64]

# A guess is (roll, pitch, azimuth, zoom): radians by which the camera leans to its right, looks down, and is
# turned against the level lines, and the logarithm of the true over the assumed focal length.
_USUAL = np.array([0.0, math.radians(5), 0.0, 0.0])
_USUAL_DEVIATION = np.array([math.radians(10), math.radians(20), math.inf, 0.15])

_LARGEST = 40, 50, 45
"""Degrees of roll, pitch and azimuth up to which first guesses are made."""
_GRID = 5.0
"""Degrees between first guesses."""
_ZOOMS = -0.25, 0.0, 0.25
_LONGEST = 60
"""Segments that first guesses are judged by."""
_CANDIDATES = 4
_APART = math.radians(8.0)
"""Guesses whose roll and pitch are nearer to each other than this are the same."""
_STEPS = 2.0, 1.0, 0.5, 0.25
"""Degrees by which guesses are made better, one after the other."""
_ZOOM_STEP = 0.02
"""Of the zoom, for each of these degrees."""
_MOST_MOVES = 20

_OFF = math.radians(1.2)
"""Standard deviation of a segment from the way to its vanishing point."""
_STRAY = 0.35
"""Share of segments that lead to none."""
_EVIDENCE, _MOST_EVIDENCE = 3.0, 0.6
"""What a segment counts, for every length of the picture's longer side, and at most."""
_PARALLEL, _NEARBY, _MOST_OF_PARALLELS = math.radians(2.0), 0.3, 1.0
"""Segments within this angle in the picture, and so many of its longer sides from each other, count this much
together: stripes and shutters are one hint."""

_LEAST_SEGMENTS = 50
_LEAST_OF_EITHER = 8
"""Segments that are upright, and that are level."""
_LEAST_EXPLAINED = 0.5
_EXPLAINED = math.radians(3.0)
_LEAST_ADVANTAGE = 3.0
"""The logarithm of how much more probable an answer is than any that is another."""
_DEVIATION = math.radians(1.0), math.radians(4.0)
"""What answers are held to at least, and what no answer counts beyond."""
_STEADY = math.radians(3.0)
"""Pictures of a camera that stands tell the same up to this."""


@dataclass(frozen=True, eq=False)
class Perspective:
    """What lines tell of a camera."""

    up: Array
    """(3,) the unit vector against gravity, camera axes."""
    deviation: float
    """Radians, the standard deviation of its direction."""
    zoom: float
    """The true over the assumed focal length, 1 where that is known."""
    zoom_deviation: float
    """Of its logarithm."""


def perspective_by_lines(
    segments: NDArray[Any], camera_matrix: NDArray[Any], focal_length_assumed: bool
) -> Perspective | None:
    """What (N, 2, 2) line segments, in pixels, tell; None where that is ambiguous or too little.

    `camera_matrix` (3, 3) is believed, but for a focal length that is only assumed.
    """
    if len(segments) < _LEAST_SEGMENTS:
        return None
    view = _View(segments, camera_matrix)
    units = np.array([1.0, 1.0, 1.0, _ZOOM_STEP / math.radians(1) if focal_length_assumed else 0.0])
    candidates = view.candidates(_ZOOMS if focal_length_assumed else (0.0,))
    answers = np.array([view.improved(candidate, units) for candidate in candidates])
    probability = view.log_probability(answers, _OFF)
    best = answers[probability.argmax()]
    others = [p for p, answer in zip(probability, answers, strict=True) if _are_apart(answer, best)]
    if (others and probability.max() - max(others) < _LEAST_ADVANTAGE) or not view.is_explained_by(best):
        return None
    turned, zoomed = view.deviations(best, units)
    if turned > _DEVIATION[1]:
        return None
    up = _axes(best * [1, 1, 1, 0])[0]
    return Perspective(up, max(turned, _DEVIATION[0]), math.exp(best[3]), zoomed)


def steady(told: Sequence[Perspective | None]) -> Perspective | None:
    """Of several pictures of a camera the middle one; None where none tells, or the camera moves."""
    known = [one for one in told if one is not None]
    if not known:
        return None
    ups = np.array([one.up for one in known])
    apart = np.arccos((ups @ ups.T).clip(-1, 1)).sum(1) / max(len(known) - 1, 1)
    return known[int(apart.argmin())] if apart.min() <= _STEADY else None


class _View:
    """Line segments as the camera sees them, and how probable they make a guess."""

    def __init__(self, segments: NDArray[Any], camera_matrix: NDArray[Any]) -> None:
        ends = rays(segments, camera_matrix)[..., :2]
        middle, along = ends.mean(1), ends[:, 1] - ends[:, 0]
        length = np.linalg.norm(along, axis=1)
        self._middle = middle.astype(np.float32)
        self._direction = (along / length[:, None]).astype(np.float32)
        longer_side = 2 * (camera_matrix[:2, 2] / np.diagonal(camera_matrix)[:2]).max()
        weight = np.minimum(_EVIDENCE * length / longer_side, _MOST_EVIDENCE)
        together = _weight_of_parallels(along, middle / longer_side, weight)
        weight *= np.minimum(1, _MOST_OF_PARALLELS / together)
        self._weight = weight.astype(np.float32)

    def candidates(self, zooms: Sequence[float]) -> Array:
        """(N, 4) guesses that are far from each other, the best first."""
        axes = [np.radians(np.arange(-most, most + _GRID / 2, _GRID)) for most in _LARGEST]
        grid = np.stack(np.meshgrid(*axes, zooms, indexing="ij"), -1)
        found = np.stack([self.log_probability(part, math.radians(_GRID), _LONGEST) for part in grid])
        guesses = grid.reshape(-1, 4)
        chosen: list[Array] = []
        for number in np.argsort(-found, axis=None):
            if all(_are_apart(guesses[number], other) for other in chosen):
                chosen.append(guesses[number])
            if len(chosen) == _CANDIDATES:
                break
        return np.array(chosen)

    def improved(self, guess: Array, units: Array) -> Array:
        """The best guess near a guess, by ever smaller steps; `units` (4,) of a step, 0 where none goes."""
        ways = np.array(list(itertools.product((0, -1, 1), repeat=4)))  # the first stays
        ways = ways[~ways[:, units == 0].any(1)]
        for step in np.radians(_STEPS):
            for _ in range(_MOST_MOVES):
                near = guess + step * units * ways
                best = int(self.log_probability(near, max(step, _OFF)).argmax())
                if best == 0:
                    break
                guess = near[best]
        return guess

    def deviations(self, guess: Array, units: Array) -> tuple[float, float]:
        """Standard deviations by the curvature at a guess: radians of its direction, and of its zoom."""
        steps = math.radians(1) * np.diag(units)[units > 0]
        ways = np.array([[(a + b, a - b) for b in steps] for a in steps])
        far, near = np.moveaxis(
            self.log_probability(guess + ways, _OFF) + self.log_probability(guess - ways, _OFF), -1, 0
        )
        curvature = (near - far).astype(np.float64) / (4 * math.radians(1) ** 2)
        if np.linalg.eigvalsh(curvature).min() <= 0:
            return math.inf, math.inf
        covariance = np.linalg.inv(curvature)
        turned = math.sqrt(float(np.linalg.eigvalsh(covariance[:2, :2]).max()))
        return turned, units[3] * math.sqrt(covariance[-1, -1])

    def is_explained_by(self, guess: Array) -> bool:
        """Whether most lines lead to the guess's vanishing points, enough of them up and enough not."""
        sines = self._sines_squared(_axes(guess))
        led = sines.min(0) < math.sin(_EXPLAINED) ** 2
        upright = sines.argmin(0)[led] == 0
        share = float(self._weight[led].sum() / self._weight.sum())
        return bool(share >= _LEAST_EXPLAINED and min(upright.sum(), (~upright).sum()) >= _LEAST_OF_EITHER)

    def log_probability(self, guesses: Array, off: float, most: int | None = None) -> NDArray[np.float32]:
        """(...) of guesses (..., 4), up to a constant, by the first `most` segments, each `off` so far."""
        squares = self._sines_squared(_axes(guesses), most) / np.float32(off**2)
        leading = np.exp(-squares / 2).mean(-2) * np.float32(2 / (off * math.sqrt(2 * math.pi)))
        likelihood = _STRAY * 2 / math.pi + (1 - _STRAY) * leading
        unusual = ((guesses - _USUAL) / _USUAL_DEVIATION) ** 2
        total: NDArray[np.float32] = np.log(likelihood) @ self._weight[:most] - unusual.sum(-1) / 2
        return total

    def _sines_squared(self, axes: Array, most: int | None = None) -> NDArray[np.float32]:
        """(..., 3, N) of the angles between segments and their ways to (..., 3, 3) vanishing points."""
        x, y, z = np.moveaxis(axes.astype(np.float32), -1, 0)[..., None]
        middle, direction = self._middle[:most], self._direction[:most]
        way_x, way_y = x - middle[:, 0] * z, y - middle[:, 1] * z
        cross = way_x * direction[:, 1] - way_y * direction[:, 0]
        sines: NDArray[np.float32] = cross**2 / (way_x**2 + way_y**2 + np.float32(1e-12))
        return sines


def _axes(guesses: Array) -> Array:
    """(..., 4) guesses to (..., 3, 3): up and two level directions as the assumed camera sees them."""
    roll, pitch, azimuth, zoom = np.moveaxis(guesses, -1, 0)
    up = np.stack([np.sin(roll) * np.cos(pitch), -np.cos(roll) * np.cos(pitch), -np.sin(pitch)], -1)
    ahead = np.stack([np.sin(roll) * np.sin(pitch), -np.cos(roll) * np.sin(pitch), np.cos(pitch)], -1)
    aside = np.stack([np.cos(roll), np.sin(roll), np.zeros_like(roll)], -1)
    cosine, sine = np.cos(azimuth)[..., None], np.sin(azimuth)[..., None]
    axes: Array = np.stack([up, cosine * ahead + sine * aside, cosine * aside - sine * ahead], -2)
    axes[..., :2] *= np.exp(zoom)[..., None, None]
    return axes


def _are_apart(a: Array, b: Array) -> bool:
    return bool(np.linalg.norm(a[:2] - b[:2]) > _APART)


def _weight_of_parallels(along: Array, middle: Array, weight: Array) -> Array:
    """(N,) what all segments along (N, 2) count together that are parallel to one and near it."""
    angle = np.arctan2(along[:, 1], along[:, 0])
    apart = np.sin(angle[:, None] - angle) / _PARALLEL
    away = np.linalg.norm(middle[:, None] - middle, axis=-1) / _NEARBY
    total: Array = np.exp(-(apart**2 + away**2) / 2) @ weight
    return total
