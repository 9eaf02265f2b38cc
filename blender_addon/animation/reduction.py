"""Fewer keys: smooth curves that keep every joint of the rig within a bound of the motion at all its frames.

Each bone's curves are fitted by cubic pieces that are split where they stray most, as Schneider (1990), "An
algorithm for automatically fitting digitized curves", Graphics Gems, does with drawn curves. What counts is
not the channels but the joints: forward kinematics says where these stray too far, and there the bones that
are most to blame have to follow more closely.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import bpy
import numpy as np
from numpy.typing import NDArray

from ..retargeting.bone_values import Values
from ..retargeting.channels import keyed_location, keyed_rotation
from .fcurves import Array, Curves, Keys
from .kinematics import OBJECT, Pose, Skeleton, measure
from .spline import Knots, Samples, nearest_spline

_MARGIN = 0.98
"""Part of the bound that is used; the rest is for Blender's single precision."""
_FIRST = 0.8
"""How far each bone's curves alone may stray at first, in bounds: they rarely stray together."""
_BEGINNING = 8
"""Frames from key to key at first."""
_GROWN = 1.03
"""Where keys have become so many times more, some are dropped, again and again while that changes as much."""
_BLAME = 0.5
"""Bones that stray at least so much, compared with the one that strays most, are to blame too."""
_STILL = 0.02
"""Part of the bound within which a channel stands still, so that its curve is flat."""


