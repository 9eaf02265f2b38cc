"""The motion as Blender evaluates it, against joints and pixels that were computed without Blender."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector
from numpy.typing import NDArray

from blender_addon.building import build as build_module
from blender_addon.building.build import Placement, Result, build
from blender_addon.errors import InvalidInput
from blender_addon.motion_file import read_motion
from lifting_core.skeleton import BONE_NAMES, BONES, JOINTS

Arrays = dict[str, Any]
Make = Callable[..., tuple[Arrays, Result]]


@pytest.fixture
def make(scene: bpy.types.Scene, arrays: Callable[..., Arrays], motion_file: Callable[..., Path]) -> Make:
    """Builds a synthetic clip into the scene; `placement` holds what the placement has beside the scene."""

    def run(placement: dict[str, Any] | None = None, **clip: Any) -> tuple[Arrays, Result]:
        motion = read_motion(motion_file(**clip))
        return arrays(**clip), build(motion, None, Placement(scene, **(placement or {})))

    return run


def _joints(armature: bpy.types.Object, arrays: Arrays, frame: float) -> NDArray[np.float64]:
    """(J, 3) world positions of the evaluated armature's joints at a scene frame."""
    bpy.context.scene.frame_set(int(frame // 1), subframe=frame % 1)
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    joints = np.full((len(arrays["joint_names"]), 3), np.nan)
    size = armature.data.bones["pelvis"].head_local.z / arrays["rest_joints"][0, 2]
    for name, head, tail in zip(
        arrays["bone_names"], arrays["bone_heads"], arrays["bone_tails"], strict=True
    ):
        bone = evaluated.pose.bones[str(name)]
        joints[head] = evaluated.matrix_world @ bone.head
        joints[tail] = evaluated.matrix_world @ bone.tail
        turned = evaluated.matrix_world @ bone.matrix @ bone.bone.matrix_local.inverted()
        for joint in _carried(str(name)):
            joints[joint] = turned @ Vector(size * arrays["rest_joints"][joint])
    return joints


def _carried(bone: str) -> list[int]:
    """The joints that hang on a bone beside its ends, and so tell how it is turned."""
    return [JOINTS.index(joint) for joint in BONES[BONE_NAMES.index(bone)].carried]


def _curves(armature: bpy.types.Object) -> Any:
    action: Any = armature.animation_data.action
    if not hasattr(action, "slots"):
        return action.fcurves
    return action.layers[0].strips[0].channelbag(armature.animation_data.action_slot).fcurves


def _degrees(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    sine = np.linalg.norm(np.cross(a, b), axis=-1)
    degrees: NDArray[np.float64] = np.degrees(np.arctan2(sine, (a * b).sum(-1)))
    return degrees


def test_evaluated_armature_is_the_motion(make: Make) -> None:
    arrays, result = make()
    for index, joints in enumerate(arrays["joints_world"]):
        made = _joints(result.armature, arrays, 1 + index)
        assert np.abs(made - joints).max() < 1e-4
        directions = [j[arrays["bone_tails"]] - j[arrays["bone_heads"]] for j in (made, joints)]
        assert _degrees(*directions).max() < 0.01


@pytest.mark.parametrize("twist", [0.0, 0.4, 1.9, -2.5])
def test_rest_matrices_are_the_rest_rotations(make: Make, twist: float) -> None:
    arrays, result = make(twist=twist)
    for name, quaternion in zip(arrays["bone_names"], arrays["rest_rotations"], strict=True):
        bone = result.armature.data.bones[str(name)]
        w, x, y, z = (float(c) for c in quaternion)
        y_axis = np.array([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)])
        x_axis = np.array([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)])
        wanted = np.column_stack([x_axis, y_axis, np.cross(x_axis, y_axis)])
        assert np.abs(np.array(bone.matrix_local.to_3x3()) - wanted).max() < 1e-5


def test_bones_are_the_persons(make: Make) -> None:
    arrays, result = make(scale=1.1)
    bones = result.armature.data.bones
    along = arrays["rest_joints"][arrays["bone_tails"]] - arrays["rest_joints"][arrays["bone_heads"]]
    lengths = [bones[str(name)].length for name in arrays["bone_names"]]
    np.testing.assert_allclose(lengths, np.linalg.norm(along, axis=1), atol=1e-5)
    assert bones["left_thigh"].parent == bones["pelvis"]
    assert not bones["left_thigh"].use_connect
    assert bones["left_shin"].use_connect
    assert {bone.rotation_mode for bone in result.armature.pose.bones} == {"QUATERNION"}
    assert {bone.name for bone in result.armature.data.collections["Left"].bones} == {
        "left_clavicle",
        "left_upper_arm",
        "left_forearm",
        "left_hand",
        "left_thigh",
        "left_shin",
        "left_foot",
    }


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (500, 500)])
@pytest.mark.parametrize("match", ["ALWAYS", "NEVER"])
def test_camera_sees_joints_where_the_clip_has_them(
    scene: bpy.types.Scene, make: Make, size: tuple[int, int], match: str
) -> None:
    """NEVER leaves the scene at 1920 x 1080, with the clip fitted inside and centred."""
    arrays, result = make({"match": match}, size=size)
    made = _joints(result.armature, arrays, 1)
    frame = np.array([scene.render.resolution_x, scene.render.resolution_y])
    assert tuple(frame) == (size if match == "ALWAYS" else (1920, 1080))
    seen = np.array([world_to_camera_view(scene, result.camera, Vector(joint))[:2] for joint in made])
    in_frame = np.column_stack([seen[:, 0], 1 - seen[:, 1]]) * frame
    scale = min(frame / size)
    pixels = (in_frame - frame / 2) / scale + np.array(size) / 2
    assert np.abs(pixels - arrays["keypoints_2d"][0]).max() < 0.1
    assert result.camera.data.clip_end > 5


