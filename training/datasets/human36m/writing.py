"""Write data in the layouts of Human3.6M, as the stand-in needs them: the counterpart of the readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from cdflib.cdfwrite import CDF
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.detection.joint_sets import HUMAN36M_16
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.cameras import Camera
from training.datasets.human36m.baseline_h5 import DETECTION_FOLDERS
from training.datasets.human36m.calibration import published_calibration
from training.datasets.human36m.detections import Detections, write_detections
from training.datasets.human36m.names import CAMERAS, MOVING_JOINTS, SUBJECTS
from training.datasets.human36m.videopose_npz import DETECTION_FILES, POSITIONS_FILE, PROJECTIONS_FILE


@dataclass(frozen=True, eq=False)
class Take:
    """One take as the files hold it."""

    subject: str
    action: str
    number: int
    """In the file's name; 0 for none."""
    positions: NDArray[np.float32]
    """(T, 32, 3) mm in the world."""
    detections: dict[str, dict[str, NDArray[np.float32]]]
    """(T or more, 17, 2) px in the order of `HUMAN36M_JOINTS`, by kind ("sh", "sh_ft", "cpn") and camera."""

    def name(self, space: str = " ") -> str:
        """Action and number."""
        return f"{self.action}{space}{self.number}" if self.number else self.action


_OFFICIAL_NAMES = {"Photo": "TakingPhoto", "WalkDog": "WalkingDog"}  # of S1


def write_cdf(folder: Path, takes: list[Take]) -> None:
    """The official layout: positions in the world and the cameras, 2D positions, and metadata.xml."""
    for take in takes:
        features = folder / take.subject / "MyPoseFeatures"
        name = take.name()
        if take.subject == "S1":
            name = name.replace(take.action, _OFFICIAL_NAMES.get(take.action, take.action))
        _write_pose(features / "D3_Positions" / f"{name}.cdf", take.positions)
        for camera_name in CAMERAS:
            camera = published_calibration()[take.subject, camera_name]
            seen = camera.from_world(take.positions / 1000)
            _write_pose(features / "D3_Positions_mono" / f"{name}.{camera_name}.cdf", seen * 1000)
            _write_pose(features / "D2_Positions" / f"{name}.{camera_name}.cdf", camera.project(seen))
    numbers = " ".join(repr(float(number)) for number in _metadata_numbers())
    (folder / "metadata.xml").write_text(f"<document>\n<w0>[{numbers}]</w0>\n</document>\n", encoding="utf-8")


def _write_pose(path: Path, values: NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = values.reshape(1, len(values), -1).astype(np.float32)
    file = CDF(path, delete=True)
    variable = {"Variable": "Pose", "Data_Type": CDF.CDF_FLOAT, "Num_Elements": 1, "Rec_Vary": True}
    file.write_var({**variable, "Dim_Sizes": list(rows.shape[1:]), "Compress": 0}, var_data=rows)
    file.close()


def _metadata_numbers() -> NDArray[np.float64]:
    """The 300 numbers of w0; zero for the subjects whose data are not public."""
    poses = np.zeros((len(CAMERAS), 11, 6))
    lenses = np.zeros((len(CAMERAS), 9))
    for (subject, name), camera in published_calibration().items():
        index = CAMERAS.index(name)
        angles = Rotation.from_matrix(camera.rotation).as_euler("XYZ")
        poses[index, int(subject[1:]) - 1] = [*angles, *(camera.centre * 1000)]
        lenses[index] = [*camera.focal, *camera.principal_point, *camera.radial, *camera.tangential]
    return np.concatenate([poses.ravel(), lenses.ravel()])


def write_h5(folder: Path, takes: list[Take]) -> None:
    """The layout of 3d-pose-baseline, with stacked hourglass detections."""
    for take in takes:
        place = folder / take.subject
        rows = take.positions.reshape(len(take.positions), -1)
        _write_dataset(place / "MyPoses" / "3D_positions" / f"{take.name()}.h5", "3D_positions", rows.T)
        for kind, detections_folder in DETECTION_FOLDERS.items():
            for camera, keypoints in take.detections[kind].items():
                path = place / detections_folder / f"{take.name('_')}.{camera}.h5"
                _write_dataset(path, "poses", _in_mpii_order(keypoints))
    with h5py.File(folder / "cameras.h5", "w") as file:
        for (subject, name), lens in published_calibration().items():
            group = file.create_group(f"subject{subject[1:]}/camera{CAMERAS.index(name) + 1}")
            for key, values in _camera_values(lens, name).items():
                group[key] = values


def _write_dataset(path: Path, key: str, values: NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file[key] = values


def _camera_values(camera: Camera, name: str) -> dict[str, NDArray[np.float64]]:
    return {
        "R": camera.rotation.T,
        "T": camera.centre[:, None] * 1000,
        "f": camera.focal[:, None],
        "c": camera.principal_point[:, None],
        "k": camera.radial[:, None],
        "p": camera.tangential[:, None],
        "Name": np.array([[ord(letter)] for letter in name], np.float64),
    }


def _in_mpii_order(keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
    return keypoints[:, [HUMAN36M_JOINTS.index(joint) for joint in HUMAN36M_16]]


_METADATA = {
    16: {"num_joints": 16, "keypoints_symmetry": [[3, 4, 5, 13, 14, 15], [0, 1, 2, 10, 11, 12]]},
    17: {"num_joints": 17, "keypoints_symmetry": [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]},
}


def write_npz(folder: Path, takes: list[Take]) -> None:
    """The layout of VideoPose3D, with the detections of three networks."""
    positions: dict[str, dict[str, Any]] = {subject: {} for subject in SUBJECTS}
    for take in takes:
        positions[take.subject][take.name()] = (take.positions / 1000).astype(np.float32)
    np.savez_compressed(folder / POSITIONS_FILE, positions_3d=np.array(positions))
    write_detections(folder / PROJECTIONS_FILE, _projections(takes))
    for kind, file_name in DETECTION_FILES.items():
        detections: dict[str, dict[str, Any]] = {subject: {} for subject in SUBJECTS}
        for take in takes:
            cameras = [take.detections[kind].get(camera, np.empty((0, 17, 2), "f4")) for camera in CAMERAS]
            if kind != "cpn":
                cameras = [_in_mpii_order(keypoints) for keypoints in cameras]
            detections[take.subject][take.name()] = cameras
        metadata = _METADATA[17 if kind == "cpn" else 16]
        np.savez_compressed(
            folder / file_name, positions_2d=np.array(detections), metadata=np.array(metadata)
        )


def _projections(takes: list[Take]) -> Detections:
    projections = {}
    for take in takes:
        for name in CAMERAS:
            camera = published_calibration()[take.subject, name]
            seen = camera.from_world(take.positions[:, MOVING_JOINTS] / 1000)
            projections[take.subject, take.action, take.number, name] = camera.project(seen)
    return {name: pixels.astype(np.float32) for name, pixels in projections.items()}


WRITERS: dict[str, Callable[[Path, list[Take]], None]] = {"cdf": write_cdf, "h5": write_h5, "npz": write_npz}
