"""Bodies beyond the recorded ones: mirrored, with limbs of other poses, limbs and trunks that reach and bend
further, turned heads, hands and feet, and the proportions of other people.

Bodies are (N, P, 3) in the order of `training.datasets.mocap.POINTS`, metres, z up.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from lifting_core.skeleton import JOINT_PARENTS, JOINTS, mirrored, unsided
from training.datasets.anatomy import SEGMENTS, anatomy
from training.datasets.body_points import SURFACE_POINTS
from training.datasets.mocap import POINTS

MIRROR = torch.tensor([POINTS.index(mirrored(name)) for name in POINTS])
"""Where the opposite side's points are."""

_ENDS = ("elbow", "wrist", "hand", "index", "pinky", "thumb"), ("knee", "ankle", "heel", "toe")
_OF_HEAD = [POINTS.index(name) for name in ("neck", "head", "left_ear", "right_ear", "left_eye", "right_eye")]


def _points(side: str, names: tuple[str, ...]) -> list[int]:
    return [POINTS.index(f"{side}_{name}") for name in names]


_LEFT_ARM, _LEFT_LEG = (_points("left", names) for names in _ENDS)
_ARMS = _LEFT_ARM + _points("right", _ENDS[0])
_LEGS = _LEFT_LEG + _points("right", _ENDS[1])
_HEAD = [POINTS.index("skull"), *_OF_HEAD]
_UPPER = [POINTS.index(name) for name in ("thorax", "left_shoulder", "right_shoulder")] + _ARMS + _HEAD
_ALL = list(range(1, len(POINTS)))
_HIPS = [POINTS.index("left_hip"), POINTS.index("right_hip")]

_IN_A_MIRROR = torch.tensor([-1.0, 1.0, -1.0, 1.0])
"""What becomes of a limb's angles: about axes that point up, left and back, and of its bend."""
_MOST_BENT = 145.0
"""Degrees of an elbow or a knee."""
_STRAIGHT = 0.3
"""Sine of the bend up to which hands and feet tell how a limb bends, as it does not tell by itself."""

# What is taken from another pose, whether it goes with the chest or with the pelvis, and how often. Whole
# limbs are taken, so that every joint of theirs keeps within its limits.
_SWAPS = (
    *((_ARMS, "chest", 0.25), (_LEFT_ARM, "chest", 0.10), (_HEAD, "chest", 0.30)),
    *((_LEGS, "pelvis", 0.12), (_LEFT_LEG, "pelvis", 0.06)),
)

_SEGMENT_OF = {
    "spine": "trunk",
    "knee": "thigh",
    "ankle": "shin",
    "heel": "foot",
    "toe": "foot",
    "elbow": "upper_arm",
    "wrist": "forearm",
    "index": "hand",
    "pinky": "hand",
    "thumb": "hand",
    "thorax": "trunk",
    "skull": "neck",
    "neck": "head",
    "ear": "head",
    "eye": "head",
    "pelvis": "trunk",
}
_SEGMENTS = [SEGMENTS.index(_SEGMENT_OF.get(part, part)) for part in map(unsided, POINTS)]


@dataclass(frozen=True)
class Variety:
    """How far bodies are varied; degrees."""

    head: tuple[float, float, float] = (25.0, 12.0, 8.0)
    """Standard deviations of turning about the neck, of nodding and of leaning to a side."""
    hand: tuple[float, float, float] = (35.0, 28.0, 14.0)
    """Of turning about the forearm, of bending and of leaning to the thumb."""
    foot: tuple[float, float, float] = (10.0, 8.0, 8.0)
    """Of bending, of leaning inward and of turning inward."""
    arm: float = 40.0
    """Of a whole arm about the shoulder, about every axis; where limbs and trunks are turned at all."""
    leg: float = 28.0
    elbow: float = 35.0
    """Of bending, within what an elbow can."""
    knee: float = 30.0
    trunk: float = 15.0
    body: float = 20.0
    """Of everything, as in somebody who leans or falls."""
    turned: float = 0.35
    """Share of bodies of which each of these is turned."""
    alike: float = 0.5
    """Share of bodies whose right arm and leg are turned as the left ones are, in a mirror: people often do
    the same with both."""
    people: float = 0.6
    """Share of bodies with the proportions of other people than the recorded."""
    lengths: float = 0.05
    """Standard deviation of the logarithm of every length, on top of that."""


