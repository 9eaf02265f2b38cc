"""3D error on video with known joints, beside MediaPipe's own.

`accuracy.py VIDEO JOINTS.trc CALIBRATION.txt CAMERA`: recordings as those of Pose2Sim, with markerless
joints in a TRC file (metres, Y up) and a Qualisys calibration. Errors are millimetres over the 12 limb
joints, the mean over all frames: after a similarity alignment of every frame, and with only the middle of
the hips and the scale aligned. Beside them: by how many degrees the motion's world leans, and its field of
view and that of the calibration.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from xml.etree import ElementTree

import mediapipe
import numpy as np
import torch
from mediapipe.tasks.python.core.base_options import BaseOptions
from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions, RunningMode
from numpy.typing import NDArray

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES, MODELS, PoseModel, model_bundle
from lifting_core.media import open_media
from lifting_core.motion.motion import Motion
from lifting_core.pipeline import lift
from lifting_core.settings import LiftSettings
from lifting_core.skeleton import LIMB_JOINTS
from training.metrics.distances import aligned

Array = NDArray[np.float64]
_HIPS = [LIMB_JOINTS.index("left_hip"), LIMB_JOINTS.index("right_hip")]


def read_trc(path: Path) -> Array:
    """(T, 12, 3) limb joints, metres, z up."""
    lines = path.read_text().splitlines()
    markers = [name for name in lines[3].split("\t")[2:] if name.strip()]
    rows = np.array([[float(x) for x in line.split("\t")] for line in lines[5:] if line.strip()])
    points = rows[:, 2 : 2 + 3 * len(markers)].reshape(len(rows), -1, 3)[..., [2, 0, 1]]
    sides = {"left": "L", "right": "R"}
    names = [sides[side] + joint.title() for side, joint in (name.split("_") for name in LIMB_JOINTS)]
    return points[:, [markers.index(name) for name in names]]


def read_camera(path: Path, serial: str) -> tuple[Array, Array]:
    """Rotation (3, 3) and translation (3,) in metres from the world to the camera's axes."""
    transform = _camera(path, serial).find("transform")
    assert transform is not None
    value = {name: float(text) for name, text in transform.attrib.items()}
    rotation = np.array([[value[f"r{row}{column}"] for column in (1, 2, 3)] for row in (1, 2, 3)])
    rotation = np.diag([1.0, -1.0, -1.0]) @ rotation
    return rotation, -rotation @ np.array([value["x"], value["y"], value["z"]]) / 1000


def read_focal_length(path: Path, serial: str) -> float:
    """Pixels."""
    intrinsic = _camera(path, serial).find("intrinsic")
    assert intrinsic is not None
    return float(intrinsic.attrib["focalLengthU"]) / 64


def _camera(path: Path, serial: str) -> ElementTree.Element:
    cameras = ElementTree.parse(path).getroot().iter("camera")
    return next(camera for camera in cameras if camera.get("serial") == serial)


def camera_errors(motion: Motion, rotation: Array, focal_length: float) -> dict[str, float]:
    """Degrees, against the rotation (3, 3) from the world to the camera and its focal length in pixels."""
    cosine = float(motion.camera_from_world[:3, 2] @ rotation[:, 2])

    def field_of_view(focal_length: float) -> float:
        return round(2 * math.degrees(math.atan(max(motion.image_size) / 2 / focal_length)), 1)

    return {
        "world_leans_degrees": round(math.degrees(math.acos(min(1.0, cosine))), 1),
        "field_of_view_degrees": field_of_view(motion.camera_matrix[0, 0]),
        "calibrated_degrees": field_of_view(focal_length),
    }


def mediapipe_world_landmarks(video: str, model: PoseModel) -> Array:
    """(T, 12, 3) the detector's own 3D, in metres."""
    options = PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model_bundle(model)), running_mode=RunningMode.VIDEO
    )
    columns = [KEYPOINT_NAMES.index(name) for name in LIMB_JOINTS]
    poses = []
    with PoseLandmarker.create_from_options(options) as landmarker:
        for frame in open_media(video):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame.image)
            found = landmarker.detect_for_video(image, round(frame.time * 1000))
            landmarks = found.pose_world_landmarks[0] if found.pose_world_landmarks else None
            poses.append([[p.x, p.y, p.z] for p in landmarks] if landmarks else np.full((33, 3), np.nan))
    return np.array(poses)[:, columns]


def errors(poses: Array, truth: Array) -> dict[str, float]:
    """Both errors in millimetres, over the frames in which both are known, and how many those are."""
    count = min(len(poses), len(truth))
    known = np.isfinite(poses[:count]).all((1, 2))
    poses, truth = poses[:count][known], truth[:count][known]
    similar = aligned(torch.from_numpy(poses), torch.from_numpy(truth)).numpy() - truth
    poses = poses - poses[:, _HIPS].mean(1, keepdims=True)
    truth = truth - truth[:, _HIPS].mean(1, keepdims=True)
    scale = (poses * truth).sum((1, 2)) / (poses * poses).sum((1, 2))
    rooted = scale[:, None, None] * poses - truth
    return {
        "similarity_aligned_mm": round(float(1000 * np.linalg.norm(similar, axis=-1).mean()), 1),
        "root_and_scale_aligned_mm": round(float(1000 * np.linalg.norm(rooted, axis=-1).mean()), 1),
        "frames": int(known.sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    parser.add_argument("joints", type=Path, help="TRC file of the same frames")
    parser.add_argument("calibration", type=Path, help="Qualisys calibration")
    parser.add_argument("camera", help="serial of the camera in the calibration")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--detector", choices=list(MODELS), default="mediapipe")
    options = parser.parse_args()
    rotation, translation = read_camera(options.calibration, options.camera)
    truth = read_trc(options.joints) @ rotation.T + translation
    motion = lift(options.video, LiftSettings(weights=options.weights, detector=options.detector))
    names = list(motion.joint_names)
    ours = motion.joints_camera[:, [names.index(name) for name in LIMB_JOINTS]].astype(np.float64)
    landmarks = mediapipe_world_landmarks(options.video, MODELS[options.detector])
    camera = camera_errors(motion, rotation, read_focal_length(options.calibration, options.camera))
    report = {
        "lift_pose": errors(ours, truth) | camera,
        "mediapipe_world_landmarks": errors(landmarks, truth),
    }
    print(json.dumps({"video": options.video, **report}))


if __name__ == "__main__":
    main()
