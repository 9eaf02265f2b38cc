"""How near a rig's limbs come to a motion's, and how fast: `retargeting.py [--rigs FOLDER] [--frames N]`.

Puts synthetic motions on rigs, lets Blender evaluate the keyed rigs, and compares the directions of the eight
limbs with those in the motions. Rigify's own rig is generated; rigs of MakeHuman (CC0) are read from the
`rig.*.json` files in the folder. Each rig is also taken with its arms lowered, with odd rolls, and with its
object scaled by 0.01 and turned. Needs the bpy module.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from blender_addon.kinematics.rotations import (
    about,
    inverse,
    multiply,
    rotate,
    shortest_turn,
    unit,
)
from blender_addon.motion_file import Motion
from blender_addon.retargeting.body import LIMBS
from blender_addon.retargeting.retarget import Target, retarget
from blender_addon.rigs.bone_map import known_maps
from blender_addon.rigs.recognition import Recognition, recognise
from lifting_core.motion.kinematics import pose
from lifting_core.motion.proportions import AVERAGE, rest_pose
from lifting_core.skeleton import BONE_HEADS, BONE_NAMES, BONE_PARENTS, BONE_TAILS

_FPS = 30.0
_ONWARD = {"upper_arm": "forearm", "forearm": "hand", "thigh": "shin", "shin": "foot"}
_SAMPLES = 9  # frames a motion that are compared
Change = Callable[[bpy.types.Object, Recognition], Matrix]
Maker = Callable[[Change], tuple[bpy.types.Object, Matrix]]
Directions = dict[str, Callable[[NDArray[np.float64]], Any]]
Array = NDArray[np.float64]


def _swing(start: list[float], end: list[float]) -> Callable[[Array], Array]:
    return lambda t: np.outer(1 - t, start) + np.outer(t, end)


@dataclass(frozen=True)
class Act:
    """Where the left limbs point (the right ones mirrored) and how the body turns as t goes from 0 to 1."""

    limbs: Directions
    yaw: float = 0.0
    lean: float = 0.0
    """Radians backward about the left side, 90 degrees for lying on the back."""
    bend: float = 0.0
    sink: float = 0.0
    """Metres."""


_DOWN = {"left_upper_arm": [0.15, 0, -1], "left_forearm": [0.1, -0.2, -1]}
_ACTS = {
    "raised arms": Act(
        {
            "left_upper_arm": _swing([0.3, 0, -1], [0.25, 0.1, 1]),
            "left_forearm": _swing([0.3, -0.3, -1], [-0.2, 0, 1]),
        }
    ),
    "crossed arms": Act(
        {
            "left_upper_arm": _swing([0.3, 0, -1], [0.15, -0.6, -0.8]),
            "left_forearm": _swing([0.2, -0.2, -1], [-1, -0.35, 0.1]),
        },
        bend=0.2,
    ),
    "sitting": Act(
        {
            "left_thigh": _swing([0, 0, -1], [0.2, -1, 0]),
            "left_shin": _swing([0, 0, -1], [0, 0.1, -1]),
            "left_upper_arm": _swing([0.2, 0, -1], [0.1, -0.5, -1]),
            "left_forearm": _swing([0.2, 0, -1], [0, -1, -0.1]),
        },
        bend=0.4,
        sink=0.45,
    ),
    "turning": Act(
        {"left_upper_arm": _swing(*_DOWN.values()), "left_forearm": _swing([1, 0, -1], [0, -1, -1])},
        yaw=4 * math.pi,
    ),
    "lying": Act(
        {
            "left_upper_arm": _swing([1, 0, 0.2], [0.5, -0.2, -1]),
            "left_thigh": _swing([0, 0, -1], [0.1, -0.9, -0.4]),
            "left_shin": _swing([0, 0, -1], [0, 0.6, -0.8]),
        },
        lean=math.pi / 2,
        sink=0.7,
    ),
}


def motion_of(act: Act, frames: int) -> Motion:
    """The act there and back, as a Motion."""
    rest = rest_pose(AVERAGE)
    t = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, frames))
    body = multiply(about(np.array([0, 0, 1.0]), act.yaw * t), about(np.array([-1.0, 0, 0]), act.lean * t))
    bent = multiply(body, about(np.array([1.0, 0.3, 0.2]) / math.sqrt(1.13), act.bend * t))
    along = rest.joints[list(BONE_TAILS)] - rest.joints[list(BONE_HEADS)]
    rests = np.array([rotation.as_quat()[[3, 0, 1, 2]] for rotation in rest.rotations])
    turns: list[Array] = []
    rotations = np.empty((frames, len(BONE_NAMES), 4))
    for index, (name, parent) in enumerate(zip(BONE_NAMES, BONE_PARENTS, strict=True)):
        carried = body if parent < 0 else (bent if name == "spine" else turns[parent])
        left = act.limbs.get(name.replace("right_", "left_"))
        turn = carried
        if left is not None:
            aim = rotate(body, left(t) * ([-1, 1, 1] if name.startswith("right_") else 1))
            turn = multiply(shortest_turn(rotate(carried, along[index]), aim), carried)
        turns.append(turn)
        local = turn if parent < 0 else multiply(inverse(turns[parent]), turn)
        rotations[:, index] = multiply(multiply(inverse(rests[index]), local), rests[index])
    root = rest.joints[0] + np.stack([0.5 * t, 0.2 * t, -act.sink * t], axis=-1)
    return Motion(
        _FPS, "act.mp4", np.arange(frames) / _FPS, (1920, 1080),
        np.array([[1600.0, 0, 960], [0, 1600, 540], [0, 0, 1]]), np.eye(4),
        BONE_NAMES, np.array(BONE_PARENTS), np.array(BONE_HEADS), np.array(BONE_TAILS),
        rests, rest.joints, rotations, root, np.ones((frames, len(rest.joints))), np.zeros((frames, 2)),
    )  # fmt: skip


def limb_directions(motion: Motion) -> dict[str, Array]:
    """(T, 3) world directions of the eight limbs, from the joints as the engine poses them."""
    joints = pose(rest_pose(AVERAGE), motion.rotations, motion.root_translation)
    along = unit(joints[:, list(BONE_TAILS)] - joints[:, list(BONE_HEADS)])
    return {limb: along[:, BONE_NAMES.index(limb)] for limb in LIMBS}


def angles(rig: bpy.types.Object, found: Recognition, motion: Motion, placed: Matrix) -> Array:
    """(samples, limbs) degrees between the limbs of the evaluated rig and those of the motion.

    `placed` turns the motion's world to where the rig has been turned to.
    """
    wanted = limb_directions(motion)
    rows = []
    for index in np.linspace(0, len(motion.time) - 1, _SAMPLES).astype(int):
        bpy.context.scene.frame_set(int(index) + 1)
        evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        row = []
        for limb in LIMBS:
            start, end = _ends(evaluated, found, limb)
            seen = np.array((evaluated.matrix_world @ end - evaluated.matrix_world @ start).normalized())
            aim = np.array(placed.to_3x3() @ Vector(wanted[limb][index]))
            row.append(math.degrees(math.atan2(np.linalg.norm(np.cross(seen, aim)), seen @ aim)))
        rows.append(row)
    return np.array(rows)


def _ends(rig: bpy.types.Object, found: Recognition, limb: str) -> tuple[Vector, Vector]:
    """Where a limb starts and ends, by the bones that deform (for Rigify those that its controls move)."""
    side, _, part = limb.partition("_")
    bones, chains = rig.pose.bones, found.bone_map.bones

    def bone(name: str) -> bpy.types.PoseBone:
        moved = chains[name][0]
        return bones.get(f"ORG-{moved.replace('_fk', '')}") or bones[moved]

    onward = f"{side}_{_ONWARD[part]}"
    return bone(limb).head, bone(onward).head if onward in chains else bones[chains[limb][-1]].tail


def makehuman(file: Path) -> bpy.types.Object:
    """The armature that a rig file of MakeHuman describes."""
    data = json.loads(file.read_text("utf-8"))
    described = data.get("bones", data)
    rig = bpy.data.objects.new(file.stem, bpy.data.armatures.new(file.stem))
    bpy.context.scene.collection.objects.link(rig)
    with _editing(rig) as bones:
        for name, bone in described.items():
            made = bones.new(name)
            made.head, made.tail = (Vector(bone[end]["default_position"]) for end in ("head", "tail"))
            made.roll = bone["roll"]
        for name, bone in described.items():
            bones[name].parent = bones[bone["parent"]] if bone["parent"] else None
            bones[name].use_connect = bone["use_connect"]
    return rig


def rigify(change: Change) -> tuple[bpy.types.Object, Matrix]:
    """The rig that Rigify generates from a changed metarig. Only size and turn are changed afterwards."""
    import addon_utils  # is only found once bpy is there

    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_basic_human_metarig_add()
    metarig = bpy.context.object
    if change is not _small_and_turned:
        change(metarig, recognised(metarig))
    bpy.ops.pose.rigify_generate()
    rig = bpy.context.object
    bpy.data.objects.remove(metarig)
    return rig, change(rig, recognised(rig)) if change is _small_and_turned else Matrix()


def recognised(rig: bpy.types.Object) -> Recognition:
    """The rig's map."""
    found = recognise(rig.data.bones.keys(), known_maps())
    assert found is not None, rig.name
    return found


