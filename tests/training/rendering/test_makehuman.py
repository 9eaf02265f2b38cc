from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.rendering.makehuman import BaseMesh, read_rig, read_weights


def test_the_mesh_is_upright_in_metres(figure_data: Path) -> None:
    mesh = BaseMesh.load(figure_data, {})
    np.testing.assert_allclose(mesh.centre("joint-mouth"), [0, -0.11, 1.55 + 1e-4], atol=1e-9)
    assert mesh.vertices[mesh.groups["body"].ravel(), 2].min() == pytest.approx(0)


def test_targets_add_up_by_weight(figure_data: Path) -> None:
    plain = BaseMesh.load(figure_data, {})
    shaped = BaseMesh.load(figure_data, {"shape/tall": 0.5, "shape/same": 1.0})
    moved = shaped.vertices - plain.vertices
    np.testing.assert_allclose(moved[0], [0, 0, 0.1], atol=1e-12)
    np.testing.assert_allclose(moved[3], [0.025, 0.05, 0], atol=1e-12)
    assert not moved[[1, 2, *range(4, len(moved))]].any()


def test_bones_come_after_their_parents(figure_data: Path, figure_joints: dict[str, np.ndarray]) -> None:
    bones = read_rig(figure_data, "mixamo", BaseMesh.load(figure_data, {}))
    seen = {""}
    for bone in bones:
        assert bone.parent in seen
        seen.add(bone.name)
    assert len(bones) == len(figure_joints) == 52
    arm = next(bone for bone in bones if bone.name == "mixamorig:RightArm")
    np.testing.assert_allclose(arm.head, figure_joints["RightArm"] + [0, 0, 1e-4], atol=1e-9)
    np.testing.assert_allclose(arm.tail, figure_joints["RightForeArm"] + [0, 0, 1e-4], atol=1e-9)


def test_weights_are_pairs_of_vertex_and_weight(figure_data: Path) -> None:
    assert read_weights(figure_data, "mixamo") == {"mixamorig:Head": [(0, 1.0)]}
