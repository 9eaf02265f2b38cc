"""`retarget MOTION.npz RIG.blend -o OUT.blend`: a Motion on a rig of a .blend, without a window."""

from __future__ import annotations

import argparse
from pathlib import Path

import bpy

from .animation.destination import Destination
from .errors import InvalidInput
from .motion_file import Motion, read_motion
from .poses.pose import PoseTarget, take_pose
from .retargeting.retarget import Target, retarget
from .rigs.armature import recognise_armature
from .rigs.bone_map import BoneMap, read_map
from .rigs.recognition import Recognition, matched
from .saving import check_output, save

NAME = "retarget"


def parser() -> argparse.ArgumentParser:
    """The options after the command's name."""
    made = argparse.ArgumentParser(NAME, description="Put a Motion file on a rig of a .blend.")
    made.add_argument("motion", metavar="MOTION.npz", type=Path)
    made.add_argument(
        "rig", metavar="RIG.blend", type=Path, help="the file with the rig; it is left as it is"
    )
    made.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help=".blend, .fbx or .glb")
    made.add_argument("--object", metavar="NAME", help="the armature, where there are several")
    made.add_argument("--map", metavar="MAP.json", type=Path, help="its bone map, instead of recognising it")
    made.add_argument("--root", choices=["hips", "bone", "object"], default="hips", help="what moves (hips)")
    made.add_argument("--in-place", action="store_true", help="do not move along the floor")
    made.add_argument("--ik", action="store_true", help="key the IK controls too, and switch to them")
    made.add_argument(
        "--feet",
        choices=["off", "automatic", "always", "floor"],
        default="automatic",
        help="stand still in their contacts, or all the time, or only do not sink, or neither (automatic)",
    )
    made.add_argument(
        "--joint-error",
        metavar="METRES",
        type=float,
        default=0.0,
        help="smooth curves with few keys that keep every joint so near; 0 for a key a frame (0)",
    )
    made.add_argument(
        "--destination",
        choices=["action", "strip", "append"],
        default="action",
        help="a new Action, a strip in a new NLA track, or on from the file's current frame (action)",
    )
    made.add_argument("--keep-going", action="store_true", help="append where the rig stands and faces")
    made.add_argument("--frame", metavar="N", type=int, help="pose the rig as in this frame of the clip")
    made.add_argument("--pose-asset", action="store_true", help="keep the pose as an asset too")
    return made


def run(options: argparse.Namespace) -> None:
    """Raises InvalidInput on bad input and LiftPoseError when the file cannot be written."""
    check_output(options.output)
    motion = read_motion(options.motion)
    if options.frame is not None:
        motion = motion.nearest(options.frame)
    if options.pose_asset and len(motion.time) > 1:
        raise InvalidInput("A pose asset is made of one frame.", "Choose it with --frame.")
    bone_map = read_map(options.map) if options.map is not None else None
    _open(options.rig)
    armature = _armature(options.object)
    names = armature.data.bones.keys()
    found = matched(names, bone_map) if bone_map is not None else recognise_armature(armature)
    if found is None:
        raise InvalidInput(f"The rig {armature.name} is not recognised.", "Name its bones with --map.")
    _check_found(found, armature)
    _put(motion, armature, found.bone_map, options)
    save(options.output, [armature], relative_remap=True)


def _put(motion: Motion, armature: bpy.types.Object, bone_map: BoneMap, options: argparse.Namespace) -> None:
    """One frame is a pose, keyed at the file's current frame; more are an Action."""
    scene = next((s for s in bpy.data.scenes if armature.name in s.objects), bpy.data.scenes[0])
    if len(motion.time) == 1:
        feet, asset = options.feet.upper(), options.pose_asset
        pose = PoseTarget(scene, armature, bone_map, ik=options.ik, feet=feet, keyed=True, asset=asset)
        take_pose(motion, pose)
        return
    target = Target(
        scene,
        armature,
        bone_map,
        root=options.root.upper(),
        in_place=options.in_place,
        ik=options.ik,
        feet=options.feet.upper(),
        bound=options.joint_error,
        destination=Destination(options.destination.upper(), options.keep_going),
    )
    retarget(motion, target)


def _open(path: Path) -> None:
    if not path.is_file():
        raise InvalidInput(f"{path} does not exist.", "Name the .blend that has the rig.")
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path.resolve()), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        raise InvalidInput(f"{path} is no Blender file that can be read.", "Name a .blend.") from error


def _armature(name: str | None) -> bpy.types.Object:
    """The named armature, else the only one that is seen, else the only one."""
    every = [found for found in bpy.data.objects if found.type == "ARMATURE"]
    if name is not None:
        every = [found for found in every if found.name == name]
        if not every:
            raise InvalidInput(f"There is no armature called {name}.", "Name an armature of the file.")
    seen = [found for found in every if found.visible_get()]
    candidates = seen if len(every) > 1 and seen else every
    if len(candidates) != 1:
        names = ", ".join(found.name for found in candidates) or "none"
        raise InvalidInput(f"The file has several armatures or none: {names}.", "Choose one with --object.")
    return candidates[0]


def _check_found(found: Recognition, armature: bpy.types.Object) -> None:
    if "pelvis" not in found.bone_map.bones:
        raise InvalidInput(
            f"The bone map {found.bone_map.name} does not fit {armature.name}: it lacks "
            f"{', '.join(found.missing)}.",
            "Choose another map.",
        )
