"""How many keys a motion needs: `reduction.py MOTION.npz [--rigs FOLDER] [--bound METRES] [--picture PNG]`.

Keys a motion on Mixamo's bones (MakeHuman's CC0 rig.mixamo.json in the folder) and on a Rigify rig with FK
and IK controls, once a key a frame and once with fewer keys. Blender evaluates both at every frame of the
motion: the largest distance between the same joint of a bone that deforms is reported. The motion is also
played there and back until it has 10,000 frames, to time the reduction. `--picture` draws some curves; it
needs matplotlib.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray
from retargeting import _as_made, makehuman, recognised, rigify

from blender_addon.animation.fcurves import Curves
from blender_addon.animation.reduction import Rigged, reduce_keys
from blender_addon.animation.timing import pose_keys, scene_frames
from blender_addon.motion_file import Motion, read_motion
from blender_addon.retargeting.ik import ik_limbs
from blender_addon.retargeting.retarget import Target, key_motion, retarget, wanted_values

Array = NDArray[np.float64]
_LONG = 10_000


def there_and_back(motion: Motion, frames: int) -> Motion:
    """The motion, again and again."""
    count = len(motion.time)
    order = np.abs((np.arange(frames) + count - 1) % (2 * count - 2) - (count - 1))
    arrays = {name: getattr(motion, name)[order] for name in ("rotations", "root_translation", "contacts")}
    return replace(motion, time=np.arange(frames) / motion.fps, **arrays)


def joints(rig: bpy.types.Object, frames: Array) -> Array:
    """(T, P, 3) where the bones that deform start and end, in the world."""
    places = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame // 1), subframe=frame % 1)
        seen: Any = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        bones = [bone for bone in seen.pose.bones if bone.bone.use_deform]
        places.append([seen.matrix_world @ end for bone in bones for end in (bone.head, bone.tail)])
    return np.array(places)


def curves_of(rig: bpy.types.Object) -> dict[tuple[str, int], Any]:
    """The F-Curves of the rig's Action."""
    data: Any = rig.animation_data
    slots = hasattr(data.action, "slots")
    bag = data.action.layers[0].strips[0].channelbag(data.action_slot) if slots else data.action
    return {(curve.data_path, curve.array_index): curve for curve in bag.fcurves}


def keys_and_error(motion: Motion, target: Target, bound: float) -> tuple[int, int, float]:
    """Keys before and after, and the largest distance of a joint in metres."""
    rig, places, counts = target.armature, [], []
    frames = scene_frames(motion, motion.fps, 1)[motion.present]
    for each in (target, replace(target, bound=bound)):
        retarget(motion, each)
        counts.append(sum(len(curve.keyframe_points) for curve in curves_of(rig).values()))
        places.append(joints(rig, frames))
    return counts[0], counts[1], float(np.linalg.norm(places[1] - places[0], axis=-1).max())


def seconds(motion: Motion, target: Target, bound: float) -> float:
    """Processor time of the reduction alone."""
    curves: list[Curves] = []
    values = wanted_values(target)
    key_motion(motion, target, values, curves, pose_keys(motion, scene_frames(motion, motion.fps, 1)))
    limbs = ik_limbs(target.armature, target.bone_map) if target.ik else ()
    began = time.process_time()
    reduce_keys(target.armature, curves, bound, Rigged(values, limbs))
    return time.process_time() - began


def draw(motion: Motion, target: Target, bound: float, picture: Path) -> None:
    """Some curves, a key a frame and with fewer keys."""
    import matplotlib.pyplot as plt

    parts = ("pelvis", "left_thigh", "left_shin", "right_upper_arm")
    _, axes = plt.subplots(len(parts), 1, figsize=(13, 11), sharex=True)
    for few, style in (
        (0.0, {"color": "0.6", "marker": ".", "lw": 0.8}),
        (bound, {"color": "C1", "lw": 1.2}),
    ):
        retarget(motion, replace(target, bound=few))
        curves = curves_of(target.armature)
        for axis, part in zip(axes, parts, strict=True):
            bone = target.armature.pose.bones[target.bone_map.bones[part][0]]
            for index in range(1, 4):
                curve = curves[bone.path_from_id("rotation_quaternion"), index]
                points = np.array([key.co for key in curve.keyframe_points])
                x = points[:, 0] if few == 0 else np.linspace(points[0, 0], points[-1, 0], 2000)
                axis.plot(x, [curve.evaluate(frame) for frame in x], **style)
                if few:
                    axis.plot(*points.T, "k.", ms=5)
            axis.set_title(f"{bone.name}, quaternion x, y, z", loc="left", fontsize=9)
    plt.tight_layout()
    plt.savefig(picture, dpi=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("motion", type=Path)
    parser.add_argument("--rigs", type=Path, help="folder with rig.mixamo.json of MakeHuman")
    parser.add_argument("--bound", type=float, default=0.005)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    motion = read_motion(options.motion)
    files = sorted(options.rigs.rglob("rig.mixamo.json")) if options.rigs is not None else []
    makers: list[tuple[str, bool, Any]] = [("mixamo", False, lambda: makehuman(files[0]))] if files else []
    makers += [(f"rigify {'IK' if ik else 'FK'}", ik, lambda: rigify(_as_made)[0]) for ik in (False, True)]
    rows = [f"{'rig':12}{'frames':>8}{'keys':>8}{'fewer':>8}{'ratio':>7}{'error mm':>10}{'s, 10,000':>11}"]
    for name, ik, make in makers:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.context.scene.render.fps = round(motion.fps)
        rig = make()
        target = Target(bpy.context.scene, rig, recognised(rig).bone_map, match="NEVER", ik=ik)
        before, after, error = keys_and_error(motion, target, options.bound)
        spent = seconds(there_and_back(motion, _LONG), target, options.bound)
        row = f"{name:12}{len(motion.time):8}{before:8}{after:8}{before / after:7.1f}{1000 * error:10.2f}"
        rows.append(f"{row}{spent:11.1f}")
        if options.picture is not None and name == makers[0][0]:
            draw(motion, target, options.bound, options.picture)
    print(f"Blender {bpy.app.version_string}, joints within {1000 * options.bound:g} mm")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
