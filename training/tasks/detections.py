"""What a keypoint detector makes of filmed bodies: keypoints that are off, hidden, or not to be had at all.

The sizes of the errors are those of MediaPipe's landmarks, as far as they are known: a confident keypoint
is off by about one hundredth of the person's height, faces less, feet and hands more; hips and shoulders lie
elsewhere on the body than the joints; what leaves the picture is guessed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lifting_core.skeleton import JOINT_KEYPOINTS, unsided
from training.datasets.mocap import POINTS
from training.tasks.filming import STATURE, Shot
from training.tasks.observed import ObservedPeople
from training.tasks.variation import chest_axes, pelvis_axes

_SIDED = (
    *("eye", "ear", "shoulder", "elbow", "wrist", "pinky", "index", "thumb", "hip", "knee", "ankle"),
    *("heel", "foot_index"),
)
KEYPOINTS: tuple[str, ...] = ("nose", *(f"{side}_{name}" for name in _SIDED for side in ("left", "right")))
"""Keypoints the default profile reads, by MediaPipe's names; other detectors lack some of them."""

# Standard deviation of a confident keypoint, as a share of the person's height in the picture.
_NOISE = {"nose": 0.006, "eye": 0.004, "ear": 0.005, "shoulder": 0.011, "elbow": 0.011, "wrist": 0.010}
_NOISE |= {"pinky": 0.010, "index": 0.010, "thumb": 0.010, "hip": 0.013, "knee": 0.011, "ankle": 0.010}
_NOISE |= {"heel": 0.011, "foot_index": 0.012}
# What is detected as one thing is off together.
_TOGETHER = (
    (("nose", "eye", "ear"), 0.006),
    *(
        ((f"{side}_wrist", f"{side}_pinky", f"{side}_index", f"{side}_thumb"), 0.008)
        for side in ("left", "right")
    ),
    *(((f"{side}_ankle", f"{side}_heel", f"{side}_foot"), 0.008) for side in ("left", "right")),
    (("shoulder",), 0.008),
    (("hip",), 0.010),
)
_MISPLACED = {"hip": (0.025, 0.030, 0.020), "shoulder": (0.020, 0.020, 0.015)}
"""Metres, along the trunk, across it and from back to front: how far both keypoints of a pair lie from the
joints, as mirror images of each other."""

_OBSERVED = 0.6
"""Share of bodies with observed errors, where there are any."""
_REST = 0.3
"""Share of the simulated errors that is added to observed ones."""

_NAMES_OF_POINTS = {
    keypoints[0]: joint for joint, keypoints in JOINT_KEYPOINTS.items() if len(keypoints) == 1
}


def _keypoints_of(*names: str) -> list[int]:
    return [i for i, keypoint in enumerate(KEYPOINTS) if any(name in keypoint for name in names)]


_LEFT_HAND, _RIGHT_HAND = (
    tuple(f"{side}_{name}" for name in ("wrist", "pinky", "index", "thumb")) for side in ("left", "right")
)
_FEET = ("ankle", "heel", "foot_index")
_UNCERTAIN_TOGETHER = (
    (_keypoints_of("knee", *_FEET), 0.06),
    (_keypoints_of(*_FEET), 0.05),
    (_keypoints_of("hip", "knee", *_FEET), 0.04),
    (_keypoints_of("left_elbow", *_LEFT_HAND), 0.06),
    (_keypoints_of("right_elbow", *_RIGHT_HAND), 0.06),
    (_keypoints_of(*_LEFT_HAND), 0.05),
    (_keypoints_of(*_RIGHT_HAND), 0.05),
    (_keypoints_of("left_knee", "left_ankle", "left_heel", "left_foot"), 0.05),
    (_keypoints_of("right_knee", "right_ankle", "right_heel", "right_foot"), 0.05),
    (_keypoints_of("heel", "foot_index"), 0.05),
    (_keypoints_of("nose", "eye", "ear"), 0.04),
)
_FINGERS = [i for i in _keypoints_of("pinky", "index", "thumb") if "foot" not in KEYPOINTS[i]]
_LACKING = (
    (_FINGERS, 0.06),
    (_keypoints_of("heel"), 0.05),
    (_keypoints_of("eye", "ear"), 0.04),
    (_FINGERS + _keypoints_of("heel", "foot_index", "eye", "ear"), 0.05),
)
"""Keypoints that other detectors do not know, and the share of bodies without them."""
_NEVER_HIDDEN = _keypoints_of("shoulder")  # a position needs something to be seen by

