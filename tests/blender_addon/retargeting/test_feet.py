"""Feet on keyed rigs, as Blender poses them: still in their contacts, and not below the floor."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix
from numpy.typing import NDArray

from blender_addon.motion_file import Motion, read_motion
from blender_addon.retargeting.contacts import marked_contacts
from blender_addon.retargeting.retarget import Target, retarget
from blender_addon.rigs.armature import recognise_armature

Make = Callable[..., bpy.types.Object]
Array = NDArray[np.float64]
_FRAMES = 60
_CONTACTS = {"left": (10, 30), "right": (28, 50)}
_FBX = Matrix.Rotation(math.radians(-90), 4, "X") @ Matrix.Scale(100, 4)


@pytest.fixture
def shuffle(motion_file: Callable[..., Path]) -> Callable[..., Motion]:
    """Somebody who glides at 0.6 m/s without lifting a foot, swaying, now on the floor and now in it."""

    def made(absent: tuple[int, ...] = ()) -> Motion:
        motion = read_motion(motion_file(frames=_FRAMES, fps=30, absent=absent))
        time = motion.time
        still = np.zeros_like(motion.rotations)
        still[..., 0] = 1
        lean = 0.15 * np.sin(2 * time)
        still[:, 0, 0], still[:, 0, 2] = np.cos(lean / 2), np.sin(lean / 2)
        motion.rotations[:] = np.where(motion.present[:, None, None], still, np.nan)
        way = np.column_stack([0.05 * np.sin(3 * time), -0.6 * time, -0.04 - 0.04 * np.cos(2 * time)])
        motion.root_translation[:] = np.where(motion.present[:, None], motion.rest_joints[0] + way, np.nan)
        for column, (first, last) in enumerate(_CONTACTS.values()):
            motion.contacts[first : last + 1, column] = 1
        motion.contacts[~motion.present] = 0
        return motion

    return made


def _put(rig: bpy.types.Object, motion: Motion, **target: Any) -> None:
    found = recognise_armature(rig)
    assert found is not None
    bpy.context.scene.render.fps = 30
    retarget(motion, Target(bpy.context.scene, rig, found.bone_map, **target))


def _soles(rig: bpy.types.Object, foot: str, world: Matrix | None = None) -> Array:
    """(T, 2, 3) metres: the points that are on the floor at rest, below the ankle and the tip of the foot.

    `world` is where the rig stood, if it has moved.
    """
    bone = rig.data.bones[foot]
    world = world or rig.matrix_world
    ends = [world @ bone.head_local, world @ bone.tail_local]
    for end in ends:
        end.z = 0
    points = []
    for frame in range(1, _FRAMES + 1):
        bpy.context.scene.frame_set(frame)
        posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        turn = posed.matrix_world @ posed.pose.bones[foot].matrix @ (world @ bone.matrix_local).inverted()
        points.append([turn @ end for end in ends])
    return np.array(points)


def _slides(soles: Array, first: int, last: int) -> Array:
    """Metres a frame along the floor of the point that moves least; the frames are those of the clip."""
    steps = np.linalg.norm(np.diff(soles[first : last + 1, :, :2], axis=0), axis=-1)
    return steps.min(axis=1)


@pytest.mark.parametrize("inside", [Matrix(), _FBX], ids=["plain", "fbx"])
@pytest.mark.parametrize("family", ["Mixamo", "MakeHuman and MPFB default", "Unreal Engine 5"])
def test_feet_stand_still_and_do_not_sink(
    make_rig: Make, shuffle: Callable[..., Motion], family: str, inside: Matrix
) -> None:
    rig = make_rig(family=family, arms=40, roll=2, inside=inside)
    found = recognise_armature(rig)
    assert found is not None
    feet = {side: found.bone_map.bones[f"{side}_foot"][0] for side in _CONTACTS}
    _put(rig, shuffle(), feet="OFF")
    for side, (first, last) in _CONTACTS.items():
        soles = _soles(rig, feet[side])
        assert np.median(_slides(soles, first, last)) > 0.015
        assert soles[..., 2].min() < -0.03
    _put(rig, shuffle(), feet="AUTOMATIC")
    for side, (first, last) in _CONTACTS.items():
        soles = _soles(rig, feet[side])
        assert np.median(_slides(soles, first, last)) < 0.0005
        assert _slides(soles, first, last).max() < 0.003
        assert soles[..., 2].min() > -0.001
        steps = np.linalg.norm(np.diff(soles, axis=0), axis=-1)
        assert steps.max() < 0.15  # it catches up in the swing, and does not jump


def test_contacts_are_shown_as_markers(make_rig: Make, shuffle: Callable[..., Motion]) -> None:
    rig = make_rig()
    _put(rig, shuffle(), feet="AUTOMATIC", start=101)
    action = rig.animation_data.action
    assert {(marker.name, marker.frame) for marker in action.pose_markers} == {
        ("Left foot down", 111),
        ("Left foot up", 131),
        ("Right foot down", 129),
        ("Right foot up", 151),
    }
    assert [contact.side for contact in marked_contacts(action, 101, 160)] == ["left", "right"]
    assert not rig.keys()
    assert not any(bone.constraints for bone in rig.pose.bones)


@pytest.mark.parametrize("root", ["HIPS", "BONE", "OBJECT"])
def test_whatever_moves_along_the_floor(make_rig: Make, shuffle: Callable[..., Motion], root: str) -> None:
    rig = make_rig(family="Unreal Engine 5")
    stood = rig.matrix_world.copy()
    _put(rig, shuffle(), feet="AUTOMATIC", root=root)
    assert _slides(_soles(rig, "foot_l", stood), *_CONTACTS["left"]).max() < 0.003


def test_always_and_floor_only(make_rig: Make, shuffle: Callable[..., Motion]) -> None:
    rig = make_rig()
    _put(rig, shuffle(), feet="FLOOR")
    soles = _soles(rig, "LeftFoot")
    assert soles[..., 2].min() > -0.001
    assert np.median(_slides(soles, *_CONTACTS["left"])) > 0.015
    assert len(rig.animation_data.action.pose_markers) == 0
    motion = shuffle()
    motion.root_translation[:, 1] *= 0.1
    _put(rig, motion, feet="ALWAYS")
    for foot in ("LeftFoot", "RightFoot"):
        assert _slides(_soles(rig, foot), 0, _FRAMES - 1).max() < 0.0005


def test_hips_go_down_smoothly_where_legs_are_too_short(
    make_rig: Make, shuffle: Callable[..., Motion]
) -> None:
    rig = make_rig()
    motion = shuffle()
    motion.root_translation[:, 2] += 0.25  # the person floats
    _put(rig, motion, feet="AUTOMATIC")
    for side, (first, last) in _CONTACTS.items():
        assert np.median(_slides(_soles(rig, f"{side.title()}Foot"), first, last)) < 0.001
    heights = []
    for frame in range(1, _FRAMES + 1):
        bpy.context.scene.frame_set(frame)
        heights.append(rig.pose.bones["Hips"].head.z)
    assert abs(np.diff(heights)).max() < 0.02
    assert abs(np.diff(heights, 2)).max() < 0.008


def test_legs_keep_their_lengths_and_knees_their_side(make_rig: Make, shuffle: Callable[..., Motion]) -> None:
    rig = make_rig()
    _put(rig, shuffle(), feet="AUTOMATIC")
    for frame in range(1, _FRAMES + 1, 3):
        bpy.context.scene.frame_set(frame)
        bones = rig.pose.bones
        for side in ("Left", "Right"):
            hip, knee, ankle = (bones[f"{side}{name}"].head for name in ("UpLeg", "Leg", "Foot"))
            rest = rig.data.bones
            lengths = [(rest[f"{side}Leg"].head_local - rest[f"{side}UpLeg"].head_local).length]
            lengths += [(rest[f"{side}Foot"].head_local - rest[f"{side}Leg"].head_local).length]
            assert [(knee - hip).length, (ankle - knee).length] == pytest.approx(lengths, rel=1e-4)
            middle = hip + (ankle - hip) * lengths[0] / sum(lengths)
            assert (knee - middle).y < 0.002


def test_rig_without_feet_or_legs(make_rig: Make, shuffle: Callable[..., Motion]) -> None:
    rig = make_rig(without=("left_foot", "right_foot"))
    _put(rig, shuffle(), feet="AUTOMATIC")
    first, last = _CONTACTS["left"]
    ankles = []
    for frame in range(first + 1, last + 2):
        bpy.context.scene.frame_set(frame)
        ankles.append(np.array(rig.pose.bones["LeftLeg"].tail))
    assert np.ptp(ankles, axis=0).max() < 0.003
    legs = tuple(f"{side}_{part}" for side in _CONTACTS for part in ("thigh", "shin", "foot"))
    _put(make_rig(without=legs), shuffle(), feet="AUTOMATIC")


def test_gaps_and_single_frames(make_rig: Make, shuffle: Callable[..., Motion]) -> None:
    rig = make_rig()
    _put(rig, shuffle(absent=tuple(range(20, 40))), feet="AUTOMATIC")
    assert _slides(_soles(rig, "LeftFoot"), 10, 19).max() < 0.003
    _put(rig, shuffle(absent=tuple(range(1, 60))), feet="ALWAYS")
    assert _soles(rig, "LeftFoot")[..., 2].min() > -0.001


def test_armature_of_lift_pose_itself(shuffle: Callable[..., Motion], scene: bpy.types.Scene) -> None:
    from blender_addon.building.build import Placement, build

    motion = shuffle()
    rig = build(motion, None, Placement(scene)).armature
    _put(rig, motion, feet="AUTOMATIC")
    first, last = _CONTACTS["right"]
    soles = _soles(rig, "right_foot")
    assert _slides(soles, first, last).max() < 0.003
    assert soles[..., 2].min() > -0.001
