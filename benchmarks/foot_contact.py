"""How feet slide and sink on keyed rigs: `foot_contact.py [MOTION.npz ...] [--mocap FOLDER] [--rigs FOLDER]`.

Puts motions on rigs with feet as they are in the motion, and with feet that stand still in their contacts,
and lets Blender pose the keyed rigs. Sliding is how far the stillest point of a sole (below the ankle, below
the toes) moves along the floor from frame to frame, in the contacts that the markers of the Action show;
sinking is how deep a point of a sole is below the floor of the rig at rest, in any frame where somebody is
seen; jerks of the legs are the second differences of how far the knees are bent. Motions are Motion files,
and motion capture from BVH files, filmed by a camera with and without the errors of detectors and lifters.
Rigify's own rig is generated; rigs of MakeHuman (CC0) are read from `rig.*.json` files. Needs the bpy module.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray
from retargeting import makehuman, recognised, rigify
from scipy.ndimage import gaussian_filter1d

from blender_addon.motion_file import Motion, read_motion
from blender_addon.retargeting.contacts import SIDES, marked_contacts
from blender_addon.retargeting.retarget import Target, retarget
from lifting_core.camera.pinhole import camera_matrix, project
from lifting_core.motion.solve import Observation, solve
from lifting_core.skeleton import JOINTS, LIMB_JOINTS
from training.datasets.mocap import Clip, read_mocap

Array = NDArray[np.float64]
_LIFTING_ERROR, _ITS_TIME = 0.035, 0.15
"""Metres, standard deviation along each axis, and seconds over which the errors of a lifter change."""
_DETECTION_ERROR = 4.0  # pixels
_DISTANCE = 6.0  # metres from the camera
_KEYPOINTS = ("nose", *LIMB_JOINTS)


def filmed(clip: Clip, noisy: bool) -> Motion:
    """Motion capture as the engine solves it from what a camera at the side of the way saw of it."""
    random = np.random.default_rng(5)
    joints = clip.points[:, : len(JOINTS)].astype(np.float64)
    way = joints[-1, 0] - joints[0, 0]
    view = np.array([-way[1], way[0], -0.1 * np.hypot(*way[:2])]) / np.hypot(*way[:2])
    right = np.cross(view, [0, 0, 1])
    axes = (
        np.stack([right, np.cross(view, right), view]) / np.linalg.norm([right, right, view], axis=1)[:, None]
    )
    camera = (joints - joints[:, 0].mean(axis=0)) @ axes.T + [0, 0, _DISTANCE]
    matrix = camera_matrix(1400, 1920, 1080)
    keypoints = project(camera[:, [JOINTS.index("neck" if n == "nose" else n) for n in _KEYPOINTS]], matrix)
    lifted = camera - camera[:, :1]
    if noisy:
        keypoints += random.normal(size=keypoints.shape) * _DETECTION_ERROR
        frames = _ITS_TIME * clip.fps
        error = gaussian_filter1d(random.normal(size=lifted.shape), frames, axis=0) * np.sqrt(
            2 * np.sqrt(np.pi) * frames
        )
        lifted += _LIFTING_ERROR * error
    count = len(joints)
    solved = solve(
        Observation(
            np.arange(count) / clip.fps, clip.fps, f"{clip.name}.bvh", (1920, 1080), matrix,
            lifted - lifted[:, :1], np.ones((count, len(JOINTS))),
            _KEYPOINTS, keypoints, np.ones((count, len(_KEYPOINTS))),
        )
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        solved.save(Path(folder) / "motion.npz")
        return read_motion(Path(folder) / "motion.npz")


@dataclass(frozen=True, eq=False)
class Legs:
    """The legs of a keyed rig, frame by frame."""

    points: Array
    """(T, 2, 2, 3) of the soles of the left and the right foot, below the ankle and the tip of the toes,
    metres."""
    bends: Array
    """(T, 2) degrees that the knees are bent."""
    floor: float

    def sliding(self, contacts: NDArray[np.bool_]) -> Array:
        """Millimetres from frame to frame, of contacts (T, 2)."""
        steps = np.linalg.norm(np.diff(self.points[..., :2], axis=0), axis=-1).min(axis=-1)
        return 1000 * steps[contacts[1:] & contacts[:-1]]

    def sinking(self) -> Array:
        """(T,) millimetres of the deepest point."""
        return 1000 * np.maximum(self.floor - self.points[..., 2].min(axis=(1, 2)), 0)

    def jerks(self) -> Array:
        """(T - 2, 2) by how many degrees a frame the bending of the knees changes from frame to frame."""
        return abs(np.diff(self.bends, 2, axis=0))


def legs(rig: bpy.types.Object, frames: NDArray[np.int64]) -> Legs:
    """What Blender evaluates in the scene frames."""
    feet, shins, thighs = ([_moved(rig, f"{s}_{p}") for s in SIDES] for p in ("foot", "shin", "thigh"))
    ankles = [bone.head_local for bone in feet]
    toes = [min((b.tail_local for b in (bone, *bone.children_recursive)), key=lambda p: p.y) for bone in feet]
    lowest = min(point.z for point in (*ankles, *toes))
    floor = 0.0 if abs(lowest) < 0.03 else lowest
    at_rest = [[Vector((p.x, p.y, floor)) for p in pair] for pair in zip(ankles, toes, strict=True)]
    points, bends = np.empty((len(frames), 2, 2, 3)), np.empty((len(frames), 2))
    for row, frame in enumerate(frames):
        bpy.context.scene.frame_set(int(frame))
        posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for index, bone in enumerate(feet):
            turn = posed.matrix_world @ posed.pose.bones[bone.name].matrix @ bone.matrix_local.inverted()
            points[row, index] = [turn @ point for point in at_rest[index]]
            hip, knee, ankle = (posed.pose.bones[b[index].name].head for b in (thighs, shins, feet))
            bends[row, index] = math.degrees((knee - hip).angle(ankle - knee))
    return Legs(points, bends, floor)


def _moved(rig: bpy.types.Object, part: str) -> bpy.types.Bone:
    """The bone that deforms a part of the body, or that carries those that do."""
    name = recognised(rig).bone_map.bones[part][0]
    bones = rig.data.bones
    return bones.get(f"ORG-{name.replace('_fk', '')}") or bones[name]


def _contacts(rig: bpy.types.Object, frames: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(T, 2) what the markers of the rig's Action say."""
    found = np.zeros((len(frames), 2), bool)
    for contact in marked_contacts(rig.animation_data.action, int(frames[0]), int(frames[-1])):
        inside = (contact.start <= frames) & (frames <= contact.end)
        found[inside, SIDES.index(contact.side)] = True
    return found


