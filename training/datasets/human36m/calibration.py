"""The calibration of Human3.6M's cameras: published, and in a copy's metadata.xml or cameras.h5."""

from __future__ import annotations

import json
import logging
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from training.cameras import Camera, differences
from training.datasets.human36m.names import CAMERAS, SUBJECTS

log = logging.getLogger(__name__)

Calibration = dict[tuple[str, str], Camera]
"""By subject and camera."""

_METADATA_SUBJECTS = 11
_EXTRINSICS, _INTRINSICS = 6, 9  # numbers a camera has of each in metadata.xml
_MILLIMETRE = 0.001
# Copies print the parameters with more or fewer digits; less than this moves no joint by 0.1 px.
_TOLERANCES = {
    "rotation": 1e-5,
    "centre": 1e-4,
    "focal": 1e-2,
    "principal_point": 1e-2,
    "radial": 1e-5,
    "tangential": 1e-6,
}


@cache
def published_calibration() -> Calibration:
    """The parameters of all 7 subjects, which are the same in every public copy of the data."""
    record = json.loads(files(__package__).joinpath("cameras.json").read_text(encoding="utf-8"))
    return {
        (subject, camera): Camera(
            rotation=np.array(pose["rotation"]),
            centre=np.array(pose["centre_mm"]) * _MILLIMETRE,
            **{name: np.array(value) for name, value in record["lenses"][camera].items()},
        )
        for subject, poses in record["subjects"].items()
        for camera, pose in poses.items()
    }


def read_metadata(path: Path) -> Calibration:
    """From the 300 numbers of `w0` in the official metadata.xml.

    264 are the cameras' Euler angles and centres in mm, by camera and subject; 36 their lenses.
    Raises InvalidInput when the file does not hold them.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    found = re.search(r"<w0>\s*\[?([^<\]]*)\]?\s*</w0>", text)
    try:
        numbers = np.array(found[1].split() if found else [], np.float64)
    except ValueError:
        numbers = np.empty(0)
    cameras = len(CAMERAS)
    poses = cameras * _METADATA_SUBJECTS * _EXTRINSICS
    if len(numbers) != poses + cameras * _INTRINSICS or not np.isfinite(numbers).all():
        raise InvalidInput(
            f"{path} does not hold the 300 camera parameters (w0) of Human3.6M.",
            "Take metadata.xml from the official download again.",
        )
    extrinsics = numbers[:poses].reshape(cameras, _METADATA_SUBJECTS, _EXTRINSICS)
    lenses = numbers[poses:].reshape(cameras, _INTRINSICS)
    return {
        (subject, name): Camera(
            rotation=_rotation(*extrinsics[camera, int(subject[1:]) - 1, :3]),
            centre=extrinsics[camera, int(subject[1:]) - 1, 3:] * _MILLIMETRE,
            focal=lenses[camera, 0:2],
            principal_point=lenses[camera, 2:4],
            radial=lenses[camera, 4:7],
            tangential=lenses[camera, 7:9],
        )
        for subject in SUBJECTS
        for camera, name in enumerate(CAMERAS)
    }


def _rotation(x: float, y: float, z: float) -> NDArray[np.float64]:
    """(3, 3) product of the rotations about x, y and z by angles in radians."""
    (cx, cy, cz), (sx, sy, sz) = np.cos([x, y, z]), np.sin([x, y, z])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    rotation: NDArray[np.float64] = about_x @ about_y @ about_z
    return rotation


def read_cameras_h5(path: Path) -> Calibration:
    """From the cameras.h5 of 3d-pose-baseline: subject%d/camera%d/{R,T,f,c,k,p,Name}, R transposed, T in mm.

    Raises InvalidInput when the file is damaged or lacks a camera.
    """
    calibration = {}
    try:
        with h5py.File(path) as file:
            for subject in SUBJECTS:
                for number in range(1, len(CAMERAS) + 1):
                    group = file[f"subject{subject[1:]}/camera{number}"]
                    values = {key: group[key][()] for key in ("R", "T", "f", "c", "k", "p", "Name")}
                    name = "".join(chr(int(code)) for code in values["Name"].ravel())
                    calibration[subject, name] = _camera_from_h5(values)
    except (OSError, KeyError, ValueError) as error:
        raise InvalidInput(f"{path} is damaged: {error}.", "Fetch it again.") from error
    if set(calibration) != {(subject, camera) for subject in SUBJECTS for camera in CAMERAS}:
        raise InvalidInput(f"{path} names other cameras than {', '.join(CAMERAS)}.", "Fetch it again.")
    return calibration


def _camera_from_h5(values: dict[str, NDArray[np.float64]]) -> Camera:
    return Camera(
        rotation=values["R"].reshape(3, 3).T,
        centre=values["T"].reshape(3) * _MILLIMETRE,
        focal=values["f"].reshape(2),
        principal_point=values["c"].reshape(2),
        radial=values["k"].reshape(3),
        tangential=values["p"].reshape(2),
    )


def warn_of_differences(calibration: Calibration, path: Path) -> None:
    """Log what a copy's parameters have that differs from the published ones."""
    for (subject, name), published in published_calibration().items():
        found = differences(calibration[subject, name], published)
        for parameter, difference in found.items():
            if not difference <= _TOLERANCES[parameter]:
                log.warning(
                    "%s: the %s of camera %s for %s differs from the published one by %.3g.",
                    *(path, parameter.replace("_", " "), name, subject, difference),
                )
