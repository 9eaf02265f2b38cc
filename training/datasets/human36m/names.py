"""What Human3.6M calls its subjects, actions, cameras and joints."""

from __future__ import annotations

import re
from pathlib import Path

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
_ALIASES = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}  # in the official files of S1

TAKES = (1, 2)
DAMAGED = ("S11", "Directions", 0)
"""Subject, action and number of a take whose video is damaged in one camera. Detections lack that camera, and
VideoPose3D's files the whole take."""

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
"""Which of the data's joints are `skeleton.HUMAN36M_JOINTS`; the others repeat these or end a limb."""


def split_name(name: str) -> tuple[str, int] | None:
    """The action and number in a file's name: "WalkingDog 1" or "WalkDog_1" is ("WalkDog", 1).

    A name without a number has number 0; numbers tell takes apart and are otherwise arbitrary. None for names
    of other recordings, such as "_ALL".
    """
    found = re.fullmatch(r"([A-Za-z]+)(?:[ _](\d+))?", name)
    if found is None:
        return None
    action = _ALIASES.get(found[1], found[1])
    return (action, int(found[2] or 0)) if action in ACTIONS else None


VideoName = tuple[str, str, int, str]
"""Subject, action, number and camera."""


def video_files(folder: Path, place: str, suffix: str) -> dict[VideoName, Path]:
    """The files of single videos, `folder`/S#/`place`/<Action>[ n].<camera>`suffix`."""
    files: dict[VideoName, Path] = {}
    for subject in SUBJECTS:
        for path in sorted((folder / subject / place).glob(f"*{suffix}")):
            action, _, camera = path.stem.rpartition(".")
            name = split_name(action)
            if name is not None and camera in CAMERAS:
                files[(subject, *name, camera)] = path
    return files