def _rigs(folder: Path | None) -> Iterator[tuple[str, bpy.types.Object, bool]]:
    """Names, rigs in an empty scene, and whether IK is used."""
    for family in ("mixamo", "game_engine", "default") if folder is not None else ():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        assert folder is not None
        yield family, makehuman(next(folder.rglob(f"rig.{family}.json"))), False
    for ik in (False, True):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        yield f"rigify {'IK' if ik else 'FK'}", rigify(lambda rig, found: Matrix())[0], ik


def _motions(options: argparse.Namespace) -> Iterator[tuple[str, Motion]]:
    for path in options.motions:
        yield path.stem, read_motion(path)
    for clip in read_mocap(options.mocap)[: options.clips] if options.mocap else ():
        for noisy in (False, True):
            yield f"{clip.name}{', noisy' if noisy else ''}", filmed(clip, noisy)


def _seconds(rig: bpy.types.Object, ik: bool, motion: Motion, frames: int) -> float:
    """CPU time of a long motion: the same one again and again."""
    known = np.resize(np.flatnonzero(motion.present), frames)
    long = Motion(
        motion.fps, motion.source, np.arange(frames) / motion.fps, motion.image_size,
        motion.camera_matrix, motion.camera_from_world, motion.bone_names, motion.bone_parents,
        motion.bone_heads, motion.bone_tails, motion.rest_rotations, motion.rest_joints,
        motion.rotations[known], motion.root_translation[known], motion.joint_confidence[known],
        motion.contacts[known],
    )  # fmt: skip
    target = Target(bpy.context.scene, rig, recognised(rig).bone_map, ik=ik, feet="AUTOMATIC")
    began = time.process_time()
    retarget(long, target)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("motions", metavar="MOTION.npz", nargs="*", type=Path)
    parser.add_argument("--mocap", type=Path, help="folder with BVH files")
    parser.add_argument("--clips", type=int, default=2, help="how many of them")
    parser.add_argument("--rigs", type=Path, help="folder with rig.*.json files of MakeHuman")
    parser.add_argument("--frames", type=int, default=10_000, help="of the motion that is timed")
    options = parser.parse_args()
    motions = list(_motions(options))
    rows = [
        f"Blender {bpy.app.version_string}. In mm: sliding a frame (median, 95 %), sinking (95 %, most).",
        "Degrees a frame, from frame to frame: jerks of the knees (95 %, most).",
        f"{'rig':14}{'motion':28}{'feet':>10}{'contacts':>9}{'slide':>8}{'95 %':>8}{'sink':>8}{'most':>8}"
        f"{'jerks':>8}{'most':>8}",
    ]
    for rig_name, rig, ik in _rigs(options.rigs):
        for name, motion in motions:
            frames = np.flatnonzero(motion.present) + 1
            bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = round(motion.fps), 1
            bpy.context.scene.render.fps_base = round(motion.fps) / motion.fps
            bone_map = recognised(rig).bone_map
            standing: NDArray[np.bool_] | None = None
            for feet in ("AUTOMATIC", "OFF"):
                retarget(motion, Target(bpy.context.scene, rig, bone_map, match="NEVER", ik=ik, feet=feet))
                standing = _contacts(rig, frames) if standing is None else standing
                seen = legs(rig, frames)
                slide, sink, jerks = seen.sliding(standing), seen.sinking(), seen.jerks()
                rows.append(
                    f"{rig_name:14}{name:28}{feet.lower():>10}{standing.mean():9.0%}{np.median(slide):8.2f}"
                    f"{np.percentile(slide, 95):8.2f}{np.percentile(sink, 95):8.2f}{sink.max():8.2f}"
                    f"{np.percentile(jerks, 95):8.2f}{jerks.max():8.2f}"
                )
        rows.append(
            f"{rig_name:14}{options.frames} frames: {_seconds(rig, ik, motions[0][1], options.frames):.2f} s"
        )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
