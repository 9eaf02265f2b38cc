"""Characters on rigs of several families."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="characters are built with bpy, which this Python does not have")

from training.rendering.characters import build_character, build_rigify_character  # noqa: E402
from training.rendering.dressing import Clothes  # noqa: E402
from training.rendering.makehuman import BaseMesh  # noqa: E402


@pytest.fixture
def weighted_data(figure_data: Path, tmp_path: Path) -> Path:
    """The data, with the head and the tail of every bone hanging on it."""
    data = tmp_path / "data"
    shutil.copytree(figure_data, data)
    mesh = BaseMesh.load(data, {})
    bones = json.loads((data / "rigs/standard/rig.mixamo.json").read_text())["bones"]
    weights = {}
    for name in bones:
        joint = name.removeprefix("mixamorig:")
        ends = [mesh.groups[f"joint-{joint}-{end}"].ravel() for end in ("head", "tail")]
        weights[name] = [(int(vertex), 1.0) for vertex in np.concatenate(ends)]
    (data / "rigs/standard/weights.mixamo.json").write_text(json.dumps({"weights": weights}))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return data


def _weights(body: bpy.types.Object, vertices: np.ndarray) -> dict[str, float]:
    """What the first of the vertices hangs on."""
    groups = body.data.vertices[int(vertices.ravel()[0])].groups
    return {body.vertex_groups[group.group].name: group.weight for group in groups if group.weight > 0}


def test_makehumans_own_rig_carries_the_body(weighted_data: Path) -> None:
    rig = build_character(weighted_data, "mixamo", {}, Clothes())
    assert rig.children[0].modifiers[0].object == rig
    groups = BaseMesh.load(weighted_data, {}).groups
    assert _weights(rig.children[0], groups["joint-LeftLeg-head"]) == {"mixamorig:LeftLeg": 1}


def test_rigify_stands_in_the_body_and_carries_it(
    weighted_data: Path, figure_joints: dict[str, np.ndarray]
) -> None:
    rig = build_rigify_character(weighted_data, {}, Clothes())
    for bone, joint in (("upper_arm.L", "LeftArm"), ("shin.R", "RightLeg"), ("spine.003", "Spine2")):
        head = np.array(rig.data.bones[f"DEF-{bone}"].head_local) - np.array(
            rig.data.bones["DEF-foot.L"].head_local
        )
        assert np.allclose(head, figure_joints[joint] - figure_joints["LeftFoot"], atol=1e-4), bone
    body, groups = rig.children[0], BaseMesh.load(weighted_data, {}).groups
    assert _weights(body, groups["joint-LeftArm-head"]) == {"DEF-upper_arm.L": 1}
    assert _weights(body, groups["joint-LeftArm-tail"]) == {"DEF-upper_arm.L.001": 1}
    assert _weights(body, groups["joint-RightHand-tail"]) == {"DEF-hand.R": 1}
    assert _weights(body, groups["joint-Head-tail"]) == {"DEF-spine.006": 1}


def test_body_follows_rigifys_controls(weighted_data: Path) -> None:
    rig = build_rigify_character(weighted_data, {}, Clothes())
    body = next(child for child in rig.children if child.type == "MESH")
    hand = int(BaseMesh.load(weighted_data, {}).groups["joint-LeftHand-tail"].ravel()[0])
    rig.pose.bones["upper_arm_parent.L"]["IK_FK"] = 1.0
    before = _evaluated(body, hand)
    rig.pose.bones["upper_arm_fk.L"].rotation_quaternion = (0.9, 0.3, 0.3, 0.0)
    rig.update_tag()
    assert np.linalg.norm(_evaluated(body, hand) - before) > 0.1


def _evaluated(body: bpy.types.Object, vertex: int) -> np.ndarray:
    evaluated = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array(evaluated.data.vertices[vertex].co)