class Variation:
    """Draws varied bodies."""

    def __init__(self, generator: torch.Generator, variety: Variety | None = None) -> None:
        self._random = generator
        self._variety = variety or Variety()
        self._spread = torch.from_numpy(anatomy().spread).float()

    def __call__(self, bodies: Tensor) -> Tensor:
        """(N, P, 3) to others of the same shape."""
        bones = BONES_FROM_POINTS @ bodies
        chest, pelvis = chest_axes(bodies), pelvis_axes(bodies)
        for limb, anchor, share in _SWAPS:
            self._swap(bones, limb, chest if anchor == "chest" else pelvis, share)
        self._turn_limbs(bones, chest, pelvis)
        self._turn_head(bones, chest)
        for side in ("left", "right"):
            self._turn_hand(bones, side)
            self._turn_foot(bones, side)
        varied = POINTS_FROM_BONES @ (bones * self._factors(len(bodies)))
        flipped = varied[:, MIRROR] * torch.tensor([-1.0, 1.0, 1.0])
        return torch.where(self._chance(len(bodies), 0.5), flipped, varied)

    def _chance(self, count: int, share: float) -> Tensor:
        return torch.rand(count, 1, 1, generator=self._random) < share

    def _swap(self, bones: Tensor, limb: list[int], axes: Tensor, share: float) -> None:
        """Take the directions of a limb's bones, as seen from the trunk, from other bodies."""
        chosen = torch.nonzero(self._chance(len(bones), share).flatten()).flatten()
        donors = torch.randint(len(bones), (len(chosen),), generator=self._random)
        turn = axes[chosen] @ axes[donors].transpose(-1, -2)
        lengths = bones[chosen][:, limb].norm(dim=-1, keepdim=True)
        taken = normalize(bones[donors][:, limb] @ turn.transpose(-1, -2), dim=-1) * lengths
        bones[chosen[:, None], torch.tensor(limb)] = taken

    def _turn_limbs(self, bones: Tensor, chest: Tensor, pelvis: Tensor) -> None:
        """Arms, legs, the trunk above the waist and whole bodies of some, so that rare poses are not unheard
        of."""
        variety = self._variety
        arms, legs = ([_points(side, names) for side in ("left", "right")] for names in _ENDS)
        for limbs, axes, turn, bend in (
            (arms, chest, variety.arm, variety.elbow),
            (legs, pelvis, variety.leg, variety.knee),
        ):
            left, right = (self._limb_angles(len(bones), turn, bend) for _ in limbs)
            alike = self._chance(len(bones), variety.alike)[..., 0]
            right = torch.where(alike, _IN_A_MIRROR * left, right)
            for limb, angles in zip(limbs, (left, right), strict=True):
                _rotate(bones, limb, axes, angles[:, :3])
                _bend(bones, limb, angles[:, 3])
        self._turn(bones, _UPPER, pelvis, (variety.trunk,) * 3, variety.turned)
        self._turn(bones, _ALL, pelvis, (variety.body,) * 3, variety.turned)

    def _limb_angles(self, count: int, turn: float, bend: float) -> Tensor:
        """(N, 4) degrees: about the axes of the trunk, and of the elbow or knee."""
        share = self._variety.turned
        return torch.cat([self._angles(count, (turn,) * 3, share), self._angles(count, (bend,), share)], 1)

    def _turn_head(self, bones: Tensor, chest: Tensor) -> None:
        self._turn(bones, _OF_HEAD, chest, self._variety.head)

    def _turn_hand(self, bones: Tensor, side: str) -> None:
        """About the forearm, about the axis across the palm, and about the axis out of it."""
        hand = _points(side, ("hand", "index", "pinky", "thumb"))
        across = bones[:, hand[1]] - bones[:, hand[2]]
        self._turn(
            bones, hand, _orthogonal(bones[:, POINTS.index(f"{side}_wrist")], across), self._variety.hand
        )

    def _turn_foot(self, bones: Tensor, side: str) -> None:
        """About the axis across the foot, about the foot's own, and about the shin."""
        foot = _points(side, ("heel", "toe"))
        along = bones[:, foot[1]] - bones[:, foot[0]]
        shin = bones[:, POINTS.index(f"{side}_ankle")]
        self._turn(
            bones, foot, _orthogonal(torch.linalg.cross(along, shin, dim=-1), along), self._variety.foot
        )

    def _turn(
        self, bones: Tensor, points: list[int], axes: Tensor, degrees: tuple[float, ...], share: float = 1.0
    ) -> None:
        """Turn bones of a share of the bodies about the columns of `axes` (N, 3, 3) by random angles."""
        _rotate(bones, points, axes, self._angles(len(bones), degrees, share))

    def _angles(self, count: int, degrees: tuple[float, ...], share: float) -> Tensor:
        """(N, A) degrees for so many standard deviations, none for all bodies but a share."""
        drawn = torch.randn(count, len(degrees), generator=self._random).clamp(-2, 2)
        return torch.where(self._chance(count, share)[..., 0], drawn * torch.tensor(degrees), 0.0)

    def _factors(self, count: int) -> Tensor:
        """(N, P, 1) by which bones become longer, the same on both sides."""
        people = torch.randn(count, len(SEGMENTS), generator=self._random).clamp(-2.5, 2.5) @ self._spread.T
        people = torch.where(self._chance(count, self._variety.people)[..., 0], people, 0.0)
        own = torch.randn(count, len(POINTS), generator=self._random).clamp(-2.5, 2.5)
        own = (own + own[:, MIRROR]) / 2
        own[:, _OF_HEAD] = own[:, _OF_HEAD[:1]]  # a head is one piece
        return torch.exp(people[:, _SEGMENTS] + self._variety.lengths * own)[..., None]


