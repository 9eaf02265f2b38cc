"""Small data for training: moving people made of sinusoids, a BVH file, and stand-ins for Human3.6M."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from training.datasets.human36m.writing import WRITERS, Take
from training.datasets.mocap import POINTS, Clip
from training.standin import make_takes

STANDING = {
    "pelvis": (0.0, 0.0, 0.95),
    "hip": (0.1, 0.0, 0.95),
    "knee": (0.1, -0.05, 0.52),
    "ankle": (0.1, 0.0, 0.1),
    "heel": (0.1, 0.06, 0.04),
    "toe": (0.1, -0.2, 0.03),
    "spine": (0.0, 0.0, 1.2),
    "thorax": (0.0, 0.0, 1.45),
    "neck": (0.0, -0.12, 1.6),
    "skull": (0.0, 0.0, 1.62),
    "ear": (0.07, 0.0, 1.62),
    "eye": (0.03, -0.09, 1.64),
    "head": (0.0, 0.0, 1.75),
    "shoulder": (0.18, 0.0, 1.42),
    "elbow": (0.25, 0.05, 1.15),
    "wrist": (0.3, -0.1, 0.95),
    "hand": (0.31, -0.14, 0.86),
    "index": (0.3, -0.17, 0.87),
    "pinky": (0.32, -0.11, 0.85),
    "thumb": (0.29, -0.16, 0.91),
}


def standing_person() -> NDArray[np.float64]:
    """(P, 3) metres: somebody who stands at the origin and faces -y."""
    points = [STANDING[name.removeprefix("left_").removeprefix("right_")] for name in POINTS]
    sides = [-1 if name.startswith("right_") else 1 for name in POINTS]
    return np.array(points) * np.array([[side, 1, 1] for side in sides])


@pytest.fixture(scope="session")
def standing() -> NDArray[np.float64]:
    """(P, 3) metres: somebody who stands at the origin and faces -y."""
    return standing_person()


def moving_person(subject: str, seed: int, frames: int = 60) -> Clip:
    """Somebody of their own stature who strolls and sways, at 30 frames a second."""
    random = np.random.default_rng(seed)
    standing = standing_person()
    time = np.arange(frames)[:, None, None] / 30
    phase, rate = random.uniform(0, 2 * np.pi, (1, *standing.shape)), random.uniform(0.5, 1, (1, 1, 3))
    sway = 0.05 * np.sin(2 * np.pi * rate * time + phase)
    stroll = np.concatenate([0.5 * time, 0.3 * np.sin(time), 0 * time], -1)
    points = random.uniform(0.9, 1.1) * standing + sway + stroll
    return Clip("stroll", subject, 30.0, points.astype(np.float32))


@pytest.fixture(scope="session")
def people() -> list[Clip]:
    """A clip of each of eight people."""
    return [moving_person(f"person{number}", number) for number in range(8)]


@pytest.fixture(scope="session")
def takes(people: list[Clip]) -> list[Take]:
    """Every take of the stand-in, three frames each."""
    return list(make_takes(people, frames=3))


@pytest.fixture(scope="session")
def standin(takes: list[Take], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a whole stand-in by layout ("cdf", "h5", "npz"); to be read only."""
    folders: dict[str, Path] = {}

    def folder(layout: str) -> Path:
        if layout not in folders:
            folders[layout] = tmp_path_factory.mktemp(layout)
            WRITERS[layout](folders[layout], takes)
        return folders[layout]

    return folder


_CMU_HIERARCHY = """HIERARCHY
ROOT Hips
{ OFFSET 0 0 0 CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT LHipJoint { OFFSET 0 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
    JOINT LeftUpLeg { OFFSET 1.6 -1.8 0.8 CHANNELS 3 Zrotation Yrotation Xrotation
      JOINT LeftLeg { OFFSET 2.6 -7.1 0 CHANNELS 3 Zrotation Yrotation Xrotation
        JOINT LeftFoot { OFFSET 2.5 -7.0 0 CHANNELS 3 Zrotation Yrotation Xrotation
          JOINT LeftToeBase { OFFSET 0.2 -0.5 2.1 CHANNELS 3 Zrotation Yrotation Xrotation
            End Site { OFFSET 0 0 1.1 } } } } } }
  JOINT RHipJoint { OFFSET 0 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
    JOINT RightUpLeg { OFFSET -1.6 -1.8 0.8 CHANNELS 3 Zrotation Yrotation Xrotation
      JOINT RightLeg { OFFSET -2.6 -7.1 0 CHANNELS 3 Zrotation Yrotation Xrotation
        JOINT RightFoot { OFFSET -2.5 -7.0 0 CHANNELS 3 Zrotation Yrotation Xrotation
          JOINT RightToeBase { OFFSET -0.2 -0.5 2.1 CHANNELS 3 Zrotation Yrotation Xrotation
            End Site { OFFSET 0 0 1.1 } } } } } }
  JOINT LowerBack { OFFSET 0 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
    JOINT Spine { OFFSET 0 2.2 0 CHANNELS 3 Zrotation Yrotation Xrotation
      JOINT Spine1 { OFFSET 0 2.2 0 CHANNELS 3 Zrotation Yrotation Xrotation
        JOINT Neck { OFFSET 0 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
          JOINT Neck1 { OFFSET 0 1.6 0 CHANNELS 3 Zrotation Yrotation Xrotation
            JOINT Head { OFFSET 0 1.6 0 CHANNELS 3 Zrotation Yrotation Xrotation
              End Site { OFFSET 0 1.7 0 } } } }
        JOINT LeftShoulder { OFFSET 0 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
          JOINT LeftArm { OFFSET 3.4 0.9 0 CHANNELS 3 Zrotation Yrotation Xrotation
            JOINT LeftForeArm { OFFSET 5.0 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
              JOINT LeftHand { OFFSET 3.4 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
                End Site { OFFSET 0.9 0 0 } } } } }
        JOINT RightShoulder { OFFSET 0 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
          JOINT RightArm { OFFSET -3.4 0.9 0 CHANNELS 3 Zrotation Yrotation Xrotation
            JOINT RightForeArm { OFFSET -5.0 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
              JOINT RightHand { OFFSET -3.4 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
                End Site { OFFSET -0.9 0 0 } } } } } } } }
}
"""


@pytest.fixture(scope="session")
def cmu_bvh() -> Callable[[Path, int], None]:
    """Writes a clip of somebody with CMU's skeleton: a T-pose, then gentle motion about it."""

    def write(path: Path, frames: int) -> None:
        channels = 3 + _CMU_HIERARCHY.count("rotation")
        random = np.random.default_rng(len(str(path)))
        phase, reach = random.uniform(0, 2 * np.pi, channels), random.uniform(2, 15, channels)
        values = reach * (np.sin(np.arange(frames)[:, None] / 10 + phase) - np.sin(phase))
        values[:, :3] = [0, 17, 0]
        rows = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in values)
        hierarchy = re.sub(r"\s*([{}]|OFFSET|CHANNELS|JOINT|End Site)", r"\n\1", _CMU_HIERARCHY)
        text = f"{hierarchy}MOTION\nFrames: {frames}\nFrame Time: 0.0333333\n{rows}\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return write
