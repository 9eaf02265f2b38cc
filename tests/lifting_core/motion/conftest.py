"""People made of closed formulas, and cameras that film them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.camera.pinhole import camera_matrix, project
from lifting_core.motion.solve import Observation
from lifting_core.skeleton import JOINTS, LIMB_JOINTS

Array = NDArray[np.float64]

KEYPOINT_NAMES = (
    "nose",
    *LIMB_JOINTS,
    *(
        f"{side}_{part}"
        for side in ("left", "right")
        for part in ("ear", "heel", "foot_index", "index", "pinky")
    ),
)
THIGH, SHIN, UPPER_ARM, FOREARM, SOLE = 0.44, 0.45, 0.28, 0.25, 0.085
HEEL, TOE = (0.0039, -0.0621, -0.0416), (-0.0239, 0.1958, -0.0583)  # outward, ahead and up from the ankle
STRIDE_TIME, STANCE, SPEED = 1.1, 0.6, 1.0


@dataclass(frozen=True, eq=False)
class Walk:
    """Somebody who walks along -y on the floor z = 0, starting over the origin."""

    time: Array
    joints: Array
    """(T, 28, 3)"""
    contacts: Array
    """(T, 2) 1 where the left or right foot stands, else 0."""


@dataclass(frozen=True, eq=False)
class Filmed:
    """What a camera saw, and the truth."""

    observation: Observation
    joints: Array
    """(T, 28, 3) in camera axes, absolute."""
    up: Array
    """(3,) against gravity, in camera axes."""
    person: float
    """The person's height in pixels."""


def _ankle(time: Array, phase: float) -> tuple[Array, Array, Array, Array]:
    """(T,) how far an ankle is forward of the start and above the floor, how far the toes point down (rad),
    and whether the foot stands."""
    cycle = time / STRIDE_TIME + phase
    part = cycle - np.floor(cycle)
    swing = np.clip((part - STANCE) / (1 - STANCE), 0, 1)
    stride = SPEED * STRIDE_TIME
    forward = (np.floor(cycle) - phase + swing - np.sin(2 * np.pi * swing) / (2 * np.pi)) * stride
    return (
        forward + stride * STANCE / 2,
        SOLE + 0.1 * np.sin(np.pi * swing) ** 2,
        0.4 * np.sin(np.pi * swing) ** 2,
        (part <= STANCE).astype(float),
    )


def _knee(hip: Array, ankle: Array) -> Array:
    """The knee in front of the line from hip to ankle, by the law of cosines."""
    line = ankle - hip
    length = np.linalg.norm(line, axis=1, keepdims=True)
    along = (length**2 + THIGH**2 - SHIN**2) / (2 * length)
    line = line / length
    front = np.array([0, -1.0, 0]) - (line @ np.array([0, -1.0, 0]))[:, None] * line
    front /= np.linalg.norm(front, axis=1, keepdims=True)
    knee: Array = hip + along * line + np.sqrt(THIGH**2 - along**2) * front
    return knee


