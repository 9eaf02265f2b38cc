"""2D joints that a detector found in the videos of Human3.6M."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.joint_sets import COCO, HUMAN36M_16
from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.datasets.human36m.names import CAMERAS, SUBJECTS, VideoName, split_name
from training.datasets.restricted_pickle import read_object

Detections = dict[VideoName, NDArray[np.float32]]
"""(T, 17, 2) pixels in the order of `HUMAN36M_JOINTS`."""

_MIDDLES = {"pelvis": ("left_hip", "right_hip"), "thorax": ("left_shoulder", "right_shoulder")}
_SAME_PLACE = {"neck": "nose"}  # Human3.6M's "Neck/Nose"

_FRAMES_LIMIT = 20_000
"""No take is longer than 6,400 frames."""


def to_human36m(keypoints: NDArray[Any], names: tuple[str, ...], source: str) -> NDArray[np.float32]:
    """(T, K, 2) px of any detector to (T, 17, 2) px of `HUMAN36M_JOINTS`.

    Pelvis and thorax lie midway between hips and between shoulders where a detector lacks them; other joints
    that it lacks are NaN. Raises InvalidInput, naming `source`, for other shapes and for single NaN.
    """
    keypoints = np.asarray(keypoints)
    if keypoints.ndim != 3 or keypoints.shape[1:] != (len(names), 2) or len(keypoints) > _FRAMES_LIMIT:
        raise InvalidInput(
            f"{source} holds an array of shape {keypoints.shape} instead of (frames, {len(names)}, 2).",
            "Fetch this file again.",
        )
    joints = np.full((len(keypoints), len(HUMAN36M_JOINTS), 2), np.nan, np.float32)
    for index, joint in enumerate(HUMAN36M_JOINTS):
        parts = next((p for p in _places(joint) if set(p) <= set(names)), None)
        if parts is not None:
            joints[:, index] = np.mean([keypoints[:, names.index(part)] for part in parts], axis=0)
    _check_gaps(joints, source)
    return joints


def _places(joint: str) -> list[tuple[str, ...]]:
    """The keypoints in whose middle a joint lies, best first."""
    return [(joint,), (_SAME_PLACE.get(joint, joint),), _MIDDLES.get(joint, (joint,))]


def _check_gaps(joints: NDArray[np.float32], source: str) -> None:
    """Raise InvalidInput where a joint is missing in some frames but not in all."""
    missing = np.isnan(joints).any(-1)
    gaps = missing & ~missing.all(0)
    if gaps.any():
        frame, joint = np.argwhere(gaps)[0]
        raise InvalidInput(
            f"{source} has no number (NaN) for the {HUMAN36M_JOINTS[joint].replace('_', ' ')} in "
            f"{gaps[:, joint].sum()} of {len(joints)} frames, first in frame {frame}.",
            "Fetch the file again, or fill the gaps.",
        )


_SYMMETRIES = {
    (3, 4, 5, 13, 14, 15): HUMAN36M_16,
    (4, 5, 6, 11, 12, 13): HUMAN36M_JOINTS,
    (1, 3, 5, 7, 9, 11, 13, 15): COCO,
}
"""By the left joints in the metadata of VideoPose3D's files: nothing else tells the order of the joints."""


def read_detections_npz(path: Path) -> Detections:
    """Detections in VideoPose3D's layout: `positions_2d`[subject][action] lists (T, K, 2) px by camera.

    K is 16 in MPII's order, 17 in Human3.6M's, or 17 in COCO's, as the file's metadata say.
    Raises InvalidInput when the file is damaged or holds something else.
    """
    positions = read_object(path, "positions_2d")
    try:
        left = read_object(path, "metadata")["keypoints_symmetry"][0]
        names = _SYMMETRIES[tuple(int(joint) for joint in left)]
        detections: Detections = {}
        for subject in SUBJECTS:
            for action, cameras in positions.get(subject, {}).items():
                name = split_name(action)
                for camera, keypoints in zip(CAMERAS, cameras, strict=True):
                    if name is not None and keypoints is not None and len(keypoints):
                        source = f"{path} ({subject} {action}, camera {camera})"
                        key = (subject, *name, camera)
                        detections[key] = to_human36m(keypoints, names, source)
        return detections
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise InvalidInput(
            f"{path} does not hold detections in the layout of VideoPose3D.", "Choose another file."
        ) from error


def write_detections(path: Path, detections: Detections) -> None:
    """Write detections in VideoPose3D's layout, for `--keypoints FILE` and for other programs.

    Raises LiftPoseError when the file cannot be written.
    """
    positions: dict[str, dict[str, list[NDArray[np.float32] | None]]] = {}
    for (subject, action, number, camera), keypoints in detections.items():
        name = f"{action} {number}" if number else action
        cameras = positions.setdefault(subject, {}).setdefault(name, [None] * len(CAMERAS))
        cameras[CAMERAS.index(camera)] = keypoints.astype(np.float32)
    left, right = (
        [index for index, joint in enumerate(HUMAN36M_JOINTS) if joint.startswith(side)]
        for side in ("left", "right")
    )
    metadata = {
        "layout_name": "h36m",
        "num_joints": len(HUMAN36M_JOINTS),
        "keypoints_symmetry": [left, right],
    }
    with written_whole(path) as temporary:
        np.savez_compressed(temporary, positions_2d=np.array(positions), metadata=np.array(metadata))
