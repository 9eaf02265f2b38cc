"""Rigify's own rig: FK and IK, judged by the bones that its controls move."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from blender_addon.motion_file import read_motion
from blender_addon.retargeting.retarget import Target, retarget
from blender_addon.rigs.armature import recognise_armature

_LIMBS = {
    ("shoulder", "elbow"): ("upper_arm", "forearm"),
    ("elbow", "wrist"): ("forearm", "hand"),
    ("hip", "knee"): ("thigh", "shin"),
    ("knee", "ankle"): ("shin", "foot"),
}


@pytest.fixture
def rig(scene: bpy.types.Scene) -> Iterator[bpy.types.Object]:
    """The rig that Rigify generates from its basic metarig."""
    import addon_utils  # is only found once bpy is there

    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_basic_human_metarig_add()
    bpy.ops.pose.rigify_generate()
    yield bpy.context.object
    addon_utils.disable("rigify", default_set=True)


def _angles(rig: bpy.types.Object, clip: dict[str, Any]) -> list[float]:
    """Degrees between the limbs of the rig and of the clip."""
    names, angles = list(clip["joint_names"]), []
    for index, joints in enumerate(clip["joints_world"]):
        bpy.context.scene.frame_set(1 + index)
        bones = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        for side, marker in (("left", "L"), ("right", "R")):
            for (start, end), (upper, lower) in _LIMBS.items():
                wanted = joints[names.index(f"{side}_{end}")] - joints[names.index(f"{side}_{start}")]
                seen = np.array(bones[f"ORG-{lower}.{marker}"].head - bones[f"ORG-{upper}.{marker}"].head)
                sine = np.linalg.norm(np.cross(wanted, seen))
                angles.append(math.degrees(math.atan2(sine, float(wanted @ seen))))
    return angles


@pytest.mark.parametrize("ik", [False, True], ids=["FK", "IK"])
def test_limbs_point_as_the_persons_do(
    rig: bpy.types.Object,
    motion_file: Callable[..., Path],
    arrays: Callable[..., dict[str, Any]],
    ik: bool,
) -> None:
    found = recognise_armature(rig)
    assert found is not None
    assert (found.bone_map.name, found.score) == ("Rigify, generated (FK controls)", 1)
    switch = rig.pose.bones["upper_arm_parent.L"]["IK_FK"]
    rotation = tuple(rig.pose.bones["upper_arm_fk.L"].rotation_quaternion)
    retarget(
        read_motion(motion_file(frames=6, fps=30)),
        Target(bpy.context.scene, rig, found.bone_map, match="ALWAYS", ik=ik),
    )
    assert rig.pose.bones["upper_arm_parent.L"]["IK_FK"] == switch
    assert tuple(rig.pose.bones["upper_arm_fk.L"].rotation_quaternion) == rotation
    angles = _angles(rig, arrays(frames=6, fps=30))
    assert np.mean(angles) < (0.3 if ik else 0.03)
    assert max(angles) < (2 if ik else 0.05)
    evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    assert evaluated["thigh_parent.R"]["IK_FK"] == (0 if ik else 1)


@pytest.mark.parametrize("ik", [False, True], ids=["FK", "IK"])
def test_feet_stand_still(rig: bpy.types.Object, motion_file: Callable[..., Path], ik: bool) -> None:
    """A person who glides over the floor with the left foot down in half of the frames."""
    found = recognise_armature(rig)
    assert found is not None
    motion = read_motion(motion_file(frames=24, fps=30))
    motion.rotations[:] = [1, 0, 0, 0]
    motion.root_translation[:] = motion.rest_joints[0] + np.outer(motion.time, [0.1, -0.5, -0.05])
    motion.contacts[6:18, 0] = 1
    retarget(motion, Target(bpy.context.scene, rig, found.bone_map, match="ALWAYS", ik=ik, feet="AUTOMATIC"))
    foot = rig.data.bones["ORG-foot.L"]
    ends = [foot.head_local.copy(), rig.data.bones["ORG-toe.L"].tail_local.copy()]
    ends[0].y, ends[0].z, ends[1].z = ends[0].y + 0.05, 0, 0  # the heel and the tip of the toes, on the floor
    soles = []
    for frame in range(1, 25):
        bpy.context.scene.frame_set(frame)
        posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones["ORG-foot.L"]
        soles.append([posed.matrix @ foot.matrix_local.inverted() @ end for end in ends])
    steps = np.linalg.norm(np.diff(np.array(soles)[6:18], axis=0), axis=-1).min(axis=1)
    assert np.median(steps) < 0.001
    assert steps.max() < 0.003
    assert np.array(soles)[..., 2].min() > -0.001


@pytest.mark.parametrize("ik", [False, True], ids=["FK", "IK"])
def test_fewer_keys_keep_the_joints_that_deform(
    rig: bpy.types.Object, motion_file: Callable[..., Path], ik: bool
) -> None:
    """Elbows and knees too, which IK bends most where limbs are nearly straight."""
    found = recognise_armature(rig)
    assert found is not None
    motion = read_motion(motion_file(frames=60, fps=30))
    bpy.context.scene.render.fps = 30
    places = []
    for bound in (0.0, 0.005):
        target = Target(bpy.context.scene, rig, found.bone_map, match="NEVER", ik=ik, bound=bound)
        summary = retarget(motion, target).summary
        places.append(np.array([_deforming(rig, frame) for frame in range(1, 61)]))
    apart = np.linalg.norm(places[1] - places[0], axis=-1).max()
    assert 0.003 < apart < 0.005
    assert "keep the joints within" in summary


def _deforming(rig: bpy.types.Object, frame: int) -> list[tuple[float, ...]]:
    bpy.context.scene.frame_set(frame)
    bones = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    return [tuple(end) for bone in bones if bone.bone.use_deform for end in (bone.head, bone.tail)]
