"""Motion capture from a folder: every readable clip as body points."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ezc3d
import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from lifting_core.skeleton import JOINT_PARENTS, JOINTS
from training.datasets.asf_amc import read_asf_amc
from training.datasets.body_points import SURFACE_POINTS, BodyPoints, from_plug_in_gait, from_skeleton
from training.datasets.bvh import read_bvh

log = logging.getLogger(__name__)

POINTS: tuple[str, ...] = JOINTS + SURFACE_POINTS
_SPEED_LIMIT = 15.0
"""Metres a second; no joint of a person moves faster, but swapped markers do."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One recording of one subject."""

    name: str
    subject: str
    fps: float
    points: NDArray[np.float32]
    """(T, P, 3) metres, z up, in the order of `POINTS`."""


FORMATS: tuple[str, ...] = (".bvh", ".c3d", ".amc")
"""In the order in which files are read, so that new formats leave the split of the subjects as it was."""


def holds_motion_capture(folder: Path) -> bool:
    """Whether a folder holds motion capture, else it should be Human3.6M. Raises InvalidInput for none."""
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}.", "Name a folder of Human3.6M or motion capture.")
    return any(_mocap_files(folder))


def read_mocap(folder: str | os.PathLike[str]) -> list[Clip]:
    """Read every file of the `FORMATS` below a folder; the folder that holds a clip names its subject.

    Clips come by format, then by path. An AMC file belongs to the only ASF file beside it.
    Files with an unknown skeleton or marker set are left out with a warning. Raises InvalidInput when nothing
    is left.
    """
    clips = []
    for path in sorted(_mocap_files(Path(folder)), key=lambda path: (_format(path), path)):
        try:
            fps, body = _read_clip(path)
        except InvalidInput as error:
            log.warning("%s", error)
            continue
        points = _plausible(np.stack([body[name] for name in POINTS], 1), fps)
        if len(points):
            clips.append(
                Clip(path.stem, path.parent.relative_to(folder).as_posix(), fps, points.astype(np.float32))
            )
    if not clips:
        raise InvalidInput(
            f"{folder} holds no motion capture that can be read.",
            f"Give a folder of {', '.join(FORMATS)} files.",
        )
    return clips


def _mocap_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix.lower() in FORMATS)


def _format(path: Path) -> int:
    return FORMATS.index(path.suffix.lower())


def _read_clip(path: Path) -> tuple[float, BodyPoints]:
    readers = {".bvh": _read_bvh_clip, ".c3d": _read_c3d_clip, ".amc": _read_amc_clip}
    return readers[path.suffix.lower()](path)


def _read_bvh_clip(path: Path) -> tuple[float, BodyPoints]:
    motion = read_bvh(path)
    body = from_skeleton(motion)
    if body is None:
        raise InvalidInput(f"{path} has a skeleton with unknown joint names.")
    # Many clips begin with one frame of the rest pose, which nobody recorded.
    return motion.fps, {name: points[1:] for name, points in body.items()}


def _read_amc_clip(path: Path) -> tuple[float, BodyPoints]:
    skeletons = [other for other in path.parent.iterdir() if other.suffix.lower() == ".asf"]
    if len(skeletons) != 1:
        raise InvalidInput(f"{path} has {len(skeletons)} ASF files beside it instead of one.")
    motion = read_asf_amc(skeletons[0], path)
    body = from_skeleton(motion)
    if body is None:
        raise InvalidInput(f"{path} has a skeleton with unknown joint names.")
    return motion.fps, body


def _read_c3d_clip(path: Path) -> tuple[float, BodyPoints]:
    try:
        file = ezc3d.c3d(str(path))
        parameters = file["parameters"]["POINT"]
        labels = parameters["LABELS"]["value"]
        scale = {"mm": 0.001, "m": 1.0}[parameters["UNITS"]["value"][0]]
        positions = file["data"]["points"][:3] * scale
        markers = {label: positions[:, i].T for i, label in enumerate(labels)}
        return float(parameters["RATE"]["value"][0]), from_plug_in_gait(markers)
    except KeyError as error:
        raise InvalidInput(f"{path} lacks the Plug-in-Gait marker or unit {error}.") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidInput(f"{path} is not a whole C3D file: {error}.") from error


def _plausible(points: NDArray[np.float64], fps: float) -> NDArray[np.float64]:
    """Drop frames with missing markers, and those in which a point jumps."""
    finite = np.isfinite(points).all((1, 2)) & (np.abs(points).sum(-1) > 0).all(1)
    speed = np.linalg.norm(np.diff(points, axis=0, prepend=points[:1]), axis=-1).max(1) * fps
    plausible: NDArray[np.float64] = points[finite & (speed < _SPEED_LIMIT)]
    return plausible


def scaled_to_stature(clip: Clip, stature: float) -> NDArray[np.float32]:
    """The clip's points for a subject `stature` metres tall.

    A subject's own height is estimated from the bones between ankle and shoulders, which make up 78 % of it:
    sources give the feet and the crown too differently to measure it from sole to crown.
    """
    joints = clip.points[:, : len(JOINTS)]
    lengths = np.linalg.norm(joints - joints[:, [max(parent, 0) for parent in JOINT_PARENTS]], axis=-1)
    median = dict(zip(JOINTS, np.median(lengths, axis=0), strict=True))
    legs = sum(median[f"{side}_{joint}"] for side in ("left", "right") for joint in ("knee", "ankle")) / 2
    height = (legs + median["spine"] + median["thorax"]) / 0.78
    scaled: NDArray[np.float32] = clip.points * np.float32(stature / height)
    return scaled