def make_walk(time: Array) -> Walk:
    ahead = SPEED * time
    at = {"pelvis": np.column_stack([0 * time, -ahead, 0.88 + 0 * time])}
    trunk = {
        "spine": (0.0, 0.23),
        "thorax": (0.0, 0.49),
        "skull": (0.04, 0.67),
        "neck": (0.155, 0.646),
        "head": (0.046, 0.795),
    }
    for name, (ahead_of_pelvis, above) in trunk.items():
        at[name] = at["pelvis"] + [0, -ahead_of_pelvis, above]
    contacts = []
    for side, sign, phase in (("left", 1, 0.0), ("right", -1, 0.5)):
        forward, height, pitch, stands = _ankle(time, phase)
        contacts.append(stands)
        at[f"{side}_ear"] = at["skull"] + [sign * 0.074, 0, 0]
        at[f"{side}_hip"] = at["pelvis"] + [sign * 0.12, 0, 0]
        at[f"{side}_ankle"] = np.column_stack([sign * 0.12 + 0 * time, -forward, height])
        for end, (outward, ahead_of_ankle, above) in (("heel", HEEL), ("toe", TOE)):
            flat = ahead_of_ankle * np.cos(pitch) + above * np.sin(pitch)
            aloft = above * np.cos(pitch) - ahead_of_ankle * np.sin(pitch)
            at[f"{side}_{end}"] = at[f"{side}_ankle"] + np.column_stack(
                [sign * outward + 0 * time, -flat, aloft]
            )
        at[f"{side}_knee"] = _knee(at[f"{side}_hip"], at[f"{side}_ankle"])
        swing = -0.5 * np.cos(2 * np.pi * (time / STRIDE_TIME + phase - STANCE / 2))
        elbow = swing + 0.4 + 0.2 * np.sin(2 * np.pi * time / STRIDE_TIME)
        at[f"{side}_shoulder"] = at["thorax"] + [sign * 0.17, 0, -0.02]
        for start, end, length, angle in (
            ("shoulder", "elbow", UPPER_ARM, swing),
            ("elbow", "wrist", FOREARM, elbow),
        ):
            down = np.column_stack([0 * time, -np.sin(angle), -np.cos(angle)])
            at[f"{side}_{end}"] = at[f"{side}_{start}"] + length * down
        front = np.column_stack([0 * time, -np.cos(elbow), np.sin(elbow)])
        at[f"{side}_hand"] = at[f"{side}_wrist"] + 0.105 * down
        at[f"{side}_index"] = at[f"{side}_hand"] + 0.0355 * front + 0.0066 * down
    return Walk(time, np.stack([at[name] for name in JOINTS], axis=1), np.column_stack(contacts))


def _point(joints: Array, keypoint: str) -> Array:
    """(T, 3) where what a detector marks is."""
    side, _, part = keypoint.partition("_")
    if part == "pinky":  # the hand lies midway between the knuckles
        return 2 * joints[:, JOINTS.index(f"{side}_hand")] - joints[:, JOINTS.index(f"{side}_index")]
    names = {"nose": "neck", f"{side}_foot_index": f"{side}_toe"}
    point: Array = joints[:, JOINTS.index(names.get(keypoint, keypoint))]
    return point


def film_walk(
    time: Array,
    joints: Array,
    azimuth: float = 0.6,
    pitch: float = 0.1,
    roll: float = 0.0,
    distance: float = 6.0,
    noise: float = 0.0,
    pixel_noise: float = 0.0,
    seed: int = 0,
) -> Filmed:
    """Film joints (T, 28, 3) in world axes from a direction; angles in radians.

    `noise` is the standard deviation of lifted joints in metres, `pixel_noise` that of keypoints.
    """
    random = np.random.default_rng(seed)
    view = np.array([np.sin(azimuth) * np.cos(pitch), np.cos(azimuth) * np.cos(pitch), -np.sin(pitch)])
    right = np.cross(view, [0, 0, 1])
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(view, right), view])
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    axes = turn @ axes
    camera = (joints - joints[:, 0].mean(0)) @ axes.T + [0, 0, distance]
    matrix = camera_matrix(1200, 1280, 960)
    keypoints = project(np.stack([_point(camera, name) for name in KEYPOINT_NAMES], axis=1), matrix)
    keypoints += random.normal(size=keypoints.shape) * pixel_noise
    lifted = camera + random.normal(size=camera.shape) * noise
    count = len(time)
    observation = Observation(
        time=time,
        fps=float(1 / np.median(np.diff(time))) if count > 1 else 24.0,
        source="made up.mp4",
        image_size=(1280, 960),
        camera_matrix=matrix,
        joints=lifted - lifted[:, :1],
        joint_confidence=np.full((count, len(JOINTS)), 0.9),
        keypoint_names=KEYPOINT_NAMES,
        keypoints=keypoints,
        keypoint_confidence=np.full((count, len(KEYPOINT_NAMES)), 0.9),
    )
    return Filmed(observation, camera, axes[:, 2], 1200 * 1.7 / distance)


@pytest.fixture(scope="session")
def walk() -> Callable[[Array], Walk]:
    """Make a walk at given times (T,) in seconds."""
    return make_walk


@pytest.fixture(scope="session")
def film() -> Callable[..., Filmed]:
    """Film world joints with a camera: see `film_walk`."""
    return film_walk
