"""Keying 10,000 frames of the made armature in bulk, against keyframe_insert in the same run: `keyframes.py`.

Both write the same values: the rotations of all bones and the place of the root. Needs the bpy module.
"""

from __future__ import annotations

import argparse
import json
import time

import bpy
import numpy as np

from blender_addon.animation.fcurves import Curves, write
from blender_addon.animation.timing import pose_keys, scene_frames
from blender_addon.building.armature import key_pose, new_armature
from blender_addon.compatibility import new_animation
from blender_addon.motion_file import Motion
from lifting_core.motion.proportions import AVERAGE, rest_pose
from lifting_core.skeleton import BONE_HEADS, BONE_NAMES, BONE_PARENTS, BONE_TAILS

_FPS = 30.0


def swaying(frames: int) -> Motion:
    """All bones sway about their x axes, each in its own time."""
    rest = rest_pose(AVERAGE)
    seconds = np.arange(frames) / _FPS
    angle = 0.5 * np.sin(2 * seconds[:, None] + 0.3 * np.arange(len(BONE_NAMES)))
    nothing = np.zeros_like(angle)
    return Motion(
        fps=_FPS,
        source="swaying.mp4",
        time=seconds,
        image_size=(1920, 1080),
        camera_matrix=np.array([[1600.0, 0, 960], [0, 1600, 540], [0, 0, 1]]),
        camera_from_world=np.eye(4),
        bone_names=BONE_NAMES,
        bone_parents=np.array(BONE_PARENTS),
        bone_heads=np.array(BONE_HEADS),
        bone_tails=np.array(BONE_TAILS),
        rest_rotations=np.array([rotation.as_quat()[[3, 0, 1, 2]] for rotation in rest.rotations]),
        rest_joints=rest.joints,
        rotations=np.stack([np.cos(angle / 2), np.sin(angle / 2), nothing, nothing], axis=-1),
        root_translation=rest.joints[0] + np.stack([np.sin(seconds), seconds, 0 * seconds], axis=-1),
        joint_confidence=np.ones((frames, len(rest.joints))),
        contacts=np.zeros((frames, 2)),
    )


def seconds_in_bulk(motion: Motion) -> float:
    """Key a new armature as the add-on does."""
    armature = new_armature(motion, "Bulk")
    bpy.context.scene.collection.objects.link(armature)
    began = time.perf_counter()
    animation = new_animation(armature, "Bulk")
    curves: list[Curves] = []
    key_pose(armature, curves, motion, pose_keys(motion, scene_frames(motion, _FPS, 1)))
    write(animation, curves)
    animation.assign(armature)
    return time.perf_counter() - began


def seconds_one_by_one(motion: Motion, frames: int) -> float:
    """Key the first frames of a new armature with keyframe_insert."""
    armature = new_armature(motion, "One by one")
    bpy.context.scene.collection.objects.link(armature)
    bones = [armature.pose.bones[name] for name in motion.bone_names]
    began = time.perf_counter()
    for frame in range(frames):
        for bone, rotation in zip(bones, motion.rotations[frame], strict=True):
            bone.rotation_quaternion = rotation
            bone.keyframe_insert("rotation_quaternion", frame=frame + 1, group=bone.name)
        bones[0].location = motion.root_translation[frame]
        bones[0].keyframe_insert("location", frame=frame + 1, group=bones[0].name)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--inserted", type=int, help="frames keyed with keyframe_insert, if not all")
    options = parser.parse_args()
    inserted = options.inserted or options.frames
    motion = swaying(options.frames)
    bulk, one_by_one = seconds_in_bulk(motion), seconds_one_by_one(motion, inserted)
    print(
        json.dumps(
            {
                "blender": bpy.app.version_string,
                "frames": options.frames,
                "bulk_seconds": round(bulk, 3),
                "keyframe_insert_frames": inserted,
                "keyframe_insert_seconds": round(one_by_one, 1),
                "ratio_per_frame": round(one_by_one / inserted / (bulk / options.frames)),
            }
        )
    )


if __name__ == "__main__":
    main()
