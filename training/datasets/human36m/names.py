"""What Human3.6M calls its subjects, actions, cameras and joints."""

from __future__ import annotations

import re

from lifting_core.skeleton import JOINTS

TRAINING_SUBJECTS: tuple[str, ...] = ("S1", "S5", "S6", "S7", "S8")
TEST_SUBJECTS: tuple[str, ...] = ("S9", "S11")
SUBJECTS = TRAINING_SUBJECTS + TEST_SUBJECTS

ACTIONS: tuple[str, ...] = (
    "Directions",
    "Discussion",
    "Eating",
    "Greeting",
    "Phoning",
    "Photo",
    "Posing",
    "Purchases",
    "Sitting",
    "SittingDown",
    "Smoking",
    "Waiting",
    "WalkDog",
    "Walking",
    "WalkTogether",
)
"""In the order of the columns of the paper's tables."""

TAKES = 2

IMAGE_SIZES: dict[str, tuple[int, int]] = {
    "54138969": (1000, 1002),
    "55011271": (1000, 1000),
    "58860488": (1000, 1000),
    "60457274": (1000, 1002),
}
"""Width and height in pixels of every camera's pictures."""
CAMERAS: tuple[str, ...] = tuple(IMAGE_SIZES)

ALL_JOINTS = 32
MOVING_JOINTS = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""Which of the 32 joints of the data are `lifting_core.skeleton.JOINTS`; the others repeat them."""

MPII_KEYPOINTS: tuple[str, ...] = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("pelvis", "spine", "neck", "head"),
    *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
)