@contextmanager
def _editing(rig: bpy.types.Object) -> Iterator[Any]:
    """Edit mode of a rig; gives its edit bones."""
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    yield rig.data.edit_bones
    bpy.ops.object.mode_set(mode="OBJECT")


def _as_made(rig: bpy.types.Object, found: Recognition) -> Matrix:
    return Matrix()


def _turn_at_rest(bones: Sequence[Any], turn: Matrix) -> None:
    """Turn edit bones that are connected to each other."""
    turned = [(turn @ bone.head, turn @ bone.tail, turn.to_3x3() @ bone.z_axis) for bone in bones]
    for bone, (head, tail, upward) in zip(bones, turned, strict=True):
        bone.head, bone.tail = head, tail
        bone.align_roll(upward)


def _arms_down(rig: bpy.types.Object, found: Recognition) -> Matrix:
    """Lower the arms by 50 degrees and spread the legs by 20, at rest."""
    with _editing(rig) as bones:
        for limb, degrees in (("upper_arm", 50), ("thigh", -20)):
            for side, sign in (("left", 1), ("right", -1)):
                top = bones[found.bone_map.bones[f"{side}_{limb}"][0]]
                around = Matrix.Translation(top.head) @ Matrix.Rotation(math.radians(sign * degrees), 4, "Y")
                _turn_at_rest((top, *top.children_recursive), around @ Matrix.Translation(-top.head))
    return Matrix()