@dataclass(frozen=True)
class Rigged:
    """What else the joints of a rig depend on."""

    values: Values = field(default_factory=dict)
    """Properties of bones that are set."""
    limbs: tuple[tuple[str, str, str, str, str], ...] = ()
    """Limbs that IK bends: their bones upper, lower and end, control and pole."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """Curves with fewer keys."""

    curves: list[Curves]
    error: float
    """The largest distance of a joint from where it should be, in scene units."""
    before: int
    """How many keys there were."""

    @property
    def keys(self) -> int:
        """How many keys there are."""
        return _count(self.curves)

    @property
    def summary(self) -> str:
        """What has been done, in words."""
        return f"{self.keys} keys instead of {self.before} keep the joints within {self.error:.3g} of it."


def reduce_keys(
    armature: bpy.types.Object, curves: Sequence[Curves], bound: float, rigged: Rigged = Rigged()
) -> Reduction:
    """The curves of a motion, which have common keys, within `bound` scene units of it at all joints.

    Curves with one key stay as they are.
    """
    dense = [each for each in curves if len(each.keys.frames) > 2]
    if not dense:
        return Reduction(list(curves), 0.0, _count(curves))
    fits, skeleton = _fits(armature, dense, rigged)
    error = _fit_all(fits, skeleton, bound)
    fitted = {id(each.curves): each.reduced() for each in fits}
    return Reduction([fitted.get(id(each), each) for each in curves], error, _count(curves))


def _count(curves: Sequence[Curves]) -> int:
    return sum(each.values.size for each in curves)


@dataclass(eq=False)
class _Fit:
    """The curves of one property as they are being fitted."""

    curves: Curves
    bone: str
    turns: bool
    """Whether the property is a rotation, not a location."""
    read: Callable[[Array], Array]
    """From values (N, C) to rotations (N, 4) or locations (N, 3)."""
    touched: NDArray[np.bool_]
    """(R,) which of the distances the property has a part in."""
    reach: float
    """Scene units that the farthest joint moves a radian, or a unit of the location."""
    samples: Samples = field(init=False)
    wanted: Array = field(init=False)
    now: Array = field(init=False)
    strays: Array = field(init=False)
    """(N,) scene units that the property alone takes a joint away, at most."""
    tolerance: Array = field(init=False)
    knots: Knots = field(init=False)
    slopes: Array = field(init=False)
    settled: int = 0
    """How many keys there were when last some were dropped."""
    still: float = 0.0

    def begin(self, bound: float) -> None:
        """Fit the curves with as few keys as there can be."""
        keys = self.curves.keys
        self.samples = Samples(keys.frames, keys.holds, self.curves.values)
        self.wanted = self.read(self.curves.values)
        self.tolerance = np.full(len(keys.frames), _FIRST * bound)
        self.still = _STILL * bound / max(self.reach, 1e-9) * (0.5 if self.turns else 1)
        self._follow(np.union1d(self.samples.required(), np.arange(0, len(keys.frames), _BEGINNING)))

    def refine(self) -> NDArray[np.bool_]:
        """Bring the curves within their tolerance with few keys. Returns (N,) which values have changed."""
        before = self.now
        self._split()
        if len(self.knots) > _GROWN * self.settled:
            before_pruning = math.inf
            while _GROWN * len(self.knots) < before_pruning:
                before_pruning = len(self.knots)
                self._prune()
                self._split()
            self.settled = len(self.knots)
        changed: NDArray[np.bool_] = np.any(self.now != before, axis=1)
        return changed

    def _split(self) -> None:
        """Add a key where each piece strays most, until none strays too far."""
        while True:
            ratio = self.strays / self.tolerance
            segment = np.searchsorted(self.knots, np.arange(len(ratio)), side="right") - 1
            worst = np.maximum.reduceat(ratio, self.knots)[segment]
            found = np.flatnonzero((ratio == worst) & (worst > 1))
            if len(found) == 0:
                return
            first = np.unique(segment[found], return_index=True)[1]
            self._follow(np.union1d(self.knots, found[first]))

    def _prune(self) -> None:
        """Drop keys that the others can do without, every third at a time."""
        for turn in range(3):
            knots = self.knots
            dropped = (np.arange(len(knots)) % 3 == turn) & ~np.isin(knots, self.samples.required())
            self._follow(knots[~dropped])
            worst = np.pad(np.maximum.reduceat(self.strays / self.tolerance, knots), 2)
            near = np.max([worst[shift : shift + len(knots)] for shift in range(4)], axis=0)
            self._follow(knots[~dropped | (near > 1)])

    def reduced(self) -> Curves:
        """The curves with keys at the knots alone."""
        keys = self.curves.keys
        return replace(
            self.curves,
            keys=Keys(keys.frames[self.knots], keys.holds[self.knots]),
            values=self.curves.values[self.knots],
            slopes=self.slopes,
        )

    def _follow(self, knots: Knots) -> None:
        self.knots = knots
        spline = nearest_spline(self.samples, knots, self.still)
        self.slopes, self.now = spline.slopes, self.read(spline.values)
        change = np.linalg.norm(self.now - self.wanted, axis=1)
        self.strays = self.reach * (2 * change if self.turns else change)
        self.strays[knots] = 0


def _fits(armature: bpy.types.Object, dense: Sequence[Curves], rigged: Rigged) -> tuple[list[_Fit], Skeleton]:
    owners = {"location": (OBJECT, False)}
    for bone in armature.pose.bones:
        rotations = ("rotation_quaternion", "rotation_euler", "rotation_axis_angle")
        owners |= {bone.path_from_id(name): (bone.name, True) for name in rotations}
        owners[bone.path_from_id("location")] = (bone.name, False)
    keyed = [(each, *owners[each.path]) for each in dense]
    turned = [name for _, name, turns in keyed if turns]
    moved = [name for _, name, turns in keyed if not turns]
    skeleton = measure(armature, turned, moved, rigged.values, rigged.limbs)
    fits = []
    for each, name, turns in keyed:
        read = _reader(armature, each, name, turns)
        touched = skeleton.touched(name if turns else None, None if turns else name)
        fits.append(_Fit(each, name, turns, read, touched, 1.0))
    return fits, skeleton


def _reader(armature: bpy.types.Object, curves: Curves, name: str, turns: bool) -> Callable[[Array], Array]:
    if turns:
        return partial(keyed_rotation, armature.pose.bones[name], curves)
    return partial(keyed_location, armature if name == OBJECT else armature.pose.bones[name], curves)


def _fit_all(fits: Sequence[_Fit], skeleton: Skeleton, bound: float) -> float:
    """Split until all joints are within the bound; returns the largest distance left."""
    limit = _MARGIN * bound
    wanted = _pose(fits, skeleton, [fit.read(fit.curves.values) for fit in fits])
    for fit in fits:
        fit.reach = skeleton.reach(fit.bone, fit.turns, wanted)
        fit.begin(bound)
    distances = np.zeros((len(fits[0].touched), len(fits[0].wanted)))
    changed = np.ones(len(fits[0].wanted), bool)
    while True:
        for fit in fits:
            changed |= fit.refine()
        now = _pose(fits, skeleton, [fit.now[changed] for fit in fits])
        distances[:, changed] = skeleton.distances(wanted.at(changed), now)
        largest = distances.max(axis=0)
        if largest.max() <= limit:
            return float(largest.max())
        _blame(fits, distances, limit)
        changed = np.zeros(len(largest), bool)


def _pose(fits: Sequence[_Fit], skeleton: Skeleton, values: Sequence[Array]) -> Pose:
    pairs = list(zip(fits, values, strict=True))
    return skeleton.pose(
        {fit.bone: value for fit, value in pairs if fit.turns},
        {fit.bone: value for fit, value in pairs if not fit.turns},
    )


def _blame(fits: Sequence[_Fit], distances: Array, limit: float) -> None:
    """Lower the tolerance of the properties that take the worst joint of a frame too far away."""
    bad = np.flatnonzero(distances.max(axis=0) > limit)
    row = distances[:, bad].argmax(axis=0)
    ratio = distances[row, bad] / limit
    strays = np.array([np.where(fit.touched[row], fit.strays[bad], 0) for fit in fits])
    to_blame = strays >= np.maximum(_BLAME * strays.max(axis=0), 1e-12)
    for fit, own, blamed in zip(fits, strays, to_blame, strict=True):
        fit.tolerance[bad[blamed]] = np.minimum(fit.tolerance[bad], own / ratio)[blamed] * 0.95