def test_untouched_scene_takes_the_clips_settings(scene: bpy.types.Scene, make: Make) -> None:
    _, result = make(fps=29.97, size=(720, 1280), frames=20)
    render = scene.render
    assert render.fps / render.fps_base == pytest.approx(29.97)
    assert (render.fps, render.resolution_x, render.resolution_y) == (30, 720, 1280)
    assert (scene.frame_start, scene.frame_end) == (1, 20)
    assert scene.camera == result.camera
    assert "29.97 frames/s" in result.summary


def test_users_settings_are_left_alone(scene: bpy.types.Scene, make: Make) -> None:
    scene.frame_end, scene.camera = 10, bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
    _, result = make(fps=50.0, frames=30)
    assert (scene.render.fps, scene.render.resolution_x, scene.frame_end) == (24, 1920, 10)
    assert scene.camera.name == "Mine"
    assert "the scene at frame 10" in result.summary


@pytest.mark.parametrize("animated", ["light", "shape key"])
def test_what_is_animated_in_data_keeps_its_rate(scene: bpy.types.Scene, make: Make, animated: str) -> None:
    if animated == "light":
        data: Any = bpy.data.lights.new("Lamp", "POINT")
        data.keyframe_insert("energy", frame=1)
    else:
        data = bpy.data.meshes.new("Face")
    face = bpy.data.objects.new("Mine", data)
    scene.collection.objects.link(face)
    if animated == "shape key":
        face.shape_key_add(name="Basis")
        face.shape_key_add(name="Smile").keyframe_insert("value", frame=1)
    make(fps=50.0)
    assert scene.render.fps == 24


def test_photo_leaves_rate_and_range_alone(scene: bpy.types.Scene, make: Make) -> None:
    _, result = make(frames=1, source="photo.jpg")
    assert (scene.render.fps, scene.frame_end, scene.render.resolution_y) == (24, 250, 720)
    assert len(_curves(result.armature)[0].keyframe_points) == 1


def test_times_are_kept_where_rates_differ(make: Make) -> None:
    """50 frames/s in a scene of 24: keys lie between whole frames, where the motion is right."""
    arrays, result = make({"match": "NEVER", "start": 11}, fps=50.0, first=7)
    points = _curves(result.armature)[0].keyframe_points
    frames = [point.co.x for point in points]
    np.testing.assert_allclose(frames, 11 + (7 + np.arange(12)) / 50 * 24, atol=1e-4)
    for index in (0, 5, 11):
        made = _joints(result.armature, arrays, 11 + arrays["time"][index] * 24)
        assert np.abs(made - arrays["joints_world"][index]).max() < 1e-3


def test_gaps_have_no_keys_and_hold_the_pose_before(make: Make) -> None:
    arrays, result = make(absent=(0, 4, 5, 6, 11))
    for curve in _curves(result.armature):
        points = curve.keyframe_points
        assert [point.co.x for point in points] == [2, 3, 4, 8, 9, 10, 11]
        assert [point.interpolation for point in points] == [
            *("LINEAR", "LINEAR", "CONSTANT"),
            *("LINEAR", "LINEAR", "LINEAR", "LINEAR"),
        ]
    for frame in (4, 5.5, 7.9):
        made = _joints(result.armature, arrays, frame)
        assert np.abs(made - arrays["joints_world"][3]).max() < 1e-4


