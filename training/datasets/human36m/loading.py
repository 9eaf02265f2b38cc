"""Load a copy of Human3.6M, in whichever of its public layouts a folder holds it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial as with_arguments
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from lifting_core.progress import Progress, silent
from training.cameras import Camera
from training.datasets.human36m import baseline_h5, cache
from training.datasets.human36m.baseline_h5 import BaselineCopy
from training.datasets.human36m.completeness import listed, missing
from training.datasets.human36m.detections import Detections, read_detections_npz
from training.datasets.human36m.names import ACTIONS, CAMERAS, DAMAGED, SUBJECTS, TAKES, video_files
from training.datasets.human36m.official_cdf import OfficialCopy
from training.datasets.human36m.recording import Copy, Recording
from training.datasets.human36m.sequence import Sequence
from training.datasets.human36m.videopose_npz import DETECTION_FILES, VideoPoseCopy

log = logging.getLogger(__name__)

KeypointSource = Literal["gt", "sh", "sh_ft", "cpn"]


def load_human36m(
    folder: Path, keypoints: KeypointSource | Path = "gt", partial: bool = False, progress: Progress = silent
) -> list[Sequence]:
    """Every sequence, by subject (training first), action, take and camera, in the orders of `names`.

    `keypoints` are the projected joints ("gt"), the detections of stacked hourglass networks before ("sh")
    and after ("sh_ft") fine-tuning, those of the cascaded pyramid network ("cpn"), or a file of detections
    in the layout of VideoPose3D.
    Raises InvalidInput when the data are damaged, or incomplete and `partial` is False.
    """
    copy = find_copy(folder)
    detected = None if keypoints == "gt" else _find_detections(folder, keypoints)
    log.info("%s holds %s.", folder, copy.layout)
    digest = cache.fingerprint([*copy.files, *(detected.files if detected else [])], progress)
    cached = folder / cache.FOLDER / f"{detected.name if detected else 'gt'}.npz"
    sequences = cache.read(cached, digest)
    if sequences is None:
        sequences = _assemble(copy, detected, progress)
        cache.write(cached, digest, sequences)
    _check_complete(sequences, folder, keypoints, partial)
    return sequences


def find_copy(folder: Path) -> Copy:
    """The copy in a folder, whatever its layout. Raises InvalidInput when there is none."""
    for layout in (OfficialCopy, BaselineCopy, VideoPoseCopy):
        copy: Copy | None = layout.find(folder)
        if copy is not None:
            return copy
    raise InvalidInput(
        f"{folder} holds Human3.6M in no layout known here: neither S1/MyPoseFeatures/D3_Positions/*.cdf, "
        "nor S1/MyPoses/3D_positions/*.h5, nor data_3d_h36m.npz.",
        "Name the folder that holds S1, S5 and so on, or the npz files.",
    )


@dataclass(frozen=True)
class _DetectionSource:
    name: str
    files: list[Path]
    read: Callable[[Progress], Detections]


def _find_detections(folder: Path, keypoints: KeypointSource | Path) -> _DetectionSource:
    if isinstance(keypoints, Path):
        if not keypoints.is_file():
            raise InvalidInput(f"There is no file {keypoints}.", "Name an npz of detections.")
        return _npz_source(f"file-{keypoints.stem}", keypoints)
    npz = folder / DETECTION_FILES[keypoints]
    if npz.is_file():
        return _npz_source(keypoints, npz)
    h5_folder = baseline_h5.DETECTION_FOLDERS.get(keypoints)
    h5_files = video_files(folder, h5_folder, ".h5") if h5_folder else {}
    if h5_files:
        read = with_arguments(baseline_h5.read_detections, h5_files)
        return _DetectionSource(keypoints, list(h5_files.values()), read)
    raise InvalidInput(
        f"{folder} holds no detections {keypoints!r}: no {npz.name}"
        + (f" and no S1/{h5_folder}." if h5_folder else "."),
        "Put them there, or train on other keypoints.",
    )


def _npz_source(name: str, path: Path) -> _DetectionSource:
    return _DetectionSource(name, [path], lambda progress: read_detections_npz(path))


def _assemble(copy: Copy, detected: _DetectionSource | None, progress: Progress) -> list[Sequence]:
    calibration = copy.calibration()
    detections = detected.read(progress) if detected else None
    recordings: list[Recording] = []
    for recording in copy.recordings():
        progress("reading", len(recordings), len(SUBJECTS) * len(ACTIONS) * len(TAKES))
        recordings.append(recording)
    sequences: list[Sequence] = []
    for recording, take in _numbered(recordings):
        progress("projecting", len(sequences), len(recordings) * len(CAMERAS))
        for name in CAMERAS:
            camera = calibration[recording.subject, name]
            joints = _seen(recording, name, camera)
            keypoints = camera.project(joints) if detections is None else _found(detections, recording, name)
            if keypoints is not None:
                key = recording.subject, recording.action, take, name
                sequences.append(Sequence(*key, keypoints.astype(np.float32), joints.astype(np.float32)))
    order = {name: index for names in (SUBJECTS, ACTIONS, CAMERAS) for index, name in enumerate(names)}
    return sorted(sequences, key=lambda s: (order[s.subject], order[s.action], s.take, order[s.camera]))


def _numbered(recordings: list[Recording]) -> Iterator[tuple[Recording, int]]:
    """Recordings with their take: the rank of their number among those of the same subject and action."""
    numbers: dict[tuple[str, str], set[int]] = {DAMAGED[:2]: {DAMAGED[2]}}
    for recording in recordings:
        numbers.setdefault((recording.subject, recording.action), set()).add(recording.number)
    for recording in recordings:
        of_action = sorted(numbers[recording.subject, recording.action])
        if len(of_action) > len(TAKES):
            raise InvalidInput(
                f"{recording.subject} has {len(of_action)} takes of {recording.action}, not {len(TAKES)}.",
                "Use a copy of the original data.",
            )
        yield recording, TAKES[of_action.index(recording.number)]


def _seen(recording: Recording, name: str, camera: Camera) -> NDArray[np.float64]:
    """(T, 17, 3) metres in the camera's axes."""
    joints = camera.from_world(recording.joints)
    if (joints[..., 2] <= 0).any():
        raise InvalidInput(
            f"{recording.name} lies behind camera {name}.", "Use the cameras that belong to these data."
        )
    return joints


def _found(detections: Detections, recording: Recording, name: str) -> NDArray[np.float32] | None:
    """The detections in a camera's video, cut to the frames that have joints; None when there are none."""
    keypoints = detections.get((recording.subject, recording.action, recording.number, name))
    frames = len(recording.joints)
    if keypoints is not None and len(keypoints) < frames:
        raise InvalidInput(
            f"The detections of {recording.name} in camera {name} have {len(keypoints)} frames, "
            f"but the joints {frames}.",
            "Use detections of all frames.",
        )
    return None if keypoints is None else keypoints[:frames]


def _check_complete(
    sequences: list[Sequence], folder: Path, keypoints: KeypointSource | Path, partial: bool
) -> None:
    absent = missing({sequence.key for sequence in sequences})
    if not absent:
        return
    lack = f"{folder} lacks, with keypoints {str(keypoints)!r}: {listed(absent)}."
    if not partial or not sequences:
        raise InvalidInput(lack, "Complete the copy, or use --partial to train on what is there.")
    log.warning("%s", lack)
