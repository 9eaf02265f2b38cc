"""Write a small stand-in for Human3.6M: python -m training.standin MOCAP OUT --layout cdf|h5|npz.

It has the files, names and quirks of the real data, and the motion of other people, so that everything that
reads Human3.6M can be tried without a licence for it. Errors measured on it say nothing about the real data.
"""

from __future__ import annotations

import argparse
import logging
import zlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.command import command
from training.datasets.human36m.calibration import published_calibration
from training.datasets.human36m.names import (
    ACTIONS,
    ALL_JOINTS,
    CAMERAS,
    DAMAGED,
    MOVING_JOINTS,
    SUBJECTS,
    TEST_SUBJECTS,
    TRAINING_SUBJECTS,
)
from training.datasets.human36m.writing import WRITERS, Take
from training.datasets.mocap import FORMATS, POINTS, Clip, read_mocap

log = logging.getLogger(__name__)

FRAMES_PER_SECOND = 50.0
_REACH = 1.2
"""Metres around the middle of the room within which everybody stays, and is seen whole by every camera."""
_DETECTION_ERRORS = {"sh": 15.0, "sh_ft": 10.0, "cpn": 7.0}
"""Mean distance in pixels between detections and the projected joints."""
_LONGEST_SURPLUS = 3
"""Frames by which detections outlast the joints, as some real ones do."""

# The points where those of the 32 joints lie that are not among the 17: toes and their tips, and repetitions.
_OTHER_JOINTS = {
    **dict.fromkeys((4, 5), "right_toe"),
    **dict.fromkeys((9, 10), "left_toe"),
    **dict.fromkeys((16, 24), "thorax"),
    **dict.fromkeys((20, 21, 22, 23), "left_wrist"),
    **dict.fromkeys((28, 29, 30, 31), "right_wrist"),
    11: "pelvis",
}
_POINT_OF_JOINT = [
    POINTS.index(_OTHER_JOINTS.get(index) or HUMAN36M_JOINTS[MOVING_JOINTS.index(index)])
    for index in range(ALL_JOINTS)
]


def make_takes(clips: list[Clip], frames: int, seed: int = 0) -> Iterator[Take]:
    """Two takes of every action by every subject, `frames` long where the clips are.

    The people of the motion capture are dealt out to the subjects, so that those tested on are others than
    those trained on.
    """
    people = _deal(sorted({clip.subject for clip in clips}))
    for subject, (order, action) in product(SUBJECTS, enumerate(ACTIONS)):
        own = [clip for clip in clips if clip.subject in people[subject]]
        for number in _numbers(subject, action, order):
            random = np.random.default_rng(_seed(seed, subject, action, number))
            positions = _position(own[random.integers(len(own))], frames, random)
            detections = {
                kind: _detections(positions, subject, error, random)
                for kind, error in _DETECTION_ERRORS.items()
            }
            if (subject, action, number) == DAMAGED:
                for cameras in detections.values():
                    del cameras[CAMERAS[0]]
            yield Take(subject, action, number, positions, detections)


def _deal(people: list[str]) -> dict[str, list[str]]:
    """The people who play each subject."""
    tested = people[3::4] or people[-1:]
    trained = [person for person in people if person not in tested] or people
    if set(trained) & set(tested):
        log.warning("All motion capture is of one person, who is both trained and tested on.")
    dealt = {}
    for subjects, own in ((TRAINING_SUBJECTS, trained), (TEST_SUBJECTS, tested)):
        for index, subject in enumerate(subjects):
            dealt[subject] = own[index :: len(subjects)] or [own[index % len(own)]]
    return dealt


def _numbers(subject: str, action: str, order: int) -> tuple[int, int]:
    """The numbers of the two takes, which differ from action to action in the real data as well."""
    if (subject, action) == DAMAGED[:2]:
        return (0, 1)
    return ((0, 1), (1, 2), (0, 2), (2, 3))[(order + SUBJECTS.index(subject)) % 4]


def _seed(*parts: object) -> int:
    return zlib.crc32(repr(parts).encode())


def _position(clip: Clip, frames: int, random: np.random.Generator) -> NDArray[np.float32]:
    """(T, 32, 3) mm: a part of a clip at 50 frames a second, turned and moved into the room."""
    wanted = min(frames, 1 + int((len(clip.points) - 1) / clip.fps * FRAMES_PER_SECOND))
    span = (wanted - 1) / FRAMES_PER_SECOND * clip.fps
    times = random.uniform(0, len(clip.points) - 1 - span) + np.linspace(0, span, wanted)
    before = times.astype(int).clip(max=max(len(clip.points) - 2, 0))
    after = (before + 1).clip(max=len(clip.points) - 1)
    share = (times - before)[:, None, None]
    points = (1 - share) * clip.points[before] + share * clip.points[after]

    path = points[:, POINTS.index("pelvis"), :2]
    middle = (path.min(0) + path.max(0)) / 2
    farthest = np.linalg.norm(path - middle, axis=1).max()
    held = (path - middle) * min(1.0, _REACH / max(farthest, 1e-9))
    points[..., :2] += (held - path)[:, None]
    points[..., 2] -= points[..., 2].min()
    angle = random.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points[..., :2] = points[..., :2] @ turn.T
    millimetres: NDArray[np.float32] = (points[:, _POINT_OF_JOINT] * 1000).astype(np.float32)
    return millimetres


def _detections(
    positions: NDArray[np.float32], subject: str, error: float, random: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """(T + a few, 17, 2) px by camera: the projected joints with Gaussian noise."""
    detections = {}
    for name in CAMERAS:
        camera = published_calibration()[subject, name]
        pixels = camera.project(camera.from_world(positions[:, MOVING_JOINTS] / 1000))
        surplus = random.integers(_LONGEST_SURPLUS + 1)
        pixels = np.concatenate([pixels, pixels[-1:].repeat(surplus, 0)])
        deviation = error / np.sqrt(np.pi / 2)  # of each coordinate, for the mean distance of a Rayleigh law
        detections[name] = (pixels + deviation * random.standard_normal(pixels.shape)).astype(np.float32)
    return detections


@command
def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.standin", description=(__doc__ or "").split(":")[0] + "."
    )
    parser.add_argument("mocap", type=Path, help=f"folder of motion capture ({', '.join(FORMATS)})")
    parser.add_argument("out", type=Path, help="folder to write, new or empty")
    parser.add_argument("--layout", choices=sorted(WRITERS), required=True)
    parser.add_argument("--frames", type=int, default=100, help="longest take (default 100, 2 s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.frames < 1:
        raise InvalidInput("--frames must be 1 or more.")
    _prepare(options.out)
    takes = list(make_takes(read_mocap(options.mocap), options.frames, options.seed))
    WRITERS[options.layout](options.out, takes)
    log.info("%s holds %d takes of %d frames.", options.out, len(takes), sum(len(t.positions) for t in takes))


def _prepare(folder: Path) -> None:
    """Make the folder; other files are never written over."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InvalidInput(f"{folder} is not empty.", "Name a new folder.")
    except OSError as error:
        raise InvalidInput(f"{folder} cannot be made: {error.strerror}.", "Name another folder.") from error


if __name__ == "__main__":
    raise SystemExit(main())