POINTS_OF_KEYPOINTS: list[int] = [POINTS.index(_NAMES_OF_POINTS.get(name, name)) for name in KEYPOINTS]
"""Where on the body the keypoints should be."""


class Detecting:
    """Draws detections: simulated ones, or with the errors that a detector made on renders."""

    def __init__(self, generator: torch.Generator, observed: ObservedPeople | None = None) -> None:
        self._random = generator
        self._observed = observed
        self._noise = torch.tensor([_NOISE[unsided(name)] for name in KEYPOINTS])

    def __call__(self, shot: Shot) -> tuple[Tensor, Tensor]:
        """Noisy rays (N, K, 3), z = 1, and confidences (N, K) of a shot's keypoints."""
        points = shot.points[:, POINTS_OF_KEYPOINTS]
        xy = points[..., :2] / points[..., 2:].clamp(min=0.2)
        outside = (xy.abs() > shot.edge[:, None]).any(-1) | (points[..., 2] < 0.2)
        confidence = self._confidence(outside)
        height = STATURE / shot.points[:, 0, 2].clamp(min=0.3)
        error = self._simulated_errors(confidence)
        if self._observed is not None:
            error, confidence = self._observed_errors(self._observed, shot.points, outside, error, confidence)
        error = error + self._misplaced(shot.points)[..., :2] / STATURE
        xy = (xy + height[:, None, None] * error) * shot.focal_error[:, None, None]
        return torch.cat([xy, torch.ones_like(xy[..., :1])], -1), confidence

    def _simulated_errors(self, confidence: Tensor) -> Tensor:
        """(N, K, 2) shares of the stature in the picture."""
        deviation = self._noise * (1 + 5 * (1 - confidence))
        error = deviation[..., None] * self._normal(*confidence.shape, 2)
        for columns, noise in _TOGETHER_COLUMNS:
            error[:, columns] += noise * self._normal(len(error), 1, 2)
        return error

    def _observed_errors(
        self, observed: ObservedPeople, points: Tensor, outside: Tensor, error: Tensor, confidence: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Put observed errors in place of some of the simulated ones, of which a little stays."""
        seen, sure = observed.like(points, STATURE, self._random)
        chosen = (self._uniform(len(sure), 1) < _OBSERVED) & ~outside & (confidence > 0)
        return (
            torch.where(chosen[..., None], seen + _REST * error, error),
            torch.where(chosen, sure, confidence),
        )

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._random)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._random)

    def _misplaced(self, points: Tensor) -> Tensor:
        """(N, K, 3) metres from the points to where the keypoints lie on this body."""
        offset = torch.zeros(len(points), len(KEYPOINTS), 3)
        for pair, sizes in _MISPLACED.items():
            axes = pelvis_axes(points) if pair == "hip" else chest_axes(points)
            own = self._normal(len(points), 3) * torch.tensor(sizes)
            for side, sign in (("left", 1.0), ("right", -1.0)):
                mirrored = own * torch.tensor([1.0, sign, 1.0])
                offset[:, KEYPOINTS.index(f"{side}_{pair}")] = (axes @ mirrored[..., None])[..., 0]
        return offset

    def _confidence(self, outside: Tensor) -> Tensor:
        """(N, K): mostly high; whole limbs and single keypoints uncertain, outside or lacking."""
        count = len(outside)
        confidence = 1 - (0.12 * self._normal(*outside.shape)).abs()
        for limb, share in _UNCERTAIN_TOGETHER:
            uncertain = self._uniform(count, 1) < share
            level = 0.7 * self._uniform(count, 1)
            confidence[:, limb] = torch.where(uncertain, level, confidence[:, limb])
        single = self._uniform(*outside.shape) < 0.03
        confidence = torch.where(single, 0.7 * self._uniform(*outside.shape), confidence)
        confidence = torch.where(outside, 0.4 * self._uniform(*outside.shape), confidence)
        confidence[:, _NEVER_HIDDEN] = confidence[:, _NEVER_HIDDEN].clamp(min=0.5)
        for keypoints_lacking, share in _LACKING:
            lacking = self._uniform(count, 1) < share
            confidence[:, keypoints_lacking] = torch.where(lacking, 0.0, confidence[:, keypoints_lacking])
        return confidence.clamp(0, 1)


_TOGETHER_COLUMNS = tuple((_keypoints_of(*names), noise) for names, noise in _TOGETHER)