def _odd_rolls(rig: bpy.types.Object, found: Recognition) -> Matrix:
    random = np.random.default_rng(3)
    with _editing(rig) as bones:
        for bone in bones:
            bone.roll += random.uniform(-3, 3)
    return Matrix()


def _small_and_turned(rig: bpy.types.Object, found: Recognition) -> Matrix:
    """As FBX comes in: y up and in centimetres inside; and the object turned on the floor."""
    inside = Matrix.Rotation(math.radians(-90), 4, "X") @ Matrix.Scale(100, 4)
    rig.data.transform(inside)
    turned = Matrix.Rotation(0.7, 4, "Z")
    rig.matrix_world = Matrix.Translation((1, 2, 0)) @ turned @ inside.inverted()
    return turned


_CHANGES = {
    "as made": _as_made,
    "arms down": _arms_down,
    "odd rolls": _odd_rolls,
    "0.01, turned": _small_and_turned,
}


def _rigs(
    folder: Path | None,
) -> Iterator[tuple[str, bool, Maker]]:
    """Names, whether IK is used, and what makes the rig."""
    for file in sorted(folder.rglob("rig.*.json")) if folder is not None else ():

        def changed(change: Change, file: Path = file) -> tuple[bpy.types.Object, Matrix]:
            rig = makehuman(file)
            return rig, change(rig, recognised(rig))

        yield file.stem.removeprefix("rig."), False, changed
    yield "rigify FK", False, rigify
    yield "rigify IK", True, rigify


def _measure(rig: bpy.types.Object, placed: Matrix, ik: bool, frames: int) -> tuple[Array, float]:
    """Degrees over all motions, and CPU seconds for a long one."""
    found = recognised(rig)
    target = Target(bpy.context.scene, rig, found.bone_map, ik=ik)
    bpy.context.scene.render.fps = round(_FPS)
    every = []
    for act in _ACTS.values():
        motion = motion_of(act, 60)
        retarget(motion, target)
        every.append(angles(rig, found, motion, placed))
    long = motion_of(_ACTS["turning"], frames)
    began = time.process_time()
    retarget(long, target)
    return np.array(every), time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rigs", type=Path, help="folder with rig.*.json files of MakeHuman")
    parser.add_argument("--frames", type=int, default=10_000, help="of the motion that is timed")
    options = parser.parse_args()
    print(f"Blender {bpy.app.version_string}. Degrees between limbs, over five motions, and CPU seconds for")
    print(f"{options.frames} frames.")
    rows = [f"{'rig':26}{'change':14}{'mean':>8}{'largest':>9}{'seconds':>9}"]
    for name, ik, make in _rigs(options.rigs):
        for change_name, change in _CHANGES.items():
            bpy.ops.wm.read_factory_settings(use_empty=True)
            every, seconds = _measure(*make(change), ik, options.frames)
            rows.append(f"{name:26}{change_name:14}{every.mean():8.3f}{every.max():9.3f}{seconds:9.2f}")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
