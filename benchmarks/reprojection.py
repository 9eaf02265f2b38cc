"""How well the armature covers the person through the made camera: `reprojection.py VIDEO`. Needs bpy.

Prints the median distance in pixels between the armature's limb joints, seen through the camera that was made
for the clip, and the detected keypoints; `--picture OUT.jpg` draws both over a frame.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import bpy
import cv2
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from numpy.typing import NDArray

from blender_addon.building.build import Placement, build
from blender_addon.motion_file import read_motion
from lifting_core.media import open_media
from lifting_core.motion.motion import Motion
from lifting_core.pipeline import lift
from lifting_core.skeleton import BONE_HEADS, BONE_NAMES, BONE_PARENTS, BONE_TAILS, JOINTS, LIMB_JOINTS


def seen_through_camera(motion: Motion) -> NDArray[np.float64]:
    """(T, 28, 2) pixels of the ends of the armature's bones; NaN in frames without a pose, and elsewhere."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.data.scenes[0]
    with tempfile.TemporaryDirectory() as folder:
        motion.save(Path(folder) / "motion.npz")
        made = build(read_motion(Path(folder) / "motion.npz"), None, Placement(scene))
    pixels = np.full((len(motion.time), len(JOINTS), 2), np.nan)
    for frame in np.flatnonzero(motion.present):
        scene.frame_set(scene.frame_start + int(frame))
        bones = made.armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        for bone, head, tail in zip(BONE_NAMES, BONE_HEADS, BONE_TAILS, strict=True):
            for joint, point in ((head, bones[bone].head), (tail, bones[bone].tail)):
                x, y, _ = world_to_camera_view(scene, made.camera, made.armature.matrix_world @ point)
                pixels[frame, joint] = x * motion.image_size[0], (1 - y) * motion.image_size[1]
    return pixels


def draw(video: str, motion: Motion, joints: NDArray[np.float64], path: Path) -> None:
    """The armature's bones and the keypoints over the frame in the middle of the clip."""
    middle = int(np.flatnonzero(motion.present)[motion.present.sum() // 2])
    frame = next(iter(open_media(video, start=middle, end=middle)))
    image: Any = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
    for bone, parent in enumerate(BONE_PARENTS):
        ends = (joints[middle, j] for j in (BONE_HEADS[bone], BONE_TAILS[bone]))
        left, right = ([round(16 * v) for v in end] for end in ends)
        colour = (60, 200, 255) if parent >= 0 else (255, 255, 255)
        cv2.line(image, left, right, colour, 4, cv2.LINE_AA, 4)
    for x, y in motion.keypoints_2d[middle]:
        cv2.circle(image, (round(16 * x), round(16 * y)), 5 * 16, (80, 255, 80), -1, cv2.LINE_AA, 4)
    cv2.imwrite(str(path), image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    motion = lift(options.video)
    joints = seen_through_camera(motion)
    keypoints = [list(motion.keypoint_names).index(name) for name in LIMB_JOINTS]
    seen = motion.keypoint_confidence[:, keypoints] > 0.5
    apart = joints[:, [JOINTS.index(name) for name in LIMB_JOINTS]] - motion.keypoints_2d[:, keypoints]
    distance = np.linalg.norm(apart, axis=-1)
    known = np.isfinite(distance)
    tall = np.nanmedian(np.ptp(motion.keypoints_2d[motion.present, :, 1], axis=1))
    report = {
        "median_pixels": round(float(np.median(distance[known])), 1),
        "median_pixels_of_confident_keypoints": round(float(np.median(distance[known & seen])), 1),
        "person_height_pixels": round(float(tall)),
        "frames": int(motion.present.sum()),
    }
    print(json.dumps({"video": options.video, **report}))
    if options.picture:
        draw(options.video, motion, joints, options.picture)


if __name__ == "__main__":
    main()
