"""Fewer keys, judged by where Blender's own evaluation puts every joint at every frame of the motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mathutils import Matrix
from numpy.typing import NDArray

from blender_addon.animation.destination import NEW_ACTION, deliver
from blender_addon.animation.fcurves import Curves, Keys
from blender_addon.animation.reduction import reduce_keys
from blender_addon.errors import InvalidInput
from blender_addon.motion_file import read_motion
from blender_addon.retargeting.retarget import Target, retarget
from blender_addon.rigs.armature import recognise_armature

Make = Callable[..., bpy.types.Object]
Write = Callable[..., Path]
_FBX = Matrix.Rotation(-np.pi / 2, 4, "X") @ Matrix.Scale(100, 4)
_CLIP: dict[str, Any] = {"frames": 90, "absent": (40, 41, 42)}


def _joints(rig: bpy.types.Object, frames: Sequence[float]) -> NDArray[np.float64]:
    """(T, joints, 3) heads and tails of all bones, in the world."""
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame // 1), subframe=frame % 1)
        seen = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        ends = [end for bone in seen.pose.bones for end in (bone.head, bone.tail)]
        found.append([seen.matrix_world @ end for end in ends])
    return np.array(found)


def _curves(rig: bpy.types.Object) -> list[Any]:
    data: Any = rig.animation_data
    if not hasattr(data.action, "slots"):
        return list(data.action.fcurves)
    return list(data.action.layers[0].strips[0].channelbag(data.action_slot).fcurves)


def _count(rig: bpy.types.Object) -> int:
    return sum(len(curve.keyframe_points) for curve in _curves(rig))


def _target(rig: bpy.types.Object, **options: Any) -> Target:
    found = recognise_armature(rig)
    assert found is not None
    bpy.context.scene.render.fps = 30
    return Target(bpy.context.scene, rig, found.bone_map, match="NEVER", **options)


@pytest.mark.parametrize("mode", ["QUATERNION", "ZXY", "AXIS_ANGLE"])
@pytest.mark.parametrize("bound", [0.005, 0.02])
def test_every_joint_stays_within_the_bound(
    make_rig: Make, motion_file: Write, mode: str, bound: float
) -> None:
    rig = make_rig(family="Unreal Engine 5", arms=45, roll=3, fingers=True)
    for bone in rig.pose.bones:
        bone.rotation_mode = mode
    motion, target = read_motion(motion_file(**_CLIP)), _target(rig)
    frames = 1 + np.flatnonzero(motion.present)
    retarget(motion, target)
    dense, keys = _joints(rig, frames), _count(rig)
    said = retarget(motion, replace(target, bound=bound)).summary
    apart = np.linalg.norm(_joints(rig, frames) - dense, axis=-1).max()
    assert 0.5 * bound < apart < bound
    assert f"{apart:.2g}"[:4] in said
    assert _count(rig) < keys / 2.5
    assert {bone.rotation_mode for bone in rig.pose.bones} == {mode}


@pytest.mark.parametrize("root", ["BONE", "OBJECT"])
@pytest.mark.parametrize("inside", [Matrix(), _FBX], ids=["plain", "fbx"])
def test_the_bound_is_in_scene_units_whatever_moves(
    make_rig: Make, motion_file: Write, root: str, inside: Matrix
) -> None:
    rig = make_rig(family="Unreal Engine 4", inside=inside, placed=Matrix.Rotation(0.5, 4, "Z"))
    motion, target = read_motion(motion_file(frames=60, scale=2.0)), _target(rig, root=root)
    frames, location = range(1, 61), tuple(rig.location)
    retarget(motion, target)
    dense = _joints(rig, frames)
    rig.animation_data_clear()
    rig.location = location
    rig.pose.bones["root"].location = (0, 0, 0)
    retarget(motion, replace(target, bound=0.01))
    apart = np.linalg.norm(_joints(rig, frames) - dense, axis=-1).max()
    assert 0.005 < apart < 0.01


def test_keys_are_shared_smooth_and_keep_gaps(make_rig: Make, motion_file: Write) -> None:
    rig = make_rig()
    motion = read_motion(motion_file(**_CLIP))
    retarget(motion, _target(rig, bound=0.005))
    by_path: dict[str, list[Any]] = {}
    for curve in _curves(rig):
        by_path.setdefault(curve.data_path, []).append(curve)
    for curves in by_path.values():
        times = [[key.co[0] for key in curve.keyframe_points] for curve in curves]
        assert all(other == times[0] for other in times)
        assert {1, 40, 44, 90} <= set(times[0])  # both ends, and both sides of the gap
        for curve in curves:
            for key in curve.keyframe_points:
                assert key.interpolation == ("CONSTANT" if key.co[0] == 40 else "BEZIER")
                assert key.handle_left_type == key.handle_right_type == "ALIGNED"
    assert sum("rotation_quaternion" in path and len(curves) == 4 for path, curves in by_path.items()) > 10
    assert by_path[rig.pose.bones["Hips"].path_from_id("location")][0].evaluate(42.5) == pytest.approx(
        by_path[rig.pose.bones["Hips"].path_from_id("location")][0].evaluate(40)
    )


def test_what_does_not_move_has_two_keys(make_rig: Make) -> None:
    rig = make_rig()
    keys = Keys(np.arange(1, 101, dtype=np.float64), np.zeros(100, bool))
    curves: list[Curves] = []
    keys.insert(
        curves, 'pose.bones["LeftArm"].rotation_quaternion', np.tile([0.6, 0.8, 0, 0], (100, 1)), "Arm"
    )
    reduced = reduce_keys(rig, curves, 0.001).curves[0]
    assert reduced.keys.frames.tolist() == [1, 100]
    assert reduced.slopes is not None
    assert not reduced.slopes.any()


@pytest.mark.parametrize("bound", [-1.0, float("nan"), float("inf")])
def test_a_bound_that_is_none_is_refused(make_rig: Make, motion_file: Write, bound: float) -> None:
    rig = make_rig()
    with pytest.raises(InvalidInput, match="is no distance"):
        retarget(read_motion(motion_file()), _target(rig, bound=bound))
    assert rig.animation_data is None
    assert not bpy.data.actions


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 50),
    st.floats(0, 0.5),
    st.floats(1e-4, 0.3),
    st.sampled_from(["QUATERNION", "YZX", "AXIS_ANGLE"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_curves_are_followed_within_the_bound(
    make_rig: Make, seed: int, count: int, noise: float, bound: float, mode: str
) -> None:
    """Smooth or wild, at uneven frames, with gaps, on a chain of turning bones that also moves."""
    rig = bpy.data.objects.get("Rig") or make_rig()
    random = np.random.default_rng(seed)
    keys = Keys(np.cumsum(random.uniform(0.2, 2, count)), random.random(count) < 0.1)
    path = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(
        mode, "rotation_euler"
    )
    curves: list[Curves] = []
    for name in ("Hips", "Spine", "LeftArm", "LeftForeArm"):
        bone = rig.pose.bones[name]
        bone.rotation_mode = mode
        size = len(getattr(bone, path))
        wave = np.sin(0.1 * keys.frames[:, None] * random.uniform(0, 2, size) + random.uniform(0, 6, size))
        wild = noise * random.normal(size=(count, size))
        keys.insert(curves, bone.path_from_id(path), 2 + wave + wild, name)
    keys.insert(
        curves, rig.pose.bones["Hips"].path_from_id("location"), 0.3 * wave[:, :3] + wild[:, :3], "Hips"
    )
    reduction = reduce_keys(rig, curves, bound)
    places = []
    for each in (curves, reduction.curves):
        deliver(rig, each, "Any", NEW_ACTION)
        places.append(_joints(rig, keys.frames))
    apart = np.linalg.norm(places[1] - places[0], axis=-1).max()
    assert apart < bound
    assert apart == pytest.approx(reduction.error, abs=0.02 * bound + 1e-4)
    assert reduction.keys <= reduction.before