def _rotate(bones: Tensor, points: list[int], axes: Tensor, degrees: Tensor) -> None:
    """Turn bones about the columns of `axes` (N, 3, 3) by (N, 3) angles at once."""
    turn = axes @ rotations(torch.deg2rad(degrees)) @ axes.transpose(-1, -2)
    bones[:, points] = bones[:, points] @ turn.transpose(-1, -2)


def _bend(bones: Tensor, limb: list[int], degrees: Tensor) -> None:
    """Bend elbows or knees further by (N,) degrees, or less.

    `limb` are its points from the joint downward. Straight ones bend toward the thumb, or away from the toes.
    """
    upper, lower = (normalize(bones[:, point], dim=-1) for point in limb[:2])
    to, away = (limb[3], limb[4]) if limb[0] in _ARMS else (limb[2], limb[3])
    hinge = normalize(torch.linalg.cross(lower, bones[:, to] - bones[:, away], dim=-1), dim=-1)
    across = torch.linalg.cross(upper, lower, dim=-1)
    hinge = _STRAIGHT * hinge + across
    hinge = normalize(hinge - (hinge * upper).sum(-1, keepdim=True) * upper, dim=-1)
    bent = torch.rad2deg(torch.atan2((across * hinge).sum(-1), (upper * lower).sum(-1)))
    turned = (bent + degrees).clamp(0, _MOST_BENT) - bent
    turn = rotations(torch.deg2rad(turned)[:, None] * hinge)
    bones[:, limb[1:]] = bones[:, limb[1:]] @ turn.transpose(-1, -2)


def chest_axes(bodies: Tensor) -> Tensor:
    """(N, P, 3) to (N, 3, 3) columns: the chest's up, left and back."""
    return _trunk_axes(bodies, "spine", "thorax", "shoulder")


def pelvis_axes(bodies: Tensor) -> Tensor:
    """(N, P, 3) to (N, 3, 3) columns: the pelvis's up, left and back."""
    return _trunk_axes(bodies, "pelvis", "spine", "hip")


def _trunk_axes(bodies: Tensor, lower: str, upper: str, sides: str) -> Tensor:
    at = {name: bodies[:, POINTS.index(name)] for name in (lower, upper)}
    left, right = (bodies[:, POINTS.index(f"{side}_{sides}")] for side in ("left", "right"))
    return _orthogonal(at[upper] - at[lower], left - right)


def _orthogonal(first: Tensor, second: Tensor) -> Tensor:
    """(..., 3) directions to (..., 3, 3) columns: the first, the second made upright on it, and their cross
    product."""
    first = normalize(first, dim=-1)
    second = normalize(second - (second * first).sum(-1, keepdim=True) * first, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second, dim=-1)], -1)


def rotations(vectors: Tensor) -> Tensor:
    """(..., 3) rotation vectors in radians to (..., 3, 3) matrices, by Rodrigues' formula."""
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    angle = vectors.norm(dim=-1)[..., None, None].clamp(min=1e-6)
    matrices: Tensor = (
        torch.eye(3)
        + torch.sin(angle) / angle * skew
        + (1 - torch.cos(angle)) / angle.square() * (skew @ skew)
    )
    return matrices


# (P, P) from positions to the vectors from every point's parent (the pelvis keeps its position), and back.
_SURFACE_PARENTS = {"eye": "skull", "pinky": "wrist", "thumb": "wrist"}


def _parent(point: str) -> int:
    side, part = point.split("_")
    parent = _SURFACE_PARENTS[part]
    return JOINTS.index(parent if parent in JOINTS else f"{side}_{parent}")


PARENTS: tuple[int, ...] = (*JOINT_PARENTS, *map(_parent, SURFACE_POINTS))
"""Every point's parent; the pelvis has none, -1."""

BONES_FROM_POINTS = torch.eye(len(POINTS))
for _child, _of in enumerate(PARENTS[1:], start=1):
    BONES_FROM_POINTS[_child, _of] = -1.0
POINTS_FROM_BONES = torch.linalg.inv(BONES_FROM_POINTS)