def test_action_is_one_of_its_own(make: Make) -> None:
    arrays, result = make()
    data = result.armature.animation_data
    assert data.action.name == "walk"
    curves = _curves(result.armature)
    assert len(curves) == 4 * len(arrays["bone_names"]) + 3
    assert {curve.group.name for curve in curves} == set(arrays["bone_names"])
    if hasattr(data, "action_slot"):
        assert [slot.handle for slot in data.action.slots] == [data.action_slot.handle]
        assert data.action_slot.target_id_type == "OBJECT"


def test_second_run_overwrites_nothing(scene: bpy.types.Scene, make: Make) -> None:
    _, first = make()
    action = first.armature.animation_data.action
    _, second = make()
    assert first.armature.animation_data.action == action != second.armature.animation_data.action
    assert [collection.name for collection in scene.collection.children] == ["walk", "walk.001"]
    assert [child.name for child in scene.collection.children[1].objects] == ["walk.001", "walk Camera.001"]
    assert len({first.armature, second.armature, first.camera, second.camera}) == 4


def test_own_armature_gets_a_new_action_and_keeps_the_old(make: Make) -> None:
    _, first = make()
    old = first.armature.animation_data.action
    _, second = make({"armature": first.armature}, source="run.mp4")
    assert second.armature == first.armature
    assert first.armature.animation_data.action.name == "run"
    assert old.name in bpy.data.actions
    assert old.use_fake_user


def test_own_armature_keeps_its_proportions(make: Make) -> None:
    """Another person's bones point the same way on it, its feet stay on the same floor."""
    _, first = make(twist=1.0)
    arrays, _ = make({"armature": first.armature}, scale=1.25)
    for index in (0, 6):
        made, wanted = _joints(first.armature, arrays, 1 + index), arrays["joints_world"][index]
        directions = [j[arrays["bone_tails"]] - j[arrays["bone_heads"]] for j in (made, wanted)]
        assert _degrees(*directions).max() < 0.01
        np.testing.assert_allclose(made, wanted / 1.25, atol=1e-4)


def test_camera_follows_an_armature_that_was_moved(scene: bpy.types.Scene, make: Make) -> None:
    _, first = make()
    first.armature.location, first.armature.rotation_euler = (3, 1, 0.5), (0, 0, 1)
    bpy.context.view_layer.update()
    arrays, second = make({"armature": first.armature}, scale=1.25)
    bpy.context.view_layer.update()
    seen = [
        world_to_camera_view(scene, second.camera, Vector(joint))[:2]
        for joint in _joints(first.armature, arrays, 1)
    ]
    pixels = np.array([(1280 * x, 720 * (1 - y)) for x, y in seen])
    assert np.abs(pixels - arrays["keypoints_2d"][0]).max() < 0.1


def test_armature_that_lacks_a_bone_is_named(make: Make) -> None:
    _, first = make()
    first.armature.data.bones["left_shin"].name = "mine"
    with pytest.raises(InvalidInput, match="walk lacks the bones left_shin"):
        make({"armature": first.armature})


def test_motion_without_anybody_is_refused(make: Make) -> None:
    with pytest.raises(InvalidInput, match=r"Nobody was found in walk\.mp4"):
        make(absent=tuple(range(12)))


def _snapshot() -> dict[str, Any]:
    lists = ("objects", "armatures", "cameras", "actions", "images", "collections", "scenes")
    state: dict[str, Any] = {name: [block.name for block in getattr(bpy.data, name)] for name in lists}
    scene = bpy.context.scene
    state["scene"] = (scene.frame_end, scene.camera, scene.render.fps, scene.render.resolution_x)
    return state


@pytest.mark.parametrize("step", ["new_camera", "pose_keys", "key_pose"])
def test_failure_changes_nothing(
    scene: bpy.types.Scene,
    make: Make,
    motion_file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    _, first = make()
    action, before = first.armature.animation_data.action, _snapshot()

    def fail(*arguments: Any) -> None:
        raise RuntimeError("no more memory")

    monkeypatch.setattr(build_module, step, fail)
    motion = read_motion(motion_file(source="run.mp4", fps=50.0, size=(300, 200)))
    with pytest.raises(RuntimeError, match="no more memory"):
        build(motion, None, Placement(scene, first.armature, match="ALWAYS"))
    assert _snapshot() == before
    assert first.armature.animation_data.action == action


def test_users_mode_and_selection_stay(scene: bpy.types.Scene, make: Make) -> None:
    """A result may arrive while a mesh is being edited."""
    mesh = bpy.data.meshes.new("Mine")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mine = bpy.data.objects.new("Mine", mesh)
    scene.collection.objects.link(mine)
    bpy.context.view_layer.objects.active = mine
    bpy.ops.object.mode_set(mode="EDIT")
    make()
    assert (mine.mode, bpy.context.view_layer.objects.active) == ("EDIT", mine)
    bpy.ops.object.mode_set(mode="OBJECT")
