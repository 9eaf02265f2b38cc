"""`lift-pose retarget` as its users run it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lifting_core.cli import main
from lifting_core.motion.motion import Motion
from lifting_core.pipeline import lift
from lifting_core.settings import LiftSettings

bpy = pytest.importorskip("bpy", reason="needs the bpy module")
_CLIP = Path(__file__).parents[1] / "data" / "walk_and_wave.mp4"
_MIXAMO = {  # name: parent, head, tail
    "Hips": (None, (0, 0, 0.95), (0, 0, 1.05)),
    "Spine": ("Hips", (0, 0, 1.05), (0, 0, 1.15)),
    "Spine1": ("Spine", (0, 0, 1.15), (0, 0, 1.25)),
    "Spine2": ("Spine1", (0, 0, 1.25), (0, 0, 1.4)),
    "Neck": ("Spine2", (0, 0, 1.45), (0, 0, 1.5)),
    "Head": ("Neck", (0, 0, 1.5), (0, 0, 1.7)),
}
_LIMBS = {
    "Shoulder": ("Spine2", (0.05, 0, 1.4), (0.18, 0, 1.4)),
    "Arm": ("{}Shoulder", (0.18, 0, 1.4), (0.36, 0, 1.22)),
    "ForeArm": ("{}Arm", (0.36, 0, 1.22), (0.54, -0.02, 1.04)),
    "Hand": ("{}ForeArm", (0.54, -0.02, 1.04), (0.6, -0.02, 0.98)),
    "UpLeg": ("Hips", (0.1, 0, 0.9), (0.1, -0.02, 0.5)),
    "Leg": ("{}UpLeg", (0.1, -0.02, 0.5), (0.1, 0.02, 0.09)),
    "Foot": ("{}Leg", (0.1, 0.02, 0.09), (0.1, -0.1, 0.02)),
}


@pytest.fixture(scope="module")
def motion_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("motion") / "walk.npz"
    lift(_CLIP, LiftSettings(end=3)).save(path)
    return path


@pytest.fixture
def rig_file(tmp_path: Path) -> Path:
    """A Mixamo rig, its arms down by 45 degrees, in a file beside others."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rig = bpy.data.objects.new("Hero", bpy.data.armatures.new("Hero"))
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bones = dict(_MIXAMO)
    for side, sign in (("Left", 1), ("Right", -1)):
        for name, (parent, *ends) in _LIMBS.items():
            head, tail = [(sign * x, y, z) for x, y, z in ends]
            bones[side + name] = (parent.format(side), head, tail)
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (parent, head, tail) in bones.items():
        bone = rig.data.edit_bones.new(f"mixamorig:{name}")
        bone.head, bone.tail = head, tail
        bone.parent = rig.data.edit_bones[f"mixamorig:{parent}"] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    path = tmp_path / "rig.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def test_the_rig_gets_the_motion(motion_file: Path, rig_file: Path, tmp_path: Path) -> None:
    before = rig_file.read_bytes()
    output = tmp_path / "out.blend"
    assert main(["retarget", str(motion_file), str(rig_file), "-o", str(output)]) == 0
    assert rig_file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.blend", "rig.blend"]
    bpy.ops.wm.open_mainfile(filepath=str(output))
    rig = bpy.data.objects["Hero"]
    motion = Motion.load(motion_file)
    joints = motion.joints_world[2]
    bpy.context.scene.frame_set(3)
    posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    for start, end, upper, lower in (
        ("left_shoulder", "left_elbow", "LeftArm", "LeftForeArm"),
        ("right_elbow", "right_wrist", "RightForeArm", "RightHand"),
        ("left_knee", "left_ankle", "LeftLeg", "LeftFoot"),
    ):
        names = list(motion.joint_names)
        wanted = joints[names.index(end)] - joints[names.index(start)]
        seen = np.array(posed[f"mixamorig:{lower}"].head - posed[f"mixamorig:{upper}"].head)
        turn, _ = Rotation.align_vectors(wanted[None], seen[None])
        assert np.degrees(turn.magnitude()) < 0.1


def test_keys_are_few_and_go_where_they_are_wanted(motion_file: Path, rig_file: Path, tmp_path: Path) -> None:
    once, twice = tmp_path / "once.blend", tmp_path / "twice.blend"
    few = ["--joint-error", "0.05", "--destination"]
    assert main(["retarget", str(motion_file), str(rig_file), "-o", str(once), *few, "strip"]) == 0
    onward = [*few, "append", "--keep-going"]
    assert main(["retarget", str(motion_file), str(once), "-o", str(twice), *onward]) == 0
    bpy.ops.wm.open_mainfile(filepath=str(twice))
    data = bpy.data.objects["Hero"].animation_data
    (strip,) = data.nla_tracks[0].strips
    assert strip.action != data.action
    assert data.action.frame_range[0] == bpy.context.scene.frame_current


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["missing.npz", "{rig}", "-o", "out.blend"], "missing.npz does not exist."),
        (["{rig}", "{rig}", "-o", "out.blend"], "rig.blend is not a Motion file."),
        (["{motion}", "{motion}", "-o", "out.blend"], "walk.npz is no Blender file"),
        (["{motion}", "{rig}", "-o", "out.obj"], "out.obj cannot be written: its kind is unknown."),
        (["{motion}", "{rig}", "-o", "{rig}"], "would be written over the rig."),
        (["{motion}", "{rig}", "-o", "no/out.blend"], "The folder no does not exist."),
        (["{motion}", "{rig}", "-o", "out.blend", "--object", "Villain"], "no armature called Villain."),
        (["{motion}", "{rig}", "-o", "out.blend", "--map", "{motion}"], "walk.npz is not a sound bone map"),
        (["{motion}", "{rig}", "-o", "out.blend", "--root", "bone"], "names no root bone."),
        (["{motion}", "{rig}", "-o", "out.blend", "--ik", "--in-place"], "names no IK controls of this rig."),
        (["{motion}", "{rig}", "-o", "out.blend", "--joint-error", "nan"], "nan is no distance."),
        (["{motion}", "{rig}", "-o", "out.blend", "--keep-going"], "Only an appended motion can keep going."),
        (["{motion}", "{rig}", "-o", "out.blend", "--blender", "/no/blender"], "/no/blender cannot be run."),
    ],
)
def test_bad_input_gets_one_sentence_and_leaves_nothing(
    motion_file: Path,
    rig_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    options: list[str],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    filled: Callable[[str], str] = lambda text: text.format(motion=motion_file, rig=rig_file)  # noqa: E731
    assert main(["retarget", *map(filled, options)]) == 2
    (line,) = [line for line in capfd.readouterr().err.splitlines() if line.startswith("lift-pose: error: ")]
    assert complaint in line
    assert [path.name for path in tmp_path.iterdir()] == ["rig.blend"]


def test_one_frame_is_a_pose_and_an_asset(motion_file: Path, rig_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.blend"
    arguments = ["retarget", str(motion_file), str(rig_file), "-o", str(output), "--pose-asset"]
    assert main(arguments) == 2
    assert main([*arguments, "--frame", "2"]) == 0
    bpy.ops.wm.open_mainfile(filepath=str(output))
    action = bpy.data.objects["Hero"].animation_data.action
    assert tuple(action.frame_range) == (1, 1)
    (asset,) = [other for other in bpy.data.actions if other != action]
    assert asset.asset_data is not None
    assert tuple(asset.preview.image_size) == (256, 256)
