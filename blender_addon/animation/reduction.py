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
from functools import cached_property, partial

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput
from ..kinematics.bone_values import Values
from ..kinematics.joints import OBJECT, Pose, Skeleton, measure
from .channels import keyed_location, keyed_rotation
from .fcurves import Array, Curves, Keys
from .spline import Knots, Samples, nearest_spline

_MARGIN = 0.98
"""Part of the bound that is used; the rest is for Blender's single precision."""
_FIRST = 0.8
"""How far each bone's curves alone may stray at first, in bounds: they rarely stray together."""
_BEGINNING = 8
"""Frames from key to key at first."""
_GROWN = 1.1
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

    Curves with one key stay as they are. Raises InvalidInput when the bound is no distance.
    """
    if not 0 < bound < math.inf:
        raise InvalidInput(f"A joint error of {bound} is no distance.", "Say 0.005 for 5 mm.")
    dense = [each for each in curves if len(each.keys.frames) > 2]
    if not dense:
        return Reduction(list(curves), 0.0, _count(curves))
    properties, skeleton = _read_rig(armature, dense, rigged)
    wanted = _pose(properties, skeleton, [each.wanted for each in properties])
    fits = [_Fit(each, skeleton.reach(each.bone, each.turns, wanted), bound) for each in properties]
    error = _fit_all(fits, skeleton, wanted, _MARGIN * bound)
    fitted = {id(each.of.curves): each.reduced() for each in fits}
    return Reduction([fitted.get(id(each), each) for each in curves], error, _count(curves))


def _count(curves: Sequence[Curves]) -> int:
    return sum(each.values.size for each in curves)


@dataclass(frozen=True, eq=False)
class _Property:
    """A rotation or a location that is keyed."""

    curves: Curves
    bone: str
    """Whose it is, or `OBJECT`."""
    turns: bool
    """Whether it is a rotation."""
    read: Callable[[Array], Array]
    """From values (N, C) of the curves to rotations (N, 4) or locations (N, 3)."""
    touched: NDArray[np.bool_]
    """(R,) which of the distances it has a part in."""

    @cached_property
    def wanted(self) -> Array:
        """What it is in the motion."""
        return self.read(self.curves.values)


class _Fit:
    """The curves of one property as they are being fitted.

    `strays` (N,) are the scene units that they alone take a joint away, at most, and `tolerance` (N,) those
    that they may. `now` are the rotations or locations that the curves give.
    """

    def __init__(self, of: _Property, reach: float, bound: float) -> None:
        """With as few keys as there can be. `reach`: see `Skeleton.reach`."""
        keys = of.curves.keys
        self.of = of
        self._unit = 2 * reach if of.turns else reach  # quaternions change by half the angle
        self._samples = Samples(keys.frames, keys.holds, of.curves.values)
        self._still = _STILL * bound / max(self._unit, 1e-9)
        self._settled = 0  # how many keys there were when last some were dropped
        self.tolerance = np.full(len(keys.frames), _FIRST * bound)
        self._follow(np.union1d(self._samples.required(), np.arange(0, len(keys.frames), _BEGINNING)))

    def refine(self) -> NDArray[np.bool_]:
        """Bring the curves within their tolerance with few keys. Returns (N,) which values have changed."""
        before = self.now
        self._split()
        if len(self._knots) > _GROWN * self._settled:
            before_pruning = math.inf
            while _GROWN * len(self._knots) < before_pruning:
                before_pruning = len(self._knots)
                self._prune()
                self._split()
            self._settled = len(self._knots)
        changed: NDArray[np.bool_] = np.any(self.now != before, axis=1)
        return changed

    def _split(self) -> None:
        """Add a key where each piece strays most, until none strays too far."""
        while True:
            ratio = self.strays / self.tolerance
            segment = np.searchsorted(self._knots, np.arange(len(ratio)), side="right") - 1
            worst = np.maximum.reduceat(ratio, self._knots)[segment]
            found = np.flatnonzero((ratio == worst) & (worst > 1))
            if len(found) == 0:
                return
            first = np.unique(segment[found], return_index=True)[1]
            self._follow(np.union1d(self._knots, found[first]))

    def _prune(self) -> None:
        """Drop keys that the others can do without, every third at a time."""
        for turn in range(3):
            knots = self._knots
            dropped = (np.arange(len(knots)) % 3 == turn) & ~np.isin(knots, self._samples.required())
            self._follow(knots[~dropped])
            worst = np.pad(np.maximum.reduceat(self.strays / self.tolerance, knots), 2)
            near = np.max([worst[shift : shift + len(knots)] for shift in range(4)], axis=0)
            self._follow(knots[~dropped | (near > 1)])

    def reduced(self) -> Curves:
        """The curves with keys at the knots alone."""
        keys = self.of.curves.keys
        return replace(
            self.of.curves,
            keys=Keys(keys.frames[self._knots], keys.holds[self._knots]),
            values=self.of.curves.values[self._knots],
            slopes=self._slopes,
        )

    def _follow(self, knots: Knots) -> None:
        spline = nearest_spline(self._samples, knots, self._still)
        self._knots, self._slopes, self.now = knots, spline.slopes, self.of.read(spline.values)
        self.strays = self._unit * np.linalg.norm(self.now - self.of.wanted, axis=1)
        self.strays[knots] = 0


def _read_rig(
    armature: bpy.types.Object, dense: Sequence[Curves], rigged: Rigged
) -> tuple[list[_Property], Skeleton]:
    owners = {"location": (OBJECT, False)}
    for bone in armature.pose.bones:
        rotations = ("rotation_quaternion", "rotation_euler", "rotation_axis_angle")
        owners |= {bone.path_from_id(name): (bone.name, True) for name in rotations}
        owners[bone.path_from_id("location")] = (bone.name, False)
    keyed = [(each, *owners[each.path]) for each in dense]
    turned = [name for _, name, turns in keyed if turns]
    moved = [name for _, name, turns in keyed if not turns]
    skeleton = measure(armature, turned, moved, rigged.values, rigged.limbs)
    properties = []
    for each, name, turns in keyed:
        touched = skeleton.touched(name if turns else None, None if turns else name)
        properties.append(_Property(each, name, turns, _reader(armature, each, name, turns), touched))
    return properties, skeleton


def _reader(armature: bpy.types.Object, curves: Curves, name: str, turns: bool) -> Callable[[Array], Array]:
    if turns:
        return partial(keyed_rotation, armature.pose.bones[name], curves)
    return partial(keyed_location, armature if name == OBJECT else armature.pose.bones[name], curves)


def _pose(properties: Sequence[_Property], skeleton: Skeleton, values: Sequence[Array]) -> Pose:
    pairs = list(zip(properties, values, strict=True))
    return skeleton.pose(
        {each.bone: value for each, value in pairs if each.turns},
        {each.bone: value for each, value in pairs if not each.turns},
    )


def _fit_all(fits: Sequence[_Fit], skeleton: Skeleton, wanted: Pose, limit: float) -> float:
    """Add keys until all joints are within the limit; returns the largest distance left."""
    properties = [fit.of for fit in fits]
    distances = np.zeros((len(properties[0].touched), len(fits[0].now)))
    changed = np.ones(len(fits[0].now), bool)
    while True:
        for fit in fits:
            changed |= fit.refine()
        now = _pose(properties, skeleton, [fit.now[changed] for fit in fits])
        distances[:, changed] = skeleton.distances(wanted.at(changed), now)
        if distances.max() <= limit:
            return float(distances.max())
        _blame(fits, distances, limit)
        changed = np.zeros(len(changed), bool)


def _blame(fits: Sequence[_Fit], distances: Array, limit: float) -> None:
    """Lower the tolerance of the properties that take the worst joint of a frame too far away."""
    bad = np.flatnonzero(distances.max(axis=0) > limit)
    row = distances[:, bad].argmax(axis=0)
    ratio = distances[row, bad] / limit
    strays = np.array([np.where(fit.of.touched[row], fit.strays[bad], 0) for fit in fits])
    to_blame = strays >= np.maximum(_BLAME * strays.max(axis=0), 1e-12)
    for fit, own, blamed in zip(fits, strays, to_blame, strict=True):
        fit.tolerance[bad[blamed]] = np.minimum(fit.tolerance[bad], own / ratio)[blamed] * 0.95
